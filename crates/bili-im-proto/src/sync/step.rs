//! What a synchronisation gives to its store.

use crate::{
    endpoints::UserCard,
    error::Error,
    ids::{Seqno, Talker, Uid},
    message::{Emoticon, Message},
    session::Session,
    sync::{Stretch, SyncMark},
    time::Monotonic,
};

/// Something that a synchronisation has read, or that the user should hear of.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SyncStep {
    /// Whose login it is. The first step. A store of another account must refuse it.
    Owner(Uid),
    /// Sessions, as a list has them.
    Sessions(Vec<Session>),
    /// A page of messages.
    Page(SyncPage),
    /// Names and avatars.
    People(Vec<UserCard>),
    /// The service throttles the account or cannot be reached. The synchronisation waits.
    Waiting {
        /// When it tries again.
        until: Monotonic,
        /// Why.
        cause: Error,
    },
    /// A session cannot be read. The others are read all the same.
    SessionFailed {
        /// The session.
        talker: Talker,
        /// Why.
        cause: Error,
    },
    /// All is read. The next synchronisation reads what has changed since this mark.
    Finished(SyncMark),
}

/// A page of messages of one session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SyncPage {
    /// The session.
    pub talker: Talker,
    /// The messages, oldest first, each once.
    pub messages: Vec<RawMessage>,
    /// The emoticons in them.
    pub emoticons: Vec<Emoticon>,
    /// What of the session has been read by this page; `None` when that is not certain.
    pub read: Option<Stretch>,
    /// How many sessions are still to be read, this one included.
    pub sessions_left: usize,
}

/// A message and how the service sent it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RawMessage {
    /// Its sequence number.
    pub seqno: Seqno,
    /// The message as received: a JSON object.
    pub json: String,
    /// The message; `None` when it lacks its sender, type or key.
    pub message: Option<Message>,
}

/// What a synchronisation has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SyncReport {
    /// How many sessions were read.
    pub sessions: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many messages were read.
    pub messages: u64,
    /// How many of these could not be read.
    pub unreadable: u64,
}

impl RawMessage {
    /// A message as read back from a store.
    pub fn new(seqno: Seqno, json: String, message: Option<Message>) -> Self {
        Self {
            seqno,
            json,
            message,
        }
    }
}
