//! A client of push for tests, and frames as short texts.

use http::Request;

use crate::{
    faults::Rule,
    push::{Fields, PushEnd, PushId, PushReply, WATCH_NOTIFY, Writer},
    testing::Sim,
    world::{Act, World},
};

pub(super) const BROADCAST: &str = "/bilibili.broadcast.v1.Broadcast/";
const TYPE: &str = "type.googleapis.com/bilibili.broadcast.v1.";

pub(super) fn handshake(cookie: &str) -> Request<()> {
    Request::get("/sub")
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

pub(super) fn frame(sequence: u64, path: &str, body_type: &str, body: Writer) -> Vec<u8> {
    let any = Writer::default()
        .bytes(1, format!("{TYPE}{body_type}"))
        .bytes(2, body.finish());
    Writer::default()
        .message(1, Writer::default().number(2, sequence))
        .bytes(2, path)
        .message(3, any)
        .finish()
}

pub(super) fn step(sequence: u64, name: &str) -> Vec<u8> {
    let (body_type, body) = match name {
        "Auth" => ("AuthReq", Writer::default().bytes(1, "a-guid")),
        "Subscribe" => ("TargetPath", Writer::default().bytes(1, WATCH_NOTIFY)),
        "Heartbeat" => ("HeartbeatReq", Writer::default()),
        other => (other, Writer::default().number(1, 7)),
    };
    frame(sequence, &format!("{BROADCAST}{name}"), body_type, body)
}

/// A short text for a frame of the service: `Auth 1`, `Auth 1 -400`, `msg 10001 from 10002`.
pub(super) fn shown(frame: &[u8]) -> String {
    let Some(fields) = Fields::read(frame) else {
        return "garbage".to_owned();
    };
    let options = Fields::read(fields.bytes(1)).unwrap();
    let code = Fields::read(options.bytes(4)).unwrap().number(1);
    let code = match code.cast_signed() {
        0 => String::new(),
        code => format!(" {code}"),
    };
    let path = fields.text(2).unwrap();
    if let Some(step) = path.strip_prefix(BROADCAST) {
        return format!("{step} {}{code}", options.number(2));
    }
    assert_eq!(path, WATCH_NOTIFY);
    let any = Fields::read(fields.bytes(3)).unwrap();
    let Some(body) = Fields::read(any.bytes(2)) else {
        return format!("{} bytes", any.bytes(2).len());
    };
    let (uid, cmd) = (body.number(1), body.number(2));
    if cmd == 2 {
        return format!("kick {uid}");
    }
    format!("{uid}{}{code}", parts(body.bytes(3)))
}

/// The parts of a plain payload.
fn parts(payload: &[u8]) -> String {
    let payload = Fields::read(payload).unwrap();
    let mut text = String::new();
    for msg in payload.all(2) {
        let msg = Fields::read(msg).unwrap();
        let (from, to) = (msg.number(1), msg.number(3));
        text += &format!(" msg {from}>{to} {}", msg.text(6).unwrap());
    }
    for info in payload.all(3) {
        let info = Fields::read(info).unwrap();
        text += &format!(" info {} {}", info.number(2), info.number(3));
    }
    for command in payload.all(4) {
        let command = Fields::read(command).unwrap();
        for (field, name) in [(1, "total"), (2, "list"), (4, "fetch")] {
            text += &command
                .all(field)
                .map(|_| format!(" {name}"))
                .collect::<String>();
        }
    }
    text
}

pub(super) struct Client {
    pub(super) sim: Sim,
    sequence: u64,
}

impl Client {
    /// The demo world, whose notifications have this part alone, in plain bytes.
    pub(super) fn new(parts: &str) -> Self {
        let mut world = serde_json::to_value(World::demo()).unwrap();
        world["options"]["push_parts"] = parts.into();
        world["options"]["push_base64"] = "never".into();
        world["options"]["push_acks"] = "never".into();
        Self {
            sim: Sim::of(&world.to_string()),
            sequence: 0,
        }
    }

    pub(super) fn connect(&mut self, uid: u64) -> PushId {
        let request = handshake(&self.sim.cookie(uid));
        self.sim
            .service
            .push_connect(request, self.sim.now)
            .unwrap()
    }

    pub(super) fn subscribe(&mut self, uid: u64) -> PushId {
        let id = self.connect(uid);
        assert_eq!(self.say(id, "Auth"), ["Auth 1"]);
        assert_eq!(self.say(id, "Subscribe"), ["Subscribe 2"]);
        id
    }

    pub(super) fn take(&mut self, id: PushId) -> PushReply {
        self.sim.service.push_take(id, self.sim.now)
    }

    pub(super) fn told(&mut self, id: PushId) -> Vec<String> {
        let reply = self.take(id);
        assert_eq!(reply.end, None);
        reply.frames.iter().map(|frame| shown(frame)).collect()
    }

    pub(super) fn send(&mut self, id: PushId, frame: &[u8]) {
        self.sim.service.push_receive(id, frame, self.sim.now);
    }

    pub(super) fn say(&mut self, id: PushId, name: &str) -> Vec<String> {
        self.say_to_the_end(id, name).0
    }

    pub(super) fn say_to_the_end(
        &mut self,
        id: PushId,
        name: &str,
    ) -> (Vec<String>, Option<PushEnd>) {
        self.sequence = match name {
            "Auth" => 1,
            _ => self.sequence + 1,
        };
        self.send(id, &step(self.sequence, name));
        let reply = self.take(id);
        let frames = reply.frames.iter().map(|frame| shown(frame)).collect();
        (frames, reply.end)
    }

    pub(super) fn act(&mut self, act: Act) {
        self.sim.service.act(act, self.sim.now).unwrap();
    }

    pub(super) fn fault(&mut self, rule: Rule) {
        self.sim.service.add_fault(rule).unwrap();
    }
}
