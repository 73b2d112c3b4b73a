//! What a watcher tells of, and how often it asks.

use std::time::Duration;

/// What a watcher tells of, and how often it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Whether to tell of the account's own messages.
    pub own: bool,
    /// Whether to tell of messages in groups.
    pub groups: bool,
    /// Whether to tell of what the service writes: notices, pushes, tips, group events.
    pub system: bool,
    /// Whether to tell of automatic replies.
    pub automatic: bool,
    /// Whether to tell of messages in intercepted sessions, which takes another request each time.
    pub intercepted: bool,
    /// Whether to tell of changed sessions and unread counts, which takes other requests now and then.
    pub changes: bool,
    /// How often to ask; 20 s when `None`, 1 s on this machine. Never under 6 s but on this machine.
    pub interval: Option<Duration>,
}

impl Default for WatchOptions {
    /// What people wrote, the account's owner included, also in groups.
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
    /// With or without the account's own messages.
    #[must_use]
    pub fn with_own(self, own: bool) -> Self {
        Self { own, ..self }
    }

    /// With or without groups.
    #[must_use]
    pub fn with_groups(self, groups: bool) -> Self {
        Self { groups, ..self }
    }

    /// With or without what the service writes.
    #[must_use]
    pub fn with_system(self, system: bool) -> Self {
        Self { system, ..self }
    }

    /// With or without automatic replies.
    #[must_use]
    pub fn with_automatic(self, automatic: bool) -> Self {
        Self { automatic, ..self }
    }

    /// With or without intercepted sessions.
    #[must_use]
    pub fn with_intercepted(self, intercepted: bool) -> Self {
        Self {
            intercepted,
            ..self
        }
    }

    /// With or without changed sessions and unread counts.
    #[must_use]
    pub fn with_changes(self, changes: bool) -> Self {
        Self { changes, ..self }
    }

    /// Asks so often.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self {
            interval: Some(interval),
            ..self
        }
    }
}
