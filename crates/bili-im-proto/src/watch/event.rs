//! What a watcher tells.

use std::fmt;

use crate::{
    error::Error,
    ids::{MsgKey, Seqno, Talker},
    message::Message,
    time::{Monotonic, UnixSeconds},
    watch::Position,
};

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// How far the cursor gets by it; `None` for what is not stored.
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
    /// The service throttles the account, or cannot be reached: nothing is asked until then.
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

impl Event {
    /// The event's id; `None` for what is not stored.
    pub fn id(&self) -> Option<EventId> {
        self.position.map(|position| EventId {
            talker: position.talker,
            seqno: position.seqno,
        })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.talker {
            Talker::User(_) => "user",
            Talker::Group(_) => "group",
        };
        write!(f, "{kind}-{}-{}", self.talker.id(), self.seqno)
    }
}
