//! A running program.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::{self, JoinHandle},
};

use serde_json::Value;

use crate::support::{PATIENCE, Ran, checked, until};

/// A running program. Dropping it kills the program.
pub(crate) struct Running {
    child: Child,
    lines: Option<Receiver<String>>,
    err: Option<JoinHandle<Vec<u8>>>,
}

/// What people read when a watch begins.
pub(crate) const BEGUN: &str = "watching the messages of ";

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (line, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            // Reads until the program ends or the receiver is dropped. Then stdout is closed.
            let _ = out.lines().try_for_each(|next| line.send(next.unwrap()));
        });
        let mut stderr = child.stderr.take().unwrap();
        let err = thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            bytes
        });
        Self {
            child,
            lines: Some(lines),
            err: Some(err),
        }
    }

    /// Waits for the next line on stdout.
    pub(crate) fn line(&mut self) -> String {
        match self.lines.as_ref().unwrap().recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("no further line comes"),
            Err(RecvTimeoutError::Disconnected) => panic!("it has ended: {:?}", self.end()),
        }
    }

    /// Waits for the next line, and parses it as JSON.
    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Stops reading. The program's stdout is closed when it writes the next line.
    pub(crate) fn turn_away(&mut self) {
        self.lines = None;
    }

    /// Sends a signal to the program.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        assert!(signal(name, &self.child.id().to_string()));
    }

    /// Sends a signal to the program's group, as a terminal does.
    #[cfg(unix)]
    pub(crate) fn signal_group(&self, name: &str) {
        assert!(signal(name, &format!("-{}", self.child.id())));
    }

    /// Waits until the program ends. The output is the lines that were not read.
    pub(crate) fn end(&mut self) -> Ran {
        until(|| self.has_ended());
        let status = self.child.wait().unwrap();
        let unread: Vec<String> = self.lines.take().map_or_else(Vec::new, |lines| {
            lines.iter().map(|line| line + "\n").collect()
        });
        checked(std::process::Output {
            status,
            stdout: unread.concat().into(),
            stderr: self.err().into(),
        })
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills the program with SIGKILL. Returns what it printed to stderr.
    pub(crate) fn kill(&mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.err()
    }

    /// What the program printed to stderr, without the line by which a watch begins.
    fn err(&mut self) -> String {
        let text = String::from_utf8(self.err.take().unwrap().join().unwrap()).unwrap();
        let lines = text.split_inclusive('\n');
        lines.filter(|line| !line.starts_with(BEGUN)).collect()
    }
}

#[cfg(unix)]
fn signal(name: &str, target: &str) -> bool {
    let kill = format!("kill -s {name} -- {target}");
    let sent = Command::new("/bin/sh").args(["-c", &kill]).status();
    sent.unwrap().success()
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that the program has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
