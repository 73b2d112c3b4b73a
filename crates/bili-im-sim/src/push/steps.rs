//! The steps of a push connection, and their paths.

/// The path of the handshake.
pub(crate) const PATH: &str = "/sub";
/// The path of notifications.
pub(crate) const WATCH_NOTIFY: &str = "/bilibili.broadcast.message.im.Notify/WatchNotify";

const AUTH: &str = "/bilibili.broadcast.v1.Broadcast/Auth";
const SUBSCRIBE: &str = "/bilibili.broadcast.v1.Broadcast/Subscribe";
const HEARTBEAT: &str = "/bilibili.broadcast.v1.Broadcast/Heartbeat";
const MESSAGE_ACK: &str = "/bilibili.broadcast.v1.Broadcast/MessageAck";

/// What a client's frame asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Auth,
    Subscribe,
    Heartbeat,
    MessageAck,
}

impl Step {
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            AUTH => Some(Self::Auth),
            SUBSCRIBE => Some(Self::Subscribe),
            HEARTBEAT => Some(Self::Heartbeat),
            MESSAGE_ACK => Some(Self::MessageAck),
            _ => None,
        }
    }

    /// The type of the answer; `None` when its body is empty.
    pub(super) fn answer_type(self) -> Option<&'static str> {
        match self {
            Self::Auth => Some("bilibili.broadcast.v1.AuthResp"),
            Self::Heartbeat => Some("bilibili.broadcast.v1.HeartbeatResp"),
            Self::Subscribe | Self::MessageAck => None,
        }
    }
}

/// The paths of the service's frames that a fault can affect.
pub(crate) const FRAMES: [&str; 4] = [AUTH, SUBSCRIBE, HEARTBEAT, WATCH_NOTIFY];

/// Whether a path is that of frames, rather than of HTTP requests.
pub(crate) fn is_frame(path: &str) -> bool {
    FRAMES.contains(&path)
}
