//! The simulated service: it turns a request into a reply.

mod faults;
mod push;
#[cfg(test)]
mod tests;

use http::{
    Response, StatusCode,
    header::{ALLOW, DATE, HeaderValue},
};

use crate::{
    answer::{html, render},
    call::Call,
    endpoints::{self, Found, find},
    faults::{Effect, Rule, RuleState},
    ids::{MsgKey, Seqno, Talker, Uid},
    images,
    push::PATH,
    reply::Reply,
    request::Incoming,
    snapshot::{ClockState, MessageState, Requests, Snapshot},
    state::{Stage, State},
    time::{Clock, UnixMicros},
    world::{Act, Knows, Message, World, WorldError, check_message, each},
};

/// The simulated service.
///
/// It reads no clock and draws no true random numbers. The same world, requests and times give the
/// same replies.
#[derive(Debug)]
pub struct Service {
    state: State,
    clock: Clock,
    faults: Vec<RuleState>,
    requests: Requests,
    /// How often any user was told something over a push connection.
    pushes: u64,
}

impl Service {
    /// Makes a service of a world. The times in the world are relative to `start`.
    ///
    /// # Errors
    ///
    /// When the parts of the world do not fit together.
    pub fn new(world: World, start: UnixMicros) -> Result<Self, WorldError> {
        world.check()?;
        each("faults", &world.faults, faults::check)?;
        let faults = world.faults.iter().cloned().map(RuleState::from);
        let faults = faults.collect();
        let state = State::new(world, start);
        Ok(Self {
            state,
            clock: Clock::default(),
            faults,
            requests: Requests::default(),
            pushes: 0,
        })
    }

    /// Advances the service's clock, in addition to the time that passes for its callers.
    pub fn advance_clock(&mut self, seconds: u64) {
        self.clock.advanced_seconds = self.clock.advanced_seconds.saturating_add(seconds);
    }

    /// Sets how far the service's clock is wrong; positive is ahead, negative is behind.
    pub fn skew_clock(&mut self, seconds: i64) {
        self.clock.skew_seconds = seconds;
    }

    /// The service's clock when the callers' clock shows `now`.
    #[must_use]
    pub fn clock(&self, now: UnixMicros) -> ClockState {
        ClockState::new(self.clock, now)
    }

    /// Changes the signing keys.
    pub fn rotate_keys(&mut self) {
        self.state.key_ring.rotate();
    }

    /// Writes a message as any user, without any limit.
    ///
    /// # Errors
    ///
    /// When a user or group of the message does not exist, or the service is full.
    pub fn write(
        &mut self,
        message: Message,
        now: UnixMicros,
    ) -> Result<(MsgKey, Seqno), WorldError> {
        check_message(&message, &self.state)?;
        if self.state.is_full() {
            return Err(WorldError::invalid("messages", "the service holds no more"));
        }
        let moment = self.pass(now);
        let written = self.state.write(message, moment);
        self.notify(now);
        Ok(written)
    }

    /// Does what a user does on the phone, without limits and faults. Repeating an act has no
    /// effect, except that a second recall or removal is an error.
    ///
    /// # Errors
    ///
    /// When something that the act names does not exist, the message to recall is another user's or
    /// already recalled or removed, the group to join is dissolved, or the owner leaves a group.
    pub fn act(&mut self, act: Act, now: UnixMicros) -> Result<(), WorldError> {
        let moment = self.pass(now);
        self.state.act(act, moment)?;
        self.notify(now);
        Ok(())
    }

    /// Does the acts in order, up to the first that fails.
    pub(crate) fn act_all(&mut self, acts: Vec<Act>, now: UnixMicros) -> Result<(), WorldError> {
        let moment = self.pass(now);
        let done = each("acts", &acts, |act| self.state.act(act.clone(), moment));
        self.notify(now);
        done
    }

    /// Scans a QR code with the phone of `uid`, and returns the code's key. Without a key, this is
    /// the newest code.
    ///
    /// # Errors
    ///
    /// When there is no such user, or no such code that is valid.
    pub fn scan_qr(
        &mut self,
        qrcode_key: Option<&str>,
        uid: impl Into<Uid>,
        now: UnixMicros,
    ) -> Result<String, WorldError> {
        self.advance_qr(qrcode_key, uid.into(), Stage::Scanned, now)
    }

    /// Confirms a login by QR code on the phone of `uid`. The code need not have been scanned.
    ///
    /// # Errors
    ///
    /// When there is no such user, or no such code that is valid.
    pub fn confirm_qr(
        &mut self,
        qrcode_key: Option<&str>,
        uid: impl Into<Uid>,
        now: UnixMicros,
    ) -> Result<String, WorldError> {
        let uid = uid.into();
        self.advance_qr(qrcode_key, uid, Stage::Confirmed(uid), now)
    }

    fn advance_qr(
        &mut self,
        qrcode_key: Option<&str>,
        uid: Uid,
        stage: Stage,
        now: UnixMicros,
    ) -> Result<String, WorldError> {
        self.state.check_exists("uid", uid)?;
        self.state
            .qr_codes
            .advance(qrcode_key, stage, self.clock.at(now))
            .ok_or_else(|| {
                WorldError::invalid("qrcode_key", "there is no such code, or it has expired")
            })
    }

    /// The state of the service, as `GET /_sim/state` returns it.
    #[must_use]
    pub fn snapshot(&self, now: UnixMicros) -> Snapshot {
        Snapshot::new(&self.state, self.clock, &self.faults, &self.requests, now)
    }

    /// The talkers of an account's sessions, intercepted ones included. The sessions that it
    /// removed are left out.
    pub fn talkers(&self, owner: impl Into<Uid>) -> impl Iterator<Item = Talker> {
        self.state.sessions(owner.into()).map(|view| view.talker)
    }

    /// The messages of a session as its owner can read them, oldest first: without tips for others
    /// and without what the system removed.
    pub fn conversation(
        &self,
        owner: impl Into<Uid>,
        talker: impl Into<Talker>,
    ) -> impl Iterator<Item = MessageState> {
        let (owner, talker) = (owner.into(), talker.into());
        let can_read = match talker {
            Talker::User(_) => true,
            Talker::Group(group) => self.state.joined(owner, group).is_ok(),
        };
        let messages = self.state.conversation(owner, talker).iter();
        messages
            .filter(move |written| can_read && written.message.is_shown_to(owner))
            .map(MessageState::from)
    }

    /// What the service does with a request to one of its own paths.
    pub(crate) fn reply(&mut self, incoming: &Incoming, now: UnixMicros) -> Reply {
        let decisive = self.fire_faults(&incoming.path);
        let count = self
            .requests
            .entry(endpoints::name(&incoming.path))
            .or_default();
        count.requests += 1;
        let Some(Rule { effect, kind, .. }) = decisive else {
            return Reply::Answer(self.answer(incoming, now));
        };
        count.disturbed += 1;
        let answer = match effect {
            Effect::Before => None,
            Effect::After => Some(self.answer(incoming, now)),
        };
        self.apply_fault(kind, answer, now)
    }

    fn answer(&mut self, incoming: &Incoming, now: UnixMicros) -> Response<Vec<u8>> {
        if let Some(image) = images::answer(incoming) {
            return self.dated(image, now);
        }
        let answer = match find(&incoming.method, &incoming.path) {
            Found::Nothing if incoming.path == PATH => html(StatusCode::UPGRADE_REQUIRED),
            Found::Nothing => html(StatusCode::NOT_FOUND),
            Found::WrongMethod(allowed) => {
                let mut answer = html(StatusCode::METHOD_NOT_ALLOWED);
                if let Ok(allowed) = HeaderValue::from_str(allowed.as_str()) {
                    answer.headers_mut().insert(ALLOW, allowed);
                }
                answer
            }
            Found::Endpoint(handler) => {
                let now = self.pass(now);
                let mut call = Call {
                    request: incoming,
                    state: &mut self.state,
                    now,
                };
                let result = handler(&mut call);
                if result.is_err() {
                    self.requests
                        .entry(endpoints::name(&incoming.path))
                        .or_default()
                        .refused += 1;
                }
                render(result, self.state.options.mode)
            }
        };
        self.dated(answer, now)
    }

    /// Lets time pass up to `now`, and returns the time of the service's clock.
    fn pass(&mut self, now: UnixMicros) -> UnixMicros {
        self.state.pass(self.clock.unskewed(now));
        self.clock.at(now)
    }

    /// Adds the `Date` header, which shows the service's clock (docs/protocol.md §4).
    pub(crate) fn dated(
        &self,
        mut answer: Response<Vec<u8>>,
        now: UnixMicros,
    ) -> Response<Vec<u8>> {
        if let Ok(date) = HeaderValue::try_from(self.clock.at(now).http_date()) {
            answer.headers_mut().insert(DATE, date);
        }
        answer
    }
}
