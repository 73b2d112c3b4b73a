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
    /// Whether to tell of what no person wrote: notices, automatic replies, tips.
    pub automatic: bool,
    /// How often to ask; 20 s when `None`, 1 s on this machine. Never under 6 s but on this machine.
    pub interval: Option<Duration>,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            own: true,
            groups: true,
            automatic: false,
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

    /// With or without what no person wrote.
    #[must_use]
    pub fn with_automatic(self, automatic: bool) -> Self {
        Self { automatic, ..self }
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
