//! What a push connection tells a watcher.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::time::Monotonic;

/// What a push connection tells a watcher: that something may have changed, and whether the
/// connection lives (docs/protocol.md §15).
///
/// A hint is a reason to ask the service now, and never a message. Clones share one value: the push
/// connection writes it, the watcher reads it. After each change, resume the watcher with
/// [`Input::Woken`](crate::Input::Woken): it may wait for longer than it should now.
#[derive(Debug, Clone, Default)]
pub struct Hints(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    hinted: Hinted,
    /// Why the connection ended.
    cause: String,
}

/// What the hints said when they were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hinted {
    /// How many hints there were.
    pub(crate) count: u64,
    link: Link,
}

/// The push connection, as it was last heard of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Link {
    #[default]
    NeverThere,
    LiveUntil(Monotonic),
    Ended,
}

impl Hints {
    /// Hints of a connection that is not there yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something may have changed: the watcher asks now.
    pub fn hint(&self) {
        let hinted = &mut self.lock().hinted;
        hinted.count = hinted.count.wrapping_add(1);
    }

    /// The connection lives. It counts as dead from this moment on, unless this is called again.
    pub fn live_until(&self, moment: Monotonic) {
        self.lock().hinted.link = Link::LiveUntil(moment);
    }

    /// The connection is dead: the watcher asks as often as without one. The cause is for people.
    pub fn ended(&self, cause: impl Into<String>) {
        let mut shared = self.lock();
        shared.hinted.link = Link::Ended;
        shared.cause = cause.into();
    }

    pub(crate) fn read(&self) -> Hinted {
        self.lock().hinted
    }

    /// Why the connection is dead.
    pub(crate) fn cause(&self) -> String {
        let shared = self.lock();
        match shared.hinted.link {
            Link::Ended => shared.cause.clone(),
            _ => "nothing was heard from it for long".to_owned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hinted {
    /// Until when the connection lives; `None` when it is dead.
    pub(crate) fn live_until(&self, now: Monotonic) -> Option<Monotonic> {
        match self.link {
            Link::LiveUntil(until) if now < until => Some(until),
            _ => None,
        }
    }

    /// Whether there ever was a connection, or an attempt to make one that failed.
    pub(crate) fn was_tried(&self) -> bool {
        self.link != Link::NeverThere
    }
}
