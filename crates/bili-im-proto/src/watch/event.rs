//! The events that a watcher reports.

use std::fmt;

use crate::{
    endpoints::Unread,
    error::Error,
    ids::{MsgKey, Seqno, Talker},
    message::Message,
    session::Session,
    time::{Monotonic, UnixSeconds},
    watch::Position,
};

/// Something that happened to the account.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The change of the cursor. Give it to [`Cursor::advance`](crate::Cursor::advance) once the
    /// event is handled. `None` for events that do not change the cursor.
    pub position: Option<Position>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A new message.
    Message {
        /// The session.
        talker: Talker,
        /// The message.
        message: Box<Message>,
        /// Whether it is someone else's or the account's own.
        direction: Direction,
    },
    /// A message was recalled.
    Recalled {
        /// The session.
        talker: Talker,
        /// The recalled message; `None` when the service does not say which.
        msg_key: Option<MsgKey>,
    },
    /// A message that lacks its sender, type or key.
    Unreadable {
        /// The session.
        talker: Talker,
    },
    /// A session changed other than by a message: it was read elsewhere, pinned, muted, intercepted
    /// or followed. Changes while nobody watched are not reported.
    SessionChanged {
        /// The session after the change.
        session: Box<Session>,
    },
    /// The number of unread messages changed. Changes while nobody watched are not reported.
    UnreadChanged {
        /// Unread messages of users.
        users: Box<Unread>,
        /// Unread messages of groups; `None` when they could not be read.
        groups: Option<u64>,
    },
    /// The service throttles the account, cannot be reached, or refuses a list of sessions. The
    /// watcher pauses what is affected.
    Held {
        /// When the watcher tries again.
        until: Monotonic,
        /// The error.
        cause: Error,
    },
    /// A session cannot be read. The others are still watched.
    SessionFailed {
        /// The session.
        talker: Talker,
        /// When the watcher tries again; `None` when the session no longer exists.
        retry_at: Option<Monotonic>,
        /// The error.
        cause: Error,
    },
    /// A session that failed before can be read again, and has been read to its end.
    SessionRecovered {
        /// The session.
        talker: Talker,
    },
    /// From now on a push connection tells the watcher of changes (docs/protocol.md §15).
    PushLive,
    /// No push connection tells the watcher of changes. It polls as often as without one.
    PushLost {
        /// Why.
        cause: String,
    },
    /// The login expires soon.
    LoginEnds {
        /// When it expires.
        at: UnixSeconds,
    },
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Someone else.
    Incoming,
    /// The account itself, in another program.
    Own,
    /// The account itself, through this [`Account`](crate::Account).
    Sent,
}

/// Identifies the event of a message. When an event is reported again, its id is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    talker: Talker,
    seqno: Seqno,
}

impl EventId {
    /// The session.
    pub fn talker(self) -> Talker {
        self.talker
    }

    /// The message's sequence number in the session.
    pub fn seqno(self) -> Seqno {
        self.seqno
    }
}

impl Event {
    /// The id of an event of a message: readable, unreadable or recalled. `None` for other events.
    pub fn id(&self) -> Option<EventId> {
        match self.kind {
            EventKind::Message { talker, .. }
            | EventKind::Recalled { talker, .. }
            | EventKind::Unreadable { talker } => {
                let seqno = self.position?.seqno?;
                Some(EventId { talker, seqno })
            }
            _ => None,
        }
    }

    /// The message, if it may be answered: a person other than the account's owner wrote it
    /// (docs/protocol.md §8), and it is not recalled.
    pub fn answerable(&self) -> Option<(Talker, &Message)> {
        match &self.kind {
            EventKind::Message {
                talker,
                message,
                direction: Direction::Incoming,
            } if message.is_by_a_person() && !message.is_recalled() => Some((*talker, message)),
            _ => None,
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.talker.to_key(), self.seqno)
    }
}
