//! What a push session and its driver tell each other.

use std::fmt;

use http::Request;

use crate::{ids::Talker, time::Monotonic};

/// What a push session is told.
pub enum PushInput<'a> {
    /// Start.
    Begin,
    /// What was asked for is done, or the wait is over.
    Woken,
    /// The connection is open: the answer to [`PushStep::Connect`].
    Connected,
    /// The payload of a binary or text message that came. Pings, pongs and parts of messages are
    /// the WebSocket library's business. It answers [`PushStep::WaitUntil`] alone.
    Frame(&'a [u8]),
    /// The connection could not be opened, or it ended: why, in a few words without headers.
    Closed(String),
}

/// What a push session wants next.
pub enum PushStep {
    /// Open a connection with this request; resume with [`PushInput::Connected`] or
    /// [`PushInput::Closed`]. Give it 30 seconds at most.
    ///
    /// The address has the scheme `https`, or `http` on a loopback address, so that an HTTP client
    /// can send it. A WebSocket library may want `wss` and `ws`: see
    /// [`with_websocket_scheme`](crate::PushSession::with_websocket_scheme).
    Connect(Request<()>),
    /// Send these bytes as a binary message; resume with [`PushInput::Woken`], or with
    /// [`PushInput::Closed`] when that fails.
    Send(Vec<u8>),
    /// Take this; resume with [`PushInput::Woken`].
    Event(PushEvent),
    /// Close the connection, if it is still open; resume with [`PushInput::Woken`].
    Close,
    /// Wait for a message, the end of the connection, or this moment; resume with
    /// [`PushInput::Frame`], [`PushInput::Closed`] or [`PushInput::Woken`].
    WaitUntil(Monotonic),
}

/// What happened on a push connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushEvent {
    /// From now on the service tells of changes.
    Live,
    /// A conversation changed; with whom, if the service told.
    Changed(Option<Talker>),
    /// The number of unread messages changed.
    UnreadChanged,
    /// The service ends the connection on purpose, perhaps because of another one.
    KickedOut,
    /// The connection ended, or could not be opened.
    Closed {
        /// Why. It quotes nothing that the service pushed.
        cause: String,
        /// When the next connection is tried.
        until: Monotonic,
    },
}

impl fmt::Debug for PushInput<'_> {
    /// Shows only the length of a frame: it can hold messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin => f.write_str("Begin"),
            Self::Woken => f.write_str("Woken"),
            Self::Connected => f.write_str("Connected"),
            Self::Frame(frame) => write!(f, "Frame({} bytes)", frame.len()),
            Self::Closed(cause) => f.debug_tuple("Closed").field(cause).finish(),
        }
    }
}

impl fmt::Debug for PushStep {
    /// Shows no headers, and only the length of a frame.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(request) => f.debug_tuple("Connect").field(request.uri()).finish(),
            Self::Send(frame) => write!(f, "Send({} bytes)", frame.len()),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Close => f.write_str("Close"),
            Self::WaitUntil(moment) => f.debug_tuple("WaitUntil").field(moment).finish(),
        }
    }
}
