//! Frames: what a client says, and the service's answers.

use super::{
    protobuf::{Fields, Writer},
    steps::{Step, WATCH_NOTIFY},
};
use crate::{chance::Chance, time::UnixMicros};

const TYPE_PREFIX: &str = "type.googleapis.com/";

/// A client's frame.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) sequence: u64,
    pub(crate) target_path: String,
    /// The type of the body without its prefix; empty when the prefix is missing.
    body_type: String,
    body: Vec<u8>,
}

impl Heard {
    /// Reads a frame; `None` when it is malformed.
    pub(crate) fn read(frame: &[u8]) -> Option<Self> {
        let fields = Fields::read(frame)?;
        let options = Fields::read(fields.bytes(1))?;
        let body = Fields::read(fields.bytes(3))?;
        let body_type = body.text(1)?.strip_prefix(TYPE_PREFIX).unwrap_or_default();
        Some(Self {
            sequence: options.number(2),
            target_path: fields.text(2)?.to_owned(),
            body_type: body_type.to_owned(),
            body: body.bytes(2).to_vec(),
        })
    }

    /// The `guid` of an `AuthReq`.
    pub(crate) fn guid(&self) -> Option<&str> {
        let guid = self.fields_of("bilibili.broadcast.v1.AuthReq")?.text(1)?;
        (!guid.is_empty()).then_some(guid)
    }

    /// Whether it is a `TargetPath` with the notifications of messages.
    pub(crate) fn wants_notifications(&self) -> bool {
        let fields = self.fields_of("bilibili.broadcast.v1.TargetPath");
        fields.is_some_and(|fields| fields.all(1).any(|path| path == WATCH_NOTIFY.as_bytes()))
    }

    fn fields_of(&self, body_type: &str) -> Option<Fields<'_>> {
        (self.body_type == body_type)
            .then(|| Fields::read(&self.body))
            .flatten()
    }
}

/// The answer to a client's frame.
pub(crate) fn answer(heard: &Heard, step: Option<Step>, now: UnixMicros) -> Vec<u8> {
    let options = Writer::default()
        .number(2, heard.sequence)
        .number(6, now.as_secs());
    let body_type = step.and_then(Step::answer_type);
    frame(options, &heard.target_path, body_type, &[])
}

/// The same frame with a status in place of its body.
pub(crate) fn with_code(frame: &[u8], code: i32, message: &str) -> Vec<u8> {
    let fields = Fields::read(frame).unwrap_or_default();
    let options = Fields::read(fields.bytes(1)).unwrap_or_default();
    let status = Writer::default()
        .number(1, i64::from(code).cast_unsigned())
        .bytes(2, message);
    let options = Writer::default()
        .number(2, options.number(2))
        .message(4, status)
        .number(6, options.number(6));
    self::frame(options, fields.text(2).unwrap_or_default(), None, &[])
}

/// Bytes that are no protobuf message.
pub(crate) fn garbage(chance: &mut Chance) -> Vec<u8> {
    // No number of protobuf is this long.
    let mut bytes = vec![0xff; 11];
    bytes.extend(chance.hex(21).into_bytes());
    bytes
}

/// A frame whose body has this many bytes.
pub(crate) fn giant(bytes: usize) -> Vec<u8> {
    let body_type = Some("bilibili.broadcast.message.im.NotifyRsp");
    frame(
        Writer::default(),
        WATCH_NOTIFY,
        body_type,
        &vec![b' '; bytes],
    )
}

pub(super) fn frame(
    options: Writer,
    target_path: &str,
    body_type: Option<&str>,
    body: &[u8],
) -> Vec<u8> {
    let mut frame = Writer::default().message(1, options).bytes(2, target_path);
    if let Some(body_type) = body_type {
        let any = Writer::default()
            .bytes(1, format!("{TYPE_PREFIX}{body_type}"))
            .bytes(2, body);
        frame = frame.message(3, any);
    }
    frame.finish()
}
