//! What a watcher tells.

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

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// How far the cursor gets by it: give it to [`Cursor::advance`](crate::Cursor::advance) when the event
    /// is handled. `None` for what is not stored.
    pub position: Option<Position>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A message.
    Message {
        /// The session.
        talker: Talker,
        /// The message.
        message: Box<Message>,
        /// Whose it is.
        direction: Direction,
    },
    /// A message was recalled.
    Recalled {
        /// The session.
        talker: Talker,
        /// The message that is gone; `None` when the service does not say which.
        msg_key: Option<MsgKey>,
    },
    /// A message that does not say who wrote it, what kind it is, or its key.
    Unreadable {
        /// The session.
        talker: Talker,
    },
    /// A session is not as it was listed before: read elsewhere, pinned, muted, intercepted, followed.
    /// Not stored: what changed while nobody watched is not told.
    SessionChanged {
        /// The session as it is now.
        session: Box<Session>,
    },
    /// There is more or less to read than before. Not stored.
    UnreadChanged {
        /// Messages of users.
        users: Box<Unread>,
        /// Messages of groups; `None` when that could not be had.
        groups: Option<u64>,
    },
    /// The service throttles the account, cannot be reached, or refuses a list: that is not asked for until
    /// then.
    Held {
        /// Until when.
        until: Monotonic,
        /// Why.
        cause: Error,
    },
    /// A session cannot be read; the others go on.
    SessionFailed {
        /// The session.
        talker: Talker,
        /// When it is tried again; `None` when it is gone.
        retry_at: Option<Monotonic>,
        /// Why.
        cause: Error,
    },
    /// A session that could not be read is read to its end again.
    SessionRecovered {
        /// The session.
        talker: Talker,
    },
    /// The login ends soon.
    LoginEnds {
        /// When.
        at: UnixSeconds,
    },
}

/// Whose a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Someone else's.
    Incoming,
    /// The account's own, from elsewhere.
    Own,
    /// The account's own, sent through this [`Account`](crate::Account).
    Sent,
}

/// Tells events of messages apart: the same event told again has the same id.
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

    /// The message's place in it.
    pub fn seqno(self) -> Seqno {
        self.seqno
    }
}

impl Event {
    /// The event's id, when it is of a message: one that can be read, one that cannot, a recall.
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

    /// The message that may be answered: someone else's, written by a person (docs/protocol.md §8), not
    /// taken back.
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
