//! Frames and their paths: what a client says, and the service's answers.

use super::protobuf::{Fields, Writer};
use crate::time::UnixMicros;

/// The path of the handshake.
pub(crate) const PATH: &str = "/sub";
pub(super) const AUTH: &str = "/bilibili.broadcast.v1.Broadcast/Auth";
pub(super) const SUBSCRIBE: &str = "/bilibili.broadcast.v1.Broadcast/Subscribe";
pub(super) const HEARTBEAT: &str = "/bilibili.broadcast.v1.Broadcast/Heartbeat";
pub(crate) const MESSAGE_ACK: &str = "/bilibili.broadcast.v1.Broadcast/MessageAck";
pub(crate) const WATCH_NOTIFY: &str = "/bilibili.broadcast.message.im.Notify/WatchNotify";

/// The paths of the service's frames that a fault can affect.
pub(crate) const FRAMES: [&str; 4] = [AUTH, SUBSCRIBE, HEARTBEAT, WATCH_NOTIFY];

/// The type of the body of a notification.
pub(super) const NOTIFY: &str = "bilibili.broadcast.message.im.NotifyRsp";

/// A client's frame.
#[derive(Debug)]
pub(crate) struct Heard<'a> {
    pub(crate) sequence: u64,
    pub(crate) path: &'a str,
    type_url: &'a str,
    body: &'a [u8],
}

impl<'a> Heard<'a> {
    /// Reads a frame; `None` when it is malformed.
    pub(crate) fn read(frame: &'a [u8]) -> Option<Self> {
        let fields = Fields::read(frame)?;
        let options = Fields::read(fields.bytes(1))?;
        let any = Fields::read(fields.bytes(3))?;
        Some(Self {
            sequence: options.number(2),
            path: fields.text(2)?,
            type_url: any.text(1)?,
            body: any.bytes(2),
        })
    }

    /// Whether it is an `AuthReq` with a `guid`.
    pub(super) fn has_guid(&self) -> bool {
        let fields = self.body("type.googleapis.com/bilibili.broadcast.v1.AuthReq");
        fields.is_some_and(|fields| fields.text(1).is_some_and(|guid| !guid.is_empty()))
    }

    /// Whether it is a `TargetPath` with the notifications of messages.
    pub(super) fn wants_notifications(&self) -> bool {
        let fields = self.body("type.googleapis.com/bilibili.broadcast.v1.TargetPath");
        fields.is_some_and(|fields| fields.all(1).any(|path| path == WATCH_NOTIFY.as_bytes()))
    }

    fn body(&self, type_url: &str) -> Option<Fields<'a>> {
        Fields::read(self.body).filter(|_| self.type_url == type_url)
    }
}

/// The answer to a client's frame.
pub(crate) fn answer(heard: &Heard<'_>, now: UnixMicros) -> Vec<u8> {
    let options = Writer::default()
        .number(2, heard.sequence)
        .number(6, now.as_secs());
    let body_type = match heard.path {
        AUTH => "bilibili.broadcast.v1.AuthResp",
        HEARTBEAT => "bilibili.broadcast.v1.HeartbeatResp",
        _ => "",
    };
    frame(options, heard.path, body_type, &[])
}

/// The same frame with a status in place of its body.
pub(crate) fn with_code(frame: &[u8], code: i32, message: &str) -> Vec<u8> {
    let fields = Fields::read(frame).unwrap_or_default();
    let options = Fields::read(fields.bytes(1)).unwrap_or_default();
    let code = i64::from(code).cast_unsigned();
    let status = Writer::default().number(1, code).bytes(2, message);
    let options = Writer::default()
        .number(2, options.number(2))
        .message(4, status)
        .number(6, options.number(6));
    self::frame(options, fields.text(2).unwrap_or_default(), "", &[])
}

/// A notification whose body has this many bytes.
pub(crate) fn giant(bytes: usize) -> Vec<u8> {
    frame(Writer::default(), WATCH_NOTIFY, NOTIFY, &vec![b' '; bytes])
}

/// A frame; without a body when its type is empty.
pub(super) fn frame(options: Writer, path: &str, body_type: &str, body: &[u8]) -> Vec<u8> {
    let mut frame = Writer::default().message(1, options).bytes(2, path);
    if !body_type.is_empty() {
        let type_url = format!("type.googleapis.com/{body_type}");
        frame = frame.message(3, Writer::default().bytes(1, type_url).bytes(2, body));
    }
    frame.finish()
}
