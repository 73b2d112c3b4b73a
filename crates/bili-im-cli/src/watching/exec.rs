//! A program of the user's that is run for every message.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    process::{Child, Command, Stdio},
    thread,
};

use crate::{failure::Failure, output::Output, words::without_line_end};

/// More than any answer can have.
const MOST_PRINTED: u64 = 16 << 10;

/// A program, and whether what it prints is an answer.
#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) reads_stdout: bool,
}

impl Exec {
    /// Runs the program on an event, and waits for its end. What it prints is returned when that is
    /// asked for and it went well, less one line end, unless it is nothing.
    pub(crate) fn run(
        &self,
        input: String,
        variables: Vec<(&str, String)>,
        out: Output,
    ) -> Result<Option<String>, Failure> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(if self.reads_stdout {
                Stdio::piped()
            } else {
                // Among our own lines it would make a mess.
                io::stderr().into()
            });
        // Ctrl-C is for us: what is in hand is finished.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let program = self.program.display();
        let cannot_run = |error: io::Error| {
            Failure::other(format!("{program} cannot be run: {error}")).advise(
                "--exec takes a program, with its path or on PATH, and its arguments behind --",
            )
        };
        let mut child = command.spawn().map_err(cannot_run)?;
        feed(&mut child, input);
        let printed = child.stdout.take().map(read).transpose();
        let status = child.wait().map_err(cannot_run)?;
        let complain = |what: &str| {
            out.warn(&format!("{program} {what}"));
            Ok(None)
        };
        if !status.success() {
            return complain(&format!("failed: {status}"));
        }
        match printed {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) if bytes.len() as u64 > MOST_PRINTED => {
                complain("printed too much for an answer")
            }
            Ok(Some(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => {
                    Ok(Some(without_line_end(&text).to_owned()).filter(|text| !text.is_empty()))
                }
                Err(_) => complain("printed an answer that is not UTF-8"),
            },
            Err(error) => complain(&format!("printed something that cannot be read: {error}")),
        }
    }
}

/// Writes to the program's stdin, whether it reads it or not. Nobody waits for that: somebody may have
/// it open and never read.
fn feed(child: &mut Child, input: String) {
    if let Some(mut stdin) = child.stdin.take() {
        let _thread = thread::Builder::new().spawn(move || {
            let _unread = stdin.write_all(input.as_bytes());
        });
    }
}

/// What the program prints, up to a limit. Then its stdout is closed, so that it does not wait for a
/// reader.
fn read(stdout: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stdout.take(MOST_PRINTED + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
