//! What the service sends over a push connection.

/// What the service sends over a push connection now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushReply {
    /// Frames to send, in order.
    pub frames: Vec<Vec<u8>>,
    /// How the connection ends after these frames; `None` while it goes on.
    pub end: Option<PushEnd>,
}

/// How the service ends a push connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushEnd {
    /// With a close frame, which has this status code of WebSocket.
    Closed(u16),
    /// Without a close frame.
    BrokenOff,
    /// Within a frame.
    CutShort {
        /// The whole frame.
        frame: Vec<u8>,
        /// How many bytes of it are sent, always fewer than it has.
        sent: usize,
    },
}
