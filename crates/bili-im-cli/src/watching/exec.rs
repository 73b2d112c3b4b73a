//! `--exec`: runs a program of the user's for every message.

use std::{
    ffi::OsString,
    io,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use super::{event_output::EventOutput, program::Program, stop::Stop};
use crate::{failure::Failure, variables, wording::Worded, words::without_line_end};

/// The most bytes of output that are taken as an answer: more than any message has.
const MOST_PRINTED: u64 = 16 << 10;

/// A program without a time limit that runs for longer gets a warning.
const LONG: Duration = Duration::from_secs(60);

/// The program to run.
#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) reads_stdout: bool,
    /// The time limit.
    pub(crate) timeout: Option<Duration>,
    /// Environment variables by which a bili-im in the program finds the same account.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Exec {
    /// Runs the program on an event, and waits until it ends.
    ///
    /// Returns its output, without one line end. `None` when the output is not read or is empty, or
    /// when the program failed.
    pub(crate) fn run(
        &self,
        input: String,
        variables: Vec<(&str, String)>,
        stop: &Stop,
        out: EventOutput<'_>,
    ) -> Result<Option<String>, Failure> {
        let name = self.program.display();
        let cannot_run = |error: io::Error| {
            let error = error.worded();
            Failure::other(format_text!(
                "{name} cannot be run: {error}",
                "无法运行 {name}：{error}"
            ))
            .advise(text!(
                "--exec takes a program, with its path or on PATH, and its arguments behind --",
                "--exec 后面写程序（路径或 PATH 里的名字），它的参数写在 -- 之后"
            ))
        };
        let warn = |what: &str| out.warn(format!("{name} {what}"));
        let child = self.command(variables).spawn().map_err(cannot_run)?;
        let mut program = Program::new(child, input, MOST_PRINTED + 1).map_err(cannot_run)?;
        let ends_with_us = stop.end_with_us(program.group());
        let waited = program.wait_or_tell(self.timeout, LONG, || {
            warn(text!(
                "has run for a minute, and the watch waits for it; --exec-timeout limits that",
                "已运行一分钟，watch 在等它；可以用 --exec-timeout 限时"
            ));
        });
        if !waited.map_err(cannot_run)? {
            drop(program);
            drop(ends_with_us);
            let seconds = self.timeout.unwrap_or_default().as_secs_f64();
            warn(&format_text!(
                "was ended with its children, because it ran for longer than {seconds} s",
                "运行超过 {seconds} 秒，已连同子进程一起结束"
            ));
            return Ok(None);
        }
        // The program has ended: a second signal has nothing to end any more.
        drop(ends_with_us);
        let (status, printed) = program.end().map_err(cannot_run)?;
        answer(status, printed).or_else(|wrong| {
            warn(&wrong);
            Ok(None)
        })
    }

    /// The command with its environment, without the cookie.
    fn command(&self, variables: Vec<(&str, String)>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_remove(variables::COOKIE)
            .envs(self.variables.iter().cloned())
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(if self.reads_stdout {
                Stdio::piped()
            } else {
                // Our stdout is for events only.
                io::stderr().into()
            });
        // In a group of its own, Ctrl-C does not reach the program, and its event is finished.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// What a program printed, without one line end, or what is wrong with it.
fn answer(
    status: ExitStatus,
    printed: Option<io::Result<Vec<u8>>>,
) -> Result<Option<String>, String> {
    // Checked before the status: closing the pipe may have killed the program.
    if matches!(&printed, Some(Ok(bytes)) if bytes.len() as u64 > MOST_PRINTED) {
        return Err(text!("printed too much for an answer", "输出太长，不能作为回复").to_owned());
    }
    if !status.success() {
        return Err(format_text!("failed: {status}", "失败：{status}"));
    }
    let bytes = printed.transpose().map_err(|error| {
        format_text!(
            "printed something that cannot be read: {error}",
            "输出无法读取：{error}"
        )
    })?;
    let text = String::from_utf8(bytes.unwrap_or_default()).map_err(|_| {
        text!(
            "printed an answer that is not UTF-8",
            "输出的回复不是 UTF-8"
        )
    })?;
    let text = without_line_end(&text);
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::cell::Cell;

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    fn shell(script: &str) -> io::Result<Program> {
        let exec = Exec {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            reads_stdout: true,
            timeout: None,
            variables: Vec::new(),
        };
        let child = exec.command(Vec::new()).spawn()?;
        Program::new(child, String::new(), 100)
    }

    #[test]
    fn a_program_without_a_limit_is_told_of_once_and_waited_for() {
        let told = Cell::new(0);
        let tell = || told.set(told.get() + 1);
        let mut quick = shell("echo quick").unwrap();
        assert!(quick.wait_or_tell(None, LONG, tell).unwrap());
        assert_eq!(told.get(), 0);
        let mut slow = shell("sleep 0.3; echo slow").unwrap();
        assert!(slow.wait_or_tell(None, SHORT, tell).unwrap());
        assert_eq!(told.get(), 1);
        let (status, printed) = slow.end().unwrap();
        assert!(status.success());
        assert_eq!(printed.unwrap().unwrap(), b"slow\n");
    }

    #[test]
    fn a_program_with_a_limit_is_not_waited_for_any_longer() {
        let mut slow = shell("sleep 1000").unwrap();
        let tell = || panic!("it is ended instead");
        assert!(!slow.wait_or_tell(Some(SHORT), LONG, tell).unwrap());
    }
}
