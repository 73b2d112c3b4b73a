//! Push connections (docs/protocol.md §15), without sockets.

mod connections;
mod frames;
mod notification;
mod protobuf;

pub use self::connections::{PushEnd, PushId, PushReply};
#[cfg(test)]
pub(crate) use self::protobuf::{Fields, Writer};
pub(crate) use self::{
    connections::{Connections, Stage, UNKNOWN_PATH},
    frames::{FRAMES, Heard, MESSAGE_ACK, PATH, WATCH_NOTIFY, answer, giant, with_code},
    notification::{Notification, forged, kick_out},
};

/// Longer than any frame that a client sends.
pub(crate) const LONGEST_FRAME: usize = 64 << 10;
