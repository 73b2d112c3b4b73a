//! What a watcher reports, and how often it polls.

use std::time::Duration;

/// What a watcher reports, and how often it polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Whether to report the account's own messages.
    pub own: bool,
    /// Whether to report messages in groups.
    pub groups: bool,
    /// Whether to report messages of the service: notices, pushes, tips, group events.
    pub system: bool,
    /// Whether to report automatic replies.
    pub automatic: bool,
    /// Whether to report messages in intercepted sessions. This takes one more request per poll.
    pub intercepted: bool,
    /// Whether to report changed sessions and unread counts. This takes further requests now and
    /// then.
    pub changes: bool,
    /// The time between polls. `None` is 20 s, and 1 s for loopback addresses. At least 6 s, except
    /// for loopback addresses.
    pub interval: Option<Duration>,
}

impl Default for WatchOptions {
    /// Messages that people wrote, the account's owner included, and also those in groups.
    fn default() -> Self {
        Self {
            own: true,
            groups: true,
            system: false,
            automatic: false,
            intercepted: false,
            changes: false,
            interval: None,
        }
    }
}

impl WatchOptions {
    /// Sets [`own`](Self::own).
    #[must_use]
    pub fn with_own(self, own: bool) -> Self {
        Self { own, ..self }
    }

    /// Sets [`groups`](Self::groups).
    #[must_use]
    pub fn with_groups(self, groups: bool) -> Self {
        Self { groups, ..self }
    }

    /// Sets [`system`](Self::system).
    #[must_use]
    pub fn with_system(self, system: bool) -> Self {
        Self { system, ..self }
    }

    /// Sets [`automatic`](Self::automatic).
    #[must_use]
    pub fn with_automatic(self, automatic: bool) -> Self {
        Self { automatic, ..self }
    }

    /// Sets [`intercepted`](Self::intercepted).
    #[must_use]
    pub fn with_intercepted(self, intercepted: bool) -> Self {
        Self {
            intercepted,
            ..self
        }
    }

    /// Sets [`changes`](Self::changes).
    #[must_use]
    pub fn with_changes(self, changes: bool) -> Self {
        Self { changes, ..self }
    }

    /// Sets [`interval`](Self::interval).
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self {
            interval: Some(interval),
            ..self
        }
    }
}
