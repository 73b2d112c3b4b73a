//! What a watcher reports, and how often it polls.

use std::time::Duration;

use crate::setters::setters;

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
    /// Whether a client may open a push connection, so that messages are told at once and the
    /// service is asked less often. Clients without the feature `push` do not.
    pub push: bool,
    /// The time between polls while a push connection tells of changes. `None` is two minutes, and
    /// 6 s for loopback addresses. At least as long as without one.
    pub push_interval: Option<Duration>,
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
            push: true,
            push_interval: None,
        }
    }
}

setters! { WatchOptions {
    with_own sets own: bool,
    with_groups sets groups: bool,
    with_system sets system: bool,
    with_automatic sets automatic: bool,
    with_intercepted sets intercepted: bool,
    with_changes sets changes: bool,
    with_interval sets interval: Duration,
    with_push sets push: bool,
    with_push_interval sets push_interval: Duration,
} }
