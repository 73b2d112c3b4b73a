//! A program while it runs, with the children that it starts.

use std::{
    io::{self, Read, Write},
    process::{Child, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take to end when it is told to. Then it is killed.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(1);

/// How often to look whether a program has ended, at first.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// How often at last.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A program while it runs. It is ended with its children when this is dropped before.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    status: Option<ExitStatus>,
    /// What it prints, when that is asked for. It comes when its stdout is closed by all that have it.
    reader: Option<Receiver<io::Result<Vec<u8>>>>,
    printed: Option<io::Result<Vec<u8>>>,
}

/// The processes of a program that was started in a group of its own: itself and its children.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    #[cfg(unix)]
    id: rustix::process::Pid,
}

impl Program {
    /// Looks after a program that was started just now, and gives it its input. Of what it prints `most`
    /// bytes are read, if its stdout is piped: then the stdout is closed, so that it does not wait for a
    /// reader.
    pub(super) fn new(child: Child, input: String, most: u64) -> io::Result<Self> {
        let mut program = Self {
            child,
            status: None,
            reader: None,
            printed: None,
        };
        // Nobody waits for the input to be read: somebody may have it open and never read.
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
                // Nobody wants it when the program was ended.
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

    /// Waits until it has ended and its stdout is closed, or the time is over: whether it has.
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

    /// Waits until it has ended, or its time is over: whether it has. Without a limit, somebody is told
    /// once when it takes long.
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

    /// How it ended, and what it printed.
    pub(super) fn end(mut self) -> io::Result<(ExitStatus, Option<io::Result<Vec<u8>>>)> {
        let status = match self.status {
            Some(status) => status,
            None => self.child.wait()?,
        };
        self.status = Some(status);
        Ok((status, self.printed.take()))
    }

    /// Lets some time pass, but no longer than until its stdout is closed.
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
        // Where there are no groups, at least the program itself ends.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Group {
    /// Ends all of it: asks first, and kills what is left after a moment. `reap` is called meanwhile, for
    /// a process that has ended is there until somebody has waited for it.
    #[cfg(unix)]
    pub(super) fn end(self, mut reap: impl FnMut()) {
        use rustix::process::{Signal, kill_process_group, test_kill_process_group};

        let start = Instant::now();
        // Errors mean that nobody is left.
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
