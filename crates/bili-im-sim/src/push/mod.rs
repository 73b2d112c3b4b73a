//! Push connections (docs/protocol.md §15), without sockets.

mod connections;
mod frames;
mod notification;
mod protobuf;
mod reply;
mod steps;

#[cfg(test)]
pub(crate) use self::protobuf::{Fields, Writer};
pub use self::{
    connections::PushId,
    reply::{PushEnd, PushReply},
};
pub(crate) use self::{
    connections::{Connections, Stage, UNKNOWN_PATH},
    frames::{Heard, answer, garbage, giant, with_code},
    notification::{Notification, forged, kick_out},
    steps::{FRAMES, PATH, Step, WATCH_NOTIFY, is_frame},
};

/// Longer than any frame that a client sends.
pub(crate) const LONGEST_FRAME: usize = 64 << 10;
