//! The frames of a push connection (docs/protocol.md §15).
//!
//! `prost` reads and writes them, because it bounds nesting, skips unknown fields without keeping
//! them, and needs no generated code for a handful of messages. To it a number, a text or `()` is a
//! message too: one whose field 1 is the number or the text, or that is empty.

use prost::Message;

/// The most bytes of a frame that is read.
pub(super) const MAX_FRAME: usize = 256 << 10;

/// The path that is subscribed to: notifications come with it.
pub(super) const NOTIFICATIONS: &str = "/bilibili.broadcast.message.im.Notify/WatchNotify";

/// A method of the service: its name, and the type of its request.
#[derive(Clone, Copy)]
pub(super) struct Method(pub(super) &'static str, &'static str);

pub(super) const AUTH: Method = Method("Auth", "AuthReq");
pub(super) const SUBSCRIBE: Method = Method("Subscribe", "TargetPath");
pub(super) const HEARTBEAT: Method = Method("Heartbeat", "HeartbeatReq");
pub(super) const MESSAGE_ACK: Method = Method("MessageAck", "MessageAckReq");

impl Method {
    fn path(self) -> Vec<u8> {
        format!("/bilibili.broadcast.v1.Broadcast/{}", self.0).into()
    }

    /// The frame of a call.
    pub(super) fn frame(self, sequence: i64, request: &impl Message) -> Vec<u8> {
        let options = Options {
            sequence,
            ..Options::default()
        };
        let body = Any {
            type_url: format!("type.googleapis.com/bilibili.broadcast.v1.{}", self.1).into(),
            value: request.encode_to_vec(),
        };
        let frame = Frame {
            options: Some(options),
            target_path: self.path(),
            body: Some(body),
        };
        frame.encode_to_vec()
    }
}

/// `BroadcastFrame`. Its texts are bytes, because a frame with a text that is not UTF-8 would be
/// refused as a whole.
#[derive(Message)]
pub(super) struct Frame {
    #[prost(message, optional, tag = "1")]
    options: Option<Options>,
    #[prost(bytes = "vec", tag = "2")]
    target_path: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    body: Option<Any>,
}

/// `FrameOption`.
#[derive(Message)]
struct Options {
    #[prost(int64, tag = "1")]
    message_id: i64,
    #[prost(int64, tag = "2")]
    sequence: i64,
    #[prost(bool, tag = "3")]
    is_ack: bool,
    #[prost(message, optional, tag = "4")]
    status: Option<i32>,
    #[prost(bytes = "vec", tag = "5")]
    ack_origin: Vec<u8>,
    #[prost(int64, tag = "7")]
    msg_type: i64,
}

#[derive(Message)]
struct Any {
    #[prost(bytes = "vec", tag = "1")]
    type_url: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Message)]
pub(super) struct MessageAckReq {
    #[prost(int64, tag = "1")]
    ack_id: i64,
    #[prost(bytes = "vec", tag = "2")]
    ack_origin: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    target_path: Vec<u8>,
    #[prost(int64, tag = "4")]
    msg_type: i64,
}

impl Frame {
    /// Reads a frame. The error says why it cannot be read, and quotes nothing of it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() > MAX_FRAME {
            return Err("a frame is longer than 256 KiB");
        }
        Self::decode(bytes).map_err(|_| "a frame cannot be read")
    }

    pub(super) fn answers(&self, method: Method) -> bool {
        self.target_path == method.path()
    }

    pub(super) fn is_notification(&self) -> bool {
        self.target_path == NOTIFICATIONS.as_bytes()
    }

    /// The code of its status. 0 is success.
    pub(super) fn code(&self) -> i32 {
        (self.options.as_ref())
            .and_then(|options| options.status)
            .unwrap_or_default()
    }

    /// The acknowledgement that it asks for: a guess.
    pub(super) fn wanted_ack(&self) -> Option<MessageAckReq> {
        let options = self.options.as_ref().filter(|options| options.is_ack)?;
        Some(MessageAckReq {
            ack_id: options.message_id,
            ack_origin: options.ack_origin.clone(),
            target_path: self.target_path.clone(),
            msg_type: options.msg_type,
        })
    }

    /// What its body holds.
    pub(super) fn value(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |body| &body.value)
    }
}
