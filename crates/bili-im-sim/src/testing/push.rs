//! Clients of push, and frames as short texts.

use http::Request;

use super::Sim;
use crate::{
    faults::{Kind, Rule, When},
    push::{Fields, PushEnd, PushId, WATCH_NOTIFY, Writer},
    world::{PushParts, Whim, World},
};

const BROADCAST: &str = "/bilibili.broadcast.v1.Broadcast/";

pub(crate) fn handshake(cookie: &str) -> Request<()> {
    Request::get("ws://localhost/sub")
        .header("host", "localhost")
        .header("cookie", cookie)
        .header("origin", "https://message.bilibili.com")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "proto")
        .body(())
        .unwrap()
}

/// A client's frame, as `Auth 1`, with the body that belongs there.
pub(crate) fn step(text: &str) -> Vec<u8> {
    match text.split_once(' ').unwrap().0 {
        "Auth" => frame(text, "AuthReq", "a-guid"),
        "Subscribe" => frame(text, "TargetPath", WATCH_NOTIFY),
        _ => frame(text, "HeartbeatReq", ""),
    }
}

/// A client's frame, whose body has one text.
pub(crate) fn frame(text: &str, body_type: &str, body: &str) -> Vec<u8> {
    let (name, sequence) = text.split_once(' ').unwrap();
    let type_url = format!("type.googleapis.com/bilibili.broadcast.v1.{body_type}");
    let body = Writer::default().bytes(1, body).finish();
    Writer::default()
        .message(1, Writer::default().number(2, sequence.parse().unwrap()))
        .bytes(2, format!("{BROADCAST}{name}"))
        .message(3, Writer::default().bytes(1, type_url).bytes(2, body))
        .finish()
}

/// A frame of the service: `Auth 1`, `Auth 1 -400`, `10001 info 10002 1`.
pub(crate) fn shown(frame: &[u8]) -> String {
    let read = |bytes| Fields::read(bytes).unwrap();
    let Some(fields) = Fields::read(frame) else {
        return "garbage".to_owned();
    };
    let options = read(fields.bytes(1));
    if let Some(step) = fields.text(2).unwrap().strip_prefix(BROADCAST) {
        let sequence = options.number(2);
        return match read(options.bytes(4)).number(1).cast_signed() {
            0 => format!("{step} {sequence}"),
            code => format!("{step} {sequence} {code}"),
        };
    }
    assert_eq!(fields.text(2), Some(WATCH_NOTIFY));
    let any = read(fields.bytes(3));
    let Some(body) = Fields::read(any.bytes(2)) else {
        return format!("{} bytes", any.bytes(2).len());
    };
    assert_ne!(options.number(1), 0);
    let uid = body.number(1);
    let mut text = match (body.number(2), body.number(4)) {
        (1, 0) => format!("{uid}{}", parts(&read(body.bytes(3)))),
        (1, 1) => format!("{uid} base64 {}", body.text(3).unwrap()),
        (2, 0) => format!("kick {uid}"),
        other => panic!("{other:?}"),
    };
    if options.number(3) == 1 {
        text += &format!(", ack {}", options.text(5).unwrap());
    }
    text
}

fn parts(payload: &Fields<'_>) -> String {
    let all = |field| payload.all(field).map(|part| Fields::read(part).unwrap());
    let mut text = String::new();
    for msg in all(2) {
        let (from, to) = (msg.number(1), msg.number(3));
        text += &format!(" msg {from}>{to} {}", msg.text(6).unwrap());
    }
    for info in all(3) {
        text += &format!(" info {} {}", info.number(2), info.number(3));
    }
    for command in all(4) {
        for (field, name) in [(1, " total"), (2, " list"), (4, " fetch")] {
            text += &name.repeat(command.all(field).count());
        }
    }
    text
}

impl Sim {
    /// The demo world, whose notifications have these parts, in plain bytes.
    pub(crate) fn with_push(parts: PushParts) -> Self {
        let mut world = World::demo();
        world.options.push_parts = parts;
        world.options.push_base64 = Whim::Never;
        world.options.push_acks = Whim::Never;
        Self::new(world)
    }

    pub(crate) fn push_connect(&mut self, uid: u64) -> PushId {
        let request = handshake(&self.cookie(uid));
        self.service.push_connect(request, self.now).unwrap()
    }

    /// The status with which a handshake is refused for a reason.
    pub(crate) fn push_refusal(&mut self, request: Request<()>) -> u16 {
        let refused = self.service.push_connect(request, self.now);
        let answer = refused.unwrap_err().answer().unwrap();
        assert!(answer.headers().contains_key("x-sim-why"));
        answer.status().as_u16()
    }

    pub(crate) fn subscribe(&mut self, uid: u64) -> PushId {
        let id = self.push_connect(uid);
        assert_eq!(self.step(id, "Auth 1"), "Auth 1");
        assert_eq!(self.step(id, "Subscribe 2"), "Subscribe 2");
        id
    }

    /// What a client is told after a step.
    pub(crate) fn step(&mut self, id: PushId, text: &str) -> String {
        self.hear(id, &step(text))
    }

    /// What a client is told after a frame.
    pub(crate) fn hear(&mut self, id: PushId, frame: &[u8]) -> String {
        self.service.push_receive(id, frame, self.now);
        self.told(id)
    }

    /// What a client is told: frames and the end of the connection, with commas.
    pub(crate) fn told(&mut self, id: PushId) -> String {
        let reply = self.service.push_take(id, self.now);
        let mut told: Vec<_> = reply.frames.iter().map(|frame| shown(frame)).collect();
        told.extend(reply.end.map(|end| match end {
            PushEnd::Closed(code) => format!("closed {code}"),
            PushEnd::BrokenOff => "broken off".to_owned(),
            PushEnd::CutShort { frame, sent } => format!("{sent} bytes of {}", shown(&frame)),
        }));
        told.join(", ")
    }

    pub(crate) fn fault(&mut self, what: &str, when: When, kind: Kind) {
        self.service.add_fault(Rule::new(what, when, kind)).unwrap();
    }

    /// A fault that lets its first frame take effect.
    pub(crate) fn fault_after(&mut self, what: &str, kind: Kind) {
        let rule = Rule::new(what, When::Once, kind).after_effect();
        self.service.add_fault(rule).unwrap();
    }
}
