//! What changes about sessions beside their messages.

use std::collections::BTreeMap;

use crate::{
    endpoints::{MyGroupUnread, SingleUnread, Unread},
    flow::prelude::*,
    session::Session,
    watch::EventKind,
};

/// How many sessions are remembered.
const REMEMBERED: usize = 10_000;

/// Sessions and unread counts as they were last seen.
#[derive(Debug, Default)]
pub(super) struct Changes {
    sessions: BTreeMap<Talker, Traits>,
    unread: Option<UnreadCounts>,
}

/// What counts as a change of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Traits {
    unread_count: u64,
    ack_seqno: Option<Seqno>,
    is_pinned: bool,
    is_muted: bool,
    is_intercepted: bool,
    is_follow: bool,
    pushes_off: bool,
}

impl From<&Session> for Traits {
    fn from(session: &Session) -> Self {
        Self {
            unread_count: session.unread_count,
            ack_seqno: session.ack_seqno,
            is_pinned: session.top_ts.is_some(),
            is_muted: session.is_muted,
            is_intercepted: session.is_intercepted,
            is_follow: session.is_follow,
            pushes_off: session.pushes_off,
        }
    }
}

impl Changes {
    /// Whether a session is not as it was when it was last seen.
    pub(super) fn of_session(&mut self, session: &Session) -> bool {
        if self.sessions.len() >= REMEMBERED && !self.sessions.contains_key(&session.talker) {
            self.sessions.clear();
        }
        let now = Traits::from(session);
        let before = self.sessions.insert(session.talker, now);
        before.is_some_and(|before| before != now)
    }

    /// Whether counts are not as they were; the first ones are not.
    pub(super) fn of_unread(&mut self, now: &UnreadCounts) -> bool {
        self.unread.replace(now.clone()).as_ref() != Some(now)
    }
}

/// How much there is to read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UnreadCounts {
    users: Unread,
    groups: Option<u64>,
}

impl UnreadCounts {
    /// Reads the counts. Those of groups are optional: the others are returned when they fail.
    pub(super) async fn read<I>(io: &Io<I>) -> Result<Self, Error> {
        let users = io.call(&SingleUnread::new()).await?;
        let groups = io.call(&MyGroupUnread).await;
        Ok(Self {
            users,
            groups: groups.ok().map(|groups| groups.unread_count),
        })
    }
}

impl From<UnreadCounts> for EventKind {
    fn from(counts: UnreadCounts) -> Self {
        Self::UnreadChanged {
            users: Box::new(counts.users),
            groups: counts.groups,
        }
    }
}
