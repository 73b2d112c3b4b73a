//! The program while it runs.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

use crate::support::{Ran, checked};

/// Longer than anything takes on the slowest machine: then it will not come.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program while it runs. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Option<Receiver<String>>,
    err: Option<JoinHandle<Vec<u8>>>,
}

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
            // Until it ends, or nobody wants to know: then its stdout is closed.
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

    /// The next line on stdout.
    pub(crate) fn line(&mut self) -> String {
        match self.lines.as_ref().unwrap().recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("no further line comes"),
            Err(RecvTimeoutError::Disconnected) => panic!("it has ended: {:?}", self.end()),
        }
    }

    /// The object on the next line.
    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Reads no further; its stdout is closed when it writes the next line.
    pub(crate) fn turn_away(&mut self) {
        self.lines = None;
    }

    /// Sends it a signal by name.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        assert!(signal(name, &self.child.id().to_string()));
    }

    /// Sends a signal to it and to all of its group, as a terminal does.
    #[cfg(unix)]
    pub(crate) fn signal_group(&self, name: &str) {
        assert!(signal(name, &format!("-{}", self.child.id())));
    }

    /// Waits until it has ended by itself; the lines that were not read are its output.
    pub(crate) fn end(&mut self) -> Ran {
        let status = self.child.wait().unwrap();
        let unread: Vec<String> = self.lines.take().map_or_else(Vec::new, |lines| {
            lines.iter().map(|line| line + "\n").collect()
        });
        checked(std::process::Output {
            status,
            stdout: unread.concat().into(),
            stderr: self.err.take().unwrap().join().unwrap(),
        })
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it wrote to stderr before it ended.
    pub(crate) fn complaints(&mut self) -> String {
        String::from_utf8(self.err.take().unwrap().join().unwrap()).unwrap()
    }

    /// Ends it as nothing can prevent.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
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
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
