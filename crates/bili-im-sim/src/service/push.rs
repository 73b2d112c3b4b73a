//! Push connections of a service (docs/protocol.md §15), without sockets.

#[cfg(test)]
mod tests;

use http::{
    HeaderMap, Method, Request, StatusCode as Status,
    header::{
        CONNECTION, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
        UPGRADE,
    },
};

use super::Service;
use crate::{
    answer::{Refusal, render},
    faults::{Effect, Kind},
    ids::Uid,
    push::{
        FRAMES, Heard, LONGEST_FRAME, MESSAGE_ACK, Notification, PATH, PushEnd, PushId, PushReply,
        Stage, UNKNOWN_PATH, WATCH_NOTIFY, answer, forged, giant, kick_out, with_code,
    },
    reply::Reply,
    request::Incoming,
    state::ChangeKind,
    time::UnixMicros,
    world::Mode,
};

// Status codes of WebSocket.
const GOING_AWAY: u16 = 1001;
const INVALID: u16 = 1007;
const REFUSED: u16 = 1008;
const TOO_LONG: u16 = 1009;

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
        self.admit(request, now).map_err(|refusal| {
            self.requests.entry(PATH).or_default().refused += 1;
            let answer = render(Err(refusal), self.state.options.mode);
            Box::new(Reply::Answer(self.dated(answer, now)))
        })
    }

    /// Takes a frame of the client. Has no effect when the connection is not open.
    pub fn push_receive(&mut self, id: PushId, frame: &[u8], now: UnixMicros) {
        let heard = match Heard::read(frame) {
            _ if frame.len() > LONGEST_FRAME => return self.end_push(id, TOO_LONG, now),
            None => return self.end_push(id, INVALID, now),
            Some(heard) => heard,
        };
        if self.push_next(id).is_none() {
            return;
        }
        let can_fail = FRAMES.contains(&heard.path);
        let fault = can_fail.then(|| self.fire_faults(heard.path)).flatten();
        let takes_effect = fault
            .as_ref()
            .is_none_or(|rule| rule.effect == Effect::After || rule.kind.spares_effect());
        let is_strict = self.state.options.mode == Mode::Strict;
        let done = match self.state.push.open.get_mut(&id) {
            Some(open) if takes_effect => open.take_step(&heard, is_strict, now),
            _ => Ok(()),
        };
        let kind = fault.map(|rule| rule.kind);
        let right = answer(&heard, self.clock.at(now));
        match done {
            Ok(()) if heard.path == MESSAGE_ACK => {}
            Ok(()) => self.send_push(id, right, kind, now),
            Err((code, why)) => {
                self.send_push(id, with_code(&right, code, why), kind, now);
                if code != UNKNOWN_PATH {
                    self.end_push(id, REFUSED, now);
                }
            }
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
        self.state.push.open.get(&id).map(|open| open.next())
    }

    /// Forgets a connection that the client has closed.
    pub fn push_close(&mut self, id: PushId) {
        self.state.push.open.remove(&id);
    }

    /// How often any user was told something.
    #[cfg(feature = "server")]
    pub(crate) fn pushes(&self) -> u64 {
        self.pushes
    }

    fn admit(&mut self, request: Request<()>, now: UnixMicros) -> Result<PushId, Refusal> {
        if request.uri().path() != PATH {
            return Err(Refusal::page(Status::NOT_FOUND, "the path is not /sub"));
        }
        let is_strict = self.state.options.mode == Mode::Strict;
        check_headers(request.method(), request.headers(), is_strict)?;
        let cookie = Incoming::new(request.map(|()| Vec::new())).cookie("SESSDATA");
        let moment = self.pass(now);
        let login = cookie.and_then(|sessdata| self.state.logins.get(&sessdata, moment));
        let why = "there is no SESSDATA, or no account has it";
        let login = login.ok_or_else(|| Refusal::page(Status::UNAUTHORIZED, why))?;
        let opened = self.state.push.open(login.uid, now);
        opened.ok_or_else(|| Refusal::page(Status::SERVICE_UNAVAILABLE, "too many connections"))
    }

    /// Sends notifications of what has changed.
    pub(crate) fn notify(&mut self, now: UnixMicros) {
        for change in std::mem::take(&mut self.state.changes) {
            let ids: Vec<PushId> = self.state.push.subscribed(change.uid).collect();
            for id in ids {
                self.pushes += 1;
                self.push_change(id, &change.kind, now);
            }
        }
    }

    fn push_change(&mut self, id: PushId, kind: &ChangeKind, now: UnixMicros) {
        let (talker, seqno) = match *kind {
            ChangeKind::Message { talker, seqno } => (talker, Some(seqno)),
            ChangeKind::Session { talker } => (talker, None),
            ChangeKind::Fault(ref kind) => {
                return self.send_push(id, Vec::new(), Some(kind.clone()), now);
            }
        };
        let fault = self.fire_faults(WATCH_NOTIFY).map(|rule| rule.kind);
        let owner = id.uid();
        let mut chance = self.state.chance.fork();
        let notification = Notification {
            uid: Uid(owner.0 + u64::from(fault == Some(Kind::OtherUid))),
            talker,
            latest: self.state.newest,
            written: seqno.and_then(|seqno| self.state.message(owner, talker, seqno)),
        };
        let moment = self.clock.at(now);
        let frame = notification.frame(&self.state.options, &mut chance, moment);
        if fault != Some(Kind::Stall) {
            *self.state.push.notified.entry(owner).or_default() += 1;
        }
        self.send_push(id, frame, fault, now);
    }

    fn end_push(&mut self, id: PushId, code: u16, now: UnixMicros) {
        if let Some(connection) = self.state.push.open.get_mut(&id) {
            connection.end(PushEnd::Closed(code), now);
        }
    }

    /// Sends a frame, as far as a fault lets it.
    fn send_push(&mut self, id: PushId, frame: Vec<u8>, fault: Option<Kind>, now: UnixMicros) {
        let moment = self.clock.at(now);
        let chance = &mut self.state.chance;
        let Some(connection) = self.state.push.open.get_mut(&id) else {
            return;
        };
        let frame = match fault {
            Some(Kind::Stall) => return,
            Some(Kind::BreakOff) => return connection.end(PushEnd::BrokenOff, now),
            Some(Kind::Close) => return connection.end(PushEnd::Closed(GOING_AWAY), now),
            Some(Kind::CutShort { bytes }) => {
                let sent = bytes.min(frame.len().saturating_sub(1));
                return connection.end(PushEnd::CutShort { frame, sent }, now);
            }
            Some(Kind::Late { seconds }) => {
                return connection.send(frame, now.plus_secs(seconds.into()));
            }
            Some(Kind::Code { code, message }) => {
                with_code(&frame, code, &message.unwrap_or_default())
            }
            Some(Kind::Garbage) => vec![0xff; 32],
            Some(Kind::Giant { bytes }) => giant(bytes),
            Some(Kind::Twice) => {
                connection.send(frame.clone(), now);
                frame
            }
            Some(Kind::KickOut) => {
                connection.stage = Stage::KickedOut;
                kick_out(id.uid(), chance, moment)
            }
            Some(Kind::Forged) => forged(id.uid(), &self.state.options, chance, moment),
            _ => frame,
        };
        connection.send(frame, now);
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
    let get = method == Method::GET;
    let upgrade = has(UPGRADE, "websocket") && has(CONNECTION, "upgrade");
    let version = has(SEC_WEBSOCKET_VERSION, "13") && headers.contains_key(SEC_WEBSOCKET_KEY);
    let protocol = has(SEC_WEBSOCKET_PROTOCOL, "proto");
    let origin = !is_strict || headers.contains_key(ORIGIN);
    let wrong = [
        (get, Status::METHOD_NOT_ALLOWED, "it is not a GET"),
        (upgrade, Status::UPGRADE_REQUIRED, "no upgrade to websocket"),
        (version, Status::BAD_REQUEST, "no key, or not version 13"),
        (protocol, Status::BAD_REQUEST, "the protocol is not proto"),
        (origin, Status::FORBIDDEN, "there is no Origin"),
    ]
    .into_iter()
    .find(|(is_right, ..)| !is_right);
    wrong.map_or(Ok(()), |(_, status, why)| Err(Refusal::page(status, why)))
}
