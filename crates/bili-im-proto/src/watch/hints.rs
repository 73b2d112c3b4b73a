//! What a push connection tells a watcher.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::time::Monotonic;

/// What a push connection tells a watcher: that something may have changed, and whether the
/// connection lives (docs/protocol.md §15).
///
/// A hint is a reason to ask the service now, and never a message. Clones share one value: the push
/// connection writes it, the watcher reads it. After each change, resume the watcher with
/// [`Input::Woken`](crate::Input::Woken): it may wait for later than it should now.
#[derive(Debug, Clone, Default)]
pub struct Hints(Arc<Mutex<Hinted>>);

#[allow(dead_code)]
/// What the hints said when they were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hinted {
    /// How many hints there were.
    pub(crate) count: u64,
    live_until: Option<Monotonic>,
}

impl Hints {
    /// Hints of a connection that is not there yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something may have changed: the watcher asks now.
    pub fn hint(&self) {
        let mut hinted = self.lock();
        hinted.count = hinted.count.wrapping_add(1);
    }

    /// The connection tells of changes. When nothing is heard from it until then, it counts as
    /// dead.
    pub fn live_until(&self, moment: Monotonic) {
        self.lock().live_until = Some(moment);
    }

    /// The connection is dead: the watcher asks as often as without one.
    pub fn ended(&self) {
        self.lock().live_until = None;
    }

    #[allow(dead_code)]
    pub(crate) fn read(&self) -> Hinted {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Hinted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hinted {
    #[allow(dead_code)]
    pub(crate) fn is_live(&self, now: Monotonic) -> bool {
        self.live_until.is_some_and(|until| now < until)
    }
}
