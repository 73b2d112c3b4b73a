//! Lists of sessions that are gone through page by page.

use std::time::Duration;

use crate::flow::{prelude::*, retry::Retry, sessions::Pager};

/// How often a list that is refused is asked for until the next list has its turn.
const LIST_TRIES: u32 = 3;

/// Lists that are gone through page by page, because one page did not tell everything.
pub(super) struct Source {
    pub(super) pager: Pager<'static>,
    pub(super) kind: Kind,
    /// At the end of the lists everything that had changed by then is noted.
    pub(super) listed: UnixMicros,
    pub(super) retry: Retry,
    /// Whether a list was passed over, which the service refuses.
    pub(super) is_partial: bool,
}

/// What lists are gone through for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What changed since the last poll.
    Changed,
    /// All sessions.
    All,
    /// Intercepted sessions, which polls do not show.
    Intercepted,
}

impl Source {
    pub(super) fn new(
        pager: Pager<'static>,
        kind: Kind,
        listed: UnixMicros,
        now: Monotonic,
    ) -> Self {
        Self {
            pager,
            kind,
            listed,
            retry: Retry::at(now),
            is_partial: false,
        }
    }

    /// When its next page is due.
    pub(super) fn next(&self) -> Monotonic {
        self.retry.next()
    }

    /// A page could not be had; gives when it is tried again. A list that is refused again and
    /// again does not keep the others waiting.
    pub(super) fn failed(
        &mut self,
        now: Monotonic,
        interval: Duration,
        cause: &Error,
    ) -> Monotonic {
        let until = self.retry.failed(now, interval, cause);
        let is_refused = matches!(cause, Error::Refused(_) | Error::Unreadable(_));
        if is_refused && self.retry.failures() >= LIST_TRIES && self.kind != Kind::Intercepted {
            self.pager.next_list();
            self.is_partial = true;
            self.retry = Retry::at(until);
        }
        until
    }
}
