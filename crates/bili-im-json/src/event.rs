//! The events of a watch.

use std::time::Duration;

use bili_im_proto::{Error, Event, EventKind, Monotonic, MsgKey, Now, Talker, UnixSeconds};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    counts::CountsJson,
    error::ErrorJson,
    message::{MessageJson, direction_word},
    session::SessionJson,
};

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventJson {
    /// A new message.
    Message {
        /// The same when the event is told again.
        id: Option<String>,
        /// The session.
        talker: Talker,
        /// `incoming`, `own` or `sent`.
        direction: &'static str,
        /// Whether a person wrote it.
        by_a_person: bool,
        /// The message.
        message: Box<MessageJson>,
    },
    /// A message was recalled.
    Recalled {
        /// The same when the event is told again.
        id: Option<String>,
        /// The session.
        talker: Talker,
        /// The recalled message, if the service says which.
        msg_key: Option<MsgKey>,
    },
    /// A message without sender, type or key.
    Unreadable {
        /// The same when the event is told again.
        id: Option<String>,
        /// The session.
        talker: Talker,
    },
    /// A session changed.
    SessionChanged {
        /// The session.
        session: Box<SessionJson>,
    },
    /// The unread counts changed.
    UnreadChanged(CountsJson),
    /// The watch waits.
    Held {
        /// For how long.
        retry_after_seconds: u64,
        /// Why.
        error: ErrorJson,
    },
    /// A session cannot be read.
    SessionFailed {
        /// The session.
        talker: Talker,
        /// When it is tried again; `None` when it no longer exists.
        retry_after_seconds: Option<u64>,
        /// Why.
        error: ErrorJson,
    },
    /// A session can be read again.
    SessionRecovered {
        /// The session.
        talker: Talker,
    },
    /// The login ends soon.
    LoginEnds {
        /// When, in seconds since 1970.
        at: UnixSeconds,
    },
    /// An event that the library learnt after this was written.
    Other,
}

impl EventJson {
    /// An event at a moment; `error` says why something failed.
    pub fn new(event: &Event, now: Now, error: impl FnOnce(Error) -> ErrorJson) -> Self {
        let id = event.id().map(|id| id.to_string());
        match event.kind.clone() {
            EventKind::Message {
                talker,
                message,
                direction,
            } => Self::Message {
                id,
                talker,
                direction: direction_word(direction),
                by_a_person: message.is_by_a_person(),
                message: Box::new(MessageJson::new(&message, false)),
            },
            EventKind::Recalled { talker, msg_key } => Self::Recalled {
                id,
                talker,
                msg_key,
            },
            EventKind::Unreadable { talker } => Self::Unreadable { id, talker },
            EventKind::SessionChanged { session } => Self::SessionChanged {
                session: Box::new(SessionJson::new(&session, false)),
            },
            EventKind::UnreadChanged { users, groups } => {
                Self::UnreadChanged(CountsJson::new(&users, groups))
            }
            EventKind::Held { until, cause } => Self::Held {
                retry_after_seconds: seconds_until(now, until),
                error: error(cause),
            },
            EventKind::SessionFailed {
                talker,
                retry_at,
                cause,
            } => Self::SessionFailed {
                talker,
                retry_after_seconds: retry_at.map(|moment| seconds_until(now, moment)),
                error: error(cause),
            },
            EventKind::SessionRecovered { talker } => Self::SessionRecovered { talker },
            EventKind::LoginEnds { at } => Self::LoginEnds { at },
            _ => Self::Other,
        }
    }
}

/// Rounded up.
fn seconds_until(now: Now, moment: Monotonic) -> u64 {
    (moment.since(now.mono) + Duration::from_millis(999)).as_secs()
}
