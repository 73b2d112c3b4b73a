//! A running program and its children.

use std::{
    io::{self, Read, Write},
    process::{Child, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take to end by itself. Then it is killed.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(1);

/// The first pause between two checks whether the program has ended.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause; each is twice as long as the last.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A running program. Dropping it ends the program and its children.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    status: Option<ExitStatus>,
    /// Delivers the output once the program and its children have closed stdout. `None` when stdout
    /// is not read, or the output has arrived.
    reader: Option<Receiver<io::Result<Vec<u8>>>>,
    printed: Option<io::Result<Vec<u8>>>,
}

/// The process group of a program: the program and its children.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    #[cfg(unix)]
    id: rustix::process::Pid,
}

impl Program {
    /// Takes a program that was just started, and writes its input.
    ///
    /// If stdout is piped, up to `most` bytes are read. Then the pipe is closed, so that the
    /// program does not wait for a reader.
    pub(super) fn new(child: Child, input: String, most: u64) -> io::Result<Self> {
        let mut program = Self {
            child,
            status: None,
            reader: None,
            printed: None,
        };
        // Not joined: a process can hold the pipe open and never read it.
        if let Some(mut stdin) = program.child.stdin.take() {
            thread::Builder::new().spawn(move || {
                let _unread = stdin.write_all(input.as_bytes());
            })?;
        }
        if let Some(stdout) = program.child.stdout.take() {
            let (sender, reader) = mpsc::channel();
            thread::Builder::new().spawn(move || {
                let mut bytes = Vec::new();
                let read = stdout.take(most).read_to_end(&mut bytes);
                // An error means that the program was dropped.
                let _unread = sender.send(read.map(|_| bytes));
            })?;
            program.reader = Some(reader);
        }
        Ok(program)
    }

    pub(super) fn group(&self) -> Group {
        Group {
            #[cfg(unix)]
            id: rustix::process::Pid::from_child(&self.child),
        }
    }

    /// Waits until the program has ended and stdout is closed. Returns `false` when the time is
    /// over.
    fn wait(&mut self, time: Option<Duration>) -> io::Result<bool> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            if self.status.is_none() {
                self.status = self.child.try_wait()?;
            }
            if self.status.is_some() && self.reader.is_none() {
                return Ok(true);
            }
            if time.is_some_and(|time| start.elapsed() >= time) {
                return Ok(false);
            }
            self.read_for(pause);
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until the program has ended. Returns `false` when it runs over the limit. Without a
    /// limit, calls `tell` once after `long`.
    pub(super) fn wait_or_tell(
        &mut self,
        limit: Option<Duration>,
        long: Duration,
        tell: impl FnOnce(),
    ) -> io::Result<bool> {
        if self.wait(Some(limit.unwrap_or(long)))? {
            return Ok(true);
        }
        if limit.is_some() {
            return Ok(false);
        }
        tell();
        self.wait(None)
    }

    /// The exit status and the output.
    pub(super) fn end(mut self) -> io::Result<(ExitStatus, Option<io::Result<Vec<u8>>>)> {
        let status = match self.status {
            Some(status) => status,
            None => self.child.wait()?,
        };
        self.status = Some(status);
        Ok((status, self.printed.take()))
    }

    /// Waits for the output, but no longer than `time`.
    fn read_for(&mut self, time: Duration) {
        let Some(reader) = &self.reader else {
            thread::sleep(time);
            return;
        };
        match reader.recv_timeout(time) {
            Ok(printed) => {
                self.printed = Some(printed);
                self.reader = None;
            }
            Err(RecvTimeoutError::Disconnected) => self.reader = None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.status.is_some() && self.reader.is_none() {
            return;
        }
        self.group().end(|| {
            let _ended = self.child.try_wait();
        });
        // Platforms without process groups end the program alone.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Group {
    /// Sends SIGTERM to the group, and SIGKILL after a moment. Calls `reap` meanwhile: a process
    /// that has ended stays in the group until its parent has waited for it.
    #[cfg(unix)]
    pub(super) fn end(self, mut reap: impl FnMut()) {
        use rustix::process::{Signal, kill_process_group, test_kill_process_group};

        let start = Instant::now();
        // An error means that the group is empty.
        let _gone = kill_process_group(self.id, Signal::TERM);
        while test_kill_process_group(self.id).is_ok() && start.elapsed() < GRACE {
            thread::sleep(FIRST_PAUSE);
            reap();
        }
        let _gone = kill_process_group(self.id, Signal::KILL);
    }

    #[cfg(not(unix))]
    pub(super) fn end(self, _: impl FnMut()) {}
}
