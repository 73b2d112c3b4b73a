//! Ends the program on SIGINT or SIGTERM, after the work that was begun.

use std::{
    mem, process,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::program::Group;
use crate::failure::Failure;

/// How long the program may take to end by itself when no work is begun. A request can hang, or
/// another process hold the account.
const GRACE: Duration = Duration::from_secs(1);

/// Whether the user wants the program to end.
///
/// After the first signal, work that was begun is finished, however long that takes. A second
/// signal ends the program at once.
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
    /// Whether the next sleep ends at once: the push connection has said something.
    is_woken: bool,
    is_working: bool,
    /// A child program, which a second signal ends too.
    program: Option<Group>,
}

/// Work that is finished before the program ends. Dropping this says that it is.
#[derive(Debug)]
pub(crate) struct Work<'a>(&'a Stop);

/// While this lives, a second signal ends the child program too.
#[derive(Debug)]
pub(super) struct EndsWithUs<'a>(&'a Stop);

impl Stop {
    /// Begins to listen for signals.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let stop = Self::default();
        stop.clone().listen().map_err(|error| {
            Failure::other(format_text!(
                "signals cannot be caught: {error}",
                "无法捕获信号：{error}"
            ))
        })?;
        Ok(stop)
    }

    /// SIGHUP keeps its default: it ends the program, unless `nohup` is used.
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

    /// Sleeps, but no longer than until the first signal. Returns whether there was one.
    pub(crate) fn sleep(&self, duration: Duration) -> bool {
        let (state, _) = (self.0.changed)
            .wait_timeout_while(self.lock(), duration, |state| !state.is_asked)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_asked
    }

    /// As [`sleep`](Self::sleep), and no longer than until woken.
    pub(super) fn doze(&self, duration: Duration) -> bool {
        let sleeps = |state: &mut State| !state.is_asked && !state.is_woken;
        let (mut state, _) = (self.0.changed)
            .wait_timeout_while(self.lock(), duration, sleeps)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_woken = false;
        state.is_asked
    }

    /// Ends a sleep, or the next one.
    #[cfg(feature = "push")]
    pub(super) fn wake(&self) {
        self.lock().is_woken = true;
        self.0.changed.notify_all();
    }

    /// Begins work; `None` when the user wants the program to end.
    pub(crate) fn begin_work(&self) -> Option<Work<'_>> {
        let mut state = self.lock();
        state.is_working = !state.is_asked;
        // Lazily, since dropping a `Work` takes the lock that is held here.
        state.is_working.then(|| Work(self))
    }

    /// Makes a second signal end a child program and its children too.
    pub(super) fn end_with_us(&self, program: Group) -> EndsWithUs<'_> {
        self.lock().program = Some(program);
        EndsWithUs(self)
    }

    fn ask(&self) {
        let mut state = self.lock();
        if mem::replace(&mut state.is_asked, true) {
            // The lock stays held: the thread that waits for the child must not go on.
            if let Some(program) = state.program {
                program.end(|| {});
            }
            process::exit(1);
        }
        drop(state);
        self.0.changed.notify_all();
        let stop = self.clone();
        // Without this thread, the program still ends by itself or with the next signal.
        let _thread = thread::Builder::new().spawn(move || stop.leave());
    }

    /// Ends the program when it does not end by itself after its work.
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
