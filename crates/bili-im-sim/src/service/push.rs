//! Push connections of a service (docs/protocol.md §15), without sockets.

#[cfg(test)]
mod tests;

use http::{
    HeaderMap, Method, Request, StatusCode,
    header::{
        CONNECTION, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
        UPGRADE,
    },
};

use super::Service;
use crate::{
    answer::{Refusal, render},
    faults::{Effect, Kind, Rule},
    ids::{Seqno, Talker, Uid},
    push::{
        Heard, LONGEST_FRAME, Notification, PATH, PushEnd, PushId, PushReply, Stage, Step,
        UNKNOWN_PATH, WATCH_NOTIFY, answer, forged, garbage, giant, is_frame, kick_out, with_code,
    },
    reply::Reply,
    request::Incoming,
    state::ChangeKind,
    time::UnixMicros,
    world::Mode,
};

/// The status code of WebSocket for bytes that cannot be read.
const INVALID: u16 = 1007;
/// The status code of WebSocket for a frame that is too long.
const TOO_LONG: u16 = 1009;
/// The status code of WebSocket for a frame that is refused.
const REFUSED: u16 = 1008;

impl Service {
    /// Opens a push connection for a WebSocket handshake: a GET of `/sub` with its headers.
    ///
    /// The caller's clock decides over pushes: an advanced or wrong clock of the service has no
    /// effect on them.
    ///
    /// # Errors
    ///
    /// What the service does instead when it refuses the handshake, or a fault is set.
    pub fn push_connect(
        &mut self,
        request: Request<()>,
        now: UnixMicros,
    ) -> Result<PushId, Box<Reply>> {
        let decisive = self.fire_faults(PATH);
        let count = self.requests.entry(PATH).or_default();
        count.requests += 1;
        if let Some(rule) = decisive {
            count.disturbed += 1;
            return Err(Box::new(self.apply_fault(rule.kind, None, now)));
        }
        let admitted = self.admit(request, now);
        admitted.map_err(|refusal| {
            self.requests.entry(PATH).or_default().refused += 1;
            let answer = render(Err(refusal), self.state.options.mode);
            Box::new(Reply::Answer(self.dated(answer, now)))
        })
    }

    /// Takes a frame of the client. Has no effect when the connection is not open.
    pub fn push_receive(&mut self, id: PushId, frame: &[u8], now: UnixMicros) {
        let heard = (frame.len() <= LONGEST_FRAME).then(|| Heard::read(frame));
        let heard = match heard {
            None => return self.end_push(id, PushEnd::Closed(TOO_LONG), now),
            Some(None) => return self.end_push(id, PushEnd::Closed(INVALID), now),
            Some(Some(heard)) => heard,
        };
        if self.push_next(id).is_none() {
            return;
        }
        let step = Step::of(&heard.target_path);
        let may_fail = is_frame(&heard.target_path);
        let fault = may_fail
            .then(|| self.fire_faults(&heard.target_path))
            .flatten();
        let kind = fault.as_ref().map(|rule| rule.kind.clone());
        let takes_effect = fault.is_none_or(|Rule { effect, kind, .. }| {
            effect == Effect::After || kind.spares_effect()
        });
        let is_strict = self.state.options.mode == Mode::Strict;
        let Some(connection) = self.state.push.get_mut(id) else {
            return;
        };
        let done = if takes_effect {
            connection.take_step(step, &heard, is_strict, now)
        } else {
            Ok(())
        };
        if step == Some(Step::MessageAck) && done.is_ok() {
            return;
        }
        let moment = self.clock.at(now);
        let right = answer(&heard, step, moment);
        let Err((code, why)) = done else {
            return self.send_push(id, right, kind, now);
        };
        self.send_push(id, with_code(&right, code, why), kind, now);
        if code != UNKNOWN_PATH {
            self.end_push(id, PushEnd::Closed(REFUSED), now);
        }
    }

    /// What the service sends now. The connection is gone once it ends, and one that is not open is
    /// broken off.
    pub fn push_take(&mut self, id: PushId, now: UnixMicros) -> PushReply {
        self.state.push.take(id, now)
    }

    /// When [`push_take`](Self::push_take) has something next, if nothing else happens; `None` when
    /// the connection is not open.
    #[must_use]
    pub fn push_next(&self, id: PushId) -> Option<UnixMicros> {
        self.state.push.next(id)
    }

    /// Forgets a connection that the client has closed.
    pub fn push_close(&mut self, id: PushId) {
        self.state.push.close(id);
    }

    /// How often any user was told something.
    #[cfg(feature = "server")]
    pub(crate) fn pushes(&self) -> u64 {
        self.pushes
    }

    fn admit(&mut self, request: Request<()>, now: UnixMicros) -> Result<PushId, Refusal> {
        if request.uri().path() != PATH {
            return Err(Refusal::page(StatusCode::NOT_FOUND, "the path is not /sub"));
        }
        let is_strict = self.state.options.mode == Mode::Strict;
        check_headers(request.method(), request.headers(), is_strict)?;
        let refused = |why| Refusal::page(StatusCode::UNAUTHORIZED, why);
        let sessdata = Incoming::new(request.map(|()| Vec::new())).cookie("SESSDATA");
        let sessdata = sessdata.ok_or_else(|| refused("there is no cookie SESSDATA"))?;
        let moment = self.pass(now);
        let login = self.state.logins.get(&sessdata, moment);
        let uid = login
            .ok_or_else(|| refused("no account has this SESSDATA"))?
            .uid;
        let opened = self.state.push.open(uid, now);
        opened.ok_or_else(|| Refusal::page(StatusCode::SERVICE_UNAVAILABLE, "too many connections"))
    }

    /// Sends notifications of what has changed.
    pub(crate) fn notify(&mut self, now: UnixMicros) {
        for change in std::mem::take(&mut self.state.changes) {
            let ids: Vec<PushId> = self.state.push.subscribed(change.uid).collect();
            for id in ids {
                self.pushes += 1;
                self.push_change(id, change.kind, now);
            }
        }
    }

    fn push_change(&mut self, id: PushId, kind: ChangeKind, now: UnixMicros) {
        let (talker, seqno) = match kind {
            ChangeKind::Message { talker, seqno } => (talker, Some(seqno)),
            ChangeKind::Session { talker } => (talker, None),
            ChangeKind::KickOut => return self.replace_push(id, Kind::KickOut, now),
            ChangeKind::Garbage => return self.replace_push(id, Kind::Garbage, now),
            ChangeKind::Forged => return self.replace_push(id, Kind::Forged, now),
        };
        let fault = self.fire_faults(WATCH_NOTIFY).map(|rule| rule.kind);
        let uid = if fault == Some(Kind::OtherUid) {
            Uid(id.uid().0 + 1)
        } else {
            id.uid()
        };
        let frame = self.notification(id.uid(), uid, talker, seqno, now);
        if fault != Some(Kind::Stall) {
            self.state.push.count_notification(id.uid());
        }
        self.send_push(id, frame, fault, now);
    }

    /// The frame that tells `owner` of a message or a changed session, under the name of `uid`.
    fn notification(
        &mut self,
        owner: Uid,
        uid: Uid,
        talker: Talker,
        seqno: Option<Seqno>,
        now: UnixMicros,
    ) -> Vec<u8> {
        let mut chance = self.state.chance.fork();
        let moment = self.clock.at(now);
        Notification {
            uid,
            talker,
            latest: self.state.newest,
            written: seqno.and_then(|seqno| self.state.message(owner, talker, seqno)),
        }
        .frame(&self.state.options, &mut chance, moment)
    }

    fn replace_push(&mut self, id: PushId, kind: Kind, now: UnixMicros) {
        self.send_push(id, Vec::new(), Some(kind), now);
    }

    fn end_push(&mut self, id: PushId, end: PushEnd, now: UnixMicros) {
        if let Some(connection) = self.state.push.get_mut(id) {
            connection.end(end, now);
        }
    }

    /// Sends a frame, as far as a fault lets it.
    fn send_push(&mut self, id: PushId, frame: Vec<u8>, fault: Option<Kind>, now: UnixMicros) {
        let moment = self.clock.at(now);
        let chance = &mut self.state.chance;
        let Some(connection) = self.state.push.get_mut(id) else {
            return;
        };
        match fault {
            Some(Kind::Stall) => {}
            Some(Kind::BreakOff) => connection.end(PushEnd::BrokenOff, now),
            Some(Kind::Close) => connection.end(PushEnd::Closed(1001), now),
            Some(Kind::CutShort { bytes }) => {
                let sent = bytes.min(frame.len().saturating_sub(1));
                connection.end(PushEnd::CutShort { frame, sent }, now);
            }
            Some(Kind::Code { code, message }) => {
                let message = message.unwrap_or_default();
                connection.send(with_code(&frame, code, &message), now);
            }
            Some(Kind::Garbage) => connection.send(garbage(chance), now),
            Some(Kind::Giant { bytes }) => connection.send(giant(bytes), now),
            Some(Kind::Twice) => {
                connection.send(frame.clone(), now);
                connection.send(frame, now);
            }
            Some(Kind::Late { seconds }) => connection.send(frame, now.plus_secs(seconds.into())),
            Some(Kind::KickOut) => {
                connection.stage = Stage::KickedOut;
                connection.send(kick_out(id.uid(), chance, moment), now);
            }
            Some(Kind::Forged) => {
                let options = &self.state.options;
                connection.send(forged(id.uid(), options, chance, moment), now);
            }
            _ => connection.send(frame, now),
        }
    }
}

/// Refuses a request that is not the handshake of docs/protocol.md §15.
fn check_headers(method: &Method, headers: &HeaderMap, is_strict: bool) -> Result<(), Refusal> {
    let has = |name, wanted: &str| {
        let lines = headers.get_all(name).iter();
        let mut parts = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        parts.any(|part| part.trim().eq_ignore_ascii_case(wanted))
    };
    let (status, why) = if method != Method::GET {
        (StatusCode::METHOD_NOT_ALLOWED, "the handshake is not a GET")
    } else if !has(UPGRADE, "websocket") || !has(CONNECTION, "upgrade") {
        (StatusCode::UPGRADE_REQUIRED, "no upgrade to websocket")
    } else if !has(SEC_WEBSOCKET_VERSION, "13") || !headers.contains_key(SEC_WEBSOCKET_KEY) {
        (
            StatusCode::BAD_REQUEST,
            "no key or another version of WebSocket",
        )
    } else if !has(SEC_WEBSOCKET_PROTOCOL, "proto") {
        (StatusCode::BAD_REQUEST, "the subprotocol is not proto")
    } else if is_strict && !headers.contains_key(ORIGIN) {
        (StatusCode::FORBIDDEN, "there is no Origin")
    } else {
        return Ok(());
    };
    Err(Refusal::page(status, why))
}
