//! Ending on SIGINT or SIGTERM, with nothing left half done.

use std::{
    mem, process,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::program::Group;
use crate::failure::Failure;

/// How long the program may take to end by itself when nothing is in hand: a request may hang, or
/// another process keep the account.
const GRACE: Duration = Duration::from_secs(1);

/// Whether the user wants the program to end.
///
/// The first signal lets what is in hand be finished, however long that takes; a second one ends the
/// program at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_asked: bool,
    is_working: bool,
    /// A program that must not be left behind.
    program: Option<Group>,
}

/// Something that must be finished. It is when this is dropped.
#[derive(Debug)]
pub(crate) struct Work<'a>(&'a Stop);

/// A program that is ended when ours is. That is over when this is dropped.
#[derive(Debug)]
pub(super) struct EndsWithUs<'a>(&'a Stop);

impl Stop {
    /// Listens to signals from now on.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let stop = Self::default();
        stop.clone()
            .listen()
            .map_err(|error| Failure::other(format!("signals cannot be caught: {error}")))?;
        Ok(stop)
    }

    /// Not to SIGHUP: it ends the program unless `nohup` says otherwise.
    #[cfg(unix)]
    fn listen(self) -> std::io::Result<()> {
        use signal_hook::{
            consts::{SIGINT, SIGTERM},
            iterator::Signals,
        };

        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::Builder::new().spawn(move || signals.forever().for_each(|_| self.ask()))?;
        Ok(())
    }

    #[cfg(not(unix))]
    fn listen(self) -> Result<(), ctrlc::Error> {
        ctrlc::set_handler(move || self.ask())
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.lock().is_asked
    }

    /// Sleeps so long, or until the program is to end: whether it is.
    pub(crate) fn sleep(&self, duration: Duration) -> bool {
        let (state, _) = (self.0.changed)
            .wait_timeout_while(self.lock(), duration, |state| !state.is_asked)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_asked
    }

    /// Takes something in hand, unless the program is to end.
    pub(crate) fn begin_work(&self) -> Option<Work<'_>> {
        let mut state = self.lock();
        state.is_working = !state.is_asked;
        // Made only when it is: it takes the lock when it is dropped.
        state.is_working.then(|| Work(self))
    }

    /// Has a program ended with its children should ours be ended at once.
    pub(super) fn end_with_us(&self, program: Group) -> EndsWithUs<'_> {
        self.lock().program = Some(program);
        EndsWithUs(self)
    }

    fn ask(&self) {
        let mut state = self.lock();
        if mem::replace(&mut state.is_asked, true) {
            // Under the lock, so that whoever waits for the program does not go on as if it had ended.
            if let Some(program) = state.program {
                program.end(|| {});
            }
            process::exit(1);
        }
        drop(state);
        self.0.changed.notify_all();
        let stop = self.clone();
        // When there is no thread to be had, the program still ends by itself, or with the next signal.
        let _thread = thread::Builder::new().spawn(move || stop.leave());
    }

    /// Ends the program if it does not do so by itself.
    fn leave(&self) {
        let state = (self.0.changed)
            .wait_while(self.lock(), |state| state.is_working)
            .unwrap_or_else(PoisonError::into_inner);
        drop(state);
        thread::sleep(GRACE);
        process::exit(0);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        (self.0.state.lock()).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EndsWithUs<'_> {
    fn drop(&mut self) {
        let Self(stop) = self;
        stop.lock().program = None;
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        let Self(stop) = self;
        stop.lock().is_working = false;
        stop.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_in_hand_any_more_when_the_program_is_to_end() {
        let stop = Stop::default();
        let in_hand = stop.begin_work();
        assert!(in_hand.is_some() && stop.lock().is_working);
        drop(in_hand);
        assert!(!stop.lock().is_working);
        stop.lock().is_asked = true;
        assert!(stop.begin_work().is_none());
        assert!(!stop.lock().is_working);
    }
}
