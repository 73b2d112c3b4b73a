//! The service as a whole: a request in, a reply out.

use http::{
    Request, Response, StatusCode,
    header::{ALLOW, DATE, HeaderValue},
};

use crate::{
    answer::{html, render},
    call::Call,
    control,
    counters::Counters,
    endpoints::{self, Found, find},
    faults::{Effect, Kind, Plan, Rule, RuleState},
    ids::{MsgKey, Seqno, Uid},
    reply::Reply,
    request::Incoming,
    snapshot::{ClockState, Snapshot},
    state::{Stage, State},
    time::{Clock, UnixMicros},
    world::{Act, Message, World, WorldError, check_message},
};

/// More than any plan needs.
const MOST_FAULTS: usize = 1000;

/// The simulated service.
///
/// Nothing in it reads a clock or draws true random numbers: the same world, requests and times give the same replies.
#[derive(Debug)]
pub struct Service {
    state: State,
    clock: Clock,
    faults: Plan,
    counters: Counters,
}

impl Service {
    /// A service in the given world. The times in the world are relative to `start`.
    ///
    /// # Errors
    ///
    /// When the parts of the world do not fit together.
    pub fn new(world: World, start: UnixMicros) -> Result<Self, WorldError> {
        world.check()?;
        let mut faults = Plan::default();
        for rule in &world.faults {
            faults.add(rule.clone());
        }
        let state = State::new(world, start);
        Ok(Self {
            state,
            clock: Clock::default(),
            faults,
            counters: Counters::default(),
        })
    }

    /// Does what a request asks for, at the time `now` of whoever asks.
    ///
    /// The host of the request does not matter: the paths of all hosts are different.
    pub fn handle(&mut self, request: Request<Vec<u8>>, now: UnixMicros) -> Reply {
        let incoming = Incoming::new(request);
        if control::is_control(&incoming.path) {
            let answer = control::answer(self, &incoming, now);
            return Reply::Answer(self.dated(answer, now));
        }
        let decisive = self.fire_faults(&incoming.path);
        let count = self.counters.of(endpoints::name(&incoming.path));
        count.requests += 1;
        let Some(Rule { effect, kind, .. }) = decisive else {
            return Reply::Answer(self.answer(&incoming, now));
        };
        count.disturbed += 1;
        let undisturbed = match effect {
            Effect::Before => None,
            Effect::After => Some(self.answer(&incoming, now)),
        };
        self.disturb(kind, undisturbed, now)
    }

    /// Lets time pass for the service, on top of what its callers' clock says.
    pub fn advance_clock(&mut self, seconds: u64) {
        self.clock.advanced_seconds = self.clock.advanced_seconds.saturating_add(seconds);
    }

    /// Sets how far the service's clock is ahead of its callers'; negative is behind.
    pub fn skew_clock(&mut self, seconds: i64) {
        self.clock.skew_seconds = seconds;
    }

    /// The service's clock when its callers' shows `now`.
    #[must_use]
    pub fn clock(&self, now: UnixMicros) -> ClockState {
        ClockState::new(self.clock, now)
    }

    /// Changes the signing keys.
    pub fn rotate_keys(&mut self) {
        self.state.key_ring.rotate();
    }

    /// Writes a message as anyone, past every limit.
    ///
    /// # Errors
    ///
    /// When somebody who is named does not exist.
    pub fn write(
        &mut self,
        message: Message,
        now: UnixMicros,
    ) -> Result<(MsgKey, Seqno), WorldError> {
        check_message(&message, &self.state)?;
        if self.state.is_full() {
            return Err(WorldError::invalid("messages", "there is no room for more"));
        }
        let now = self.pass(now);
        Ok(self.state.write(message, now))
    }

    /// Does what somebody does on their phone, past every limit and fault. To do again what is done already has no effect;
    /// only a second recall is an error.
    ///
    /// # Errors
    ///
    /// When somebody or something that is named does not exist, the message is another's or recalled, the group to join is
    /// dissolved, or its owner leaves it.
    pub fn act(&mut self, act: Act, now: UnixMicros) -> Result<(), WorldError> {
        let now = self.pass(now);
        Ok(self.state.act(act, now)?)
    }

    /// Does these one after the other, up to the first that cannot be done.
    pub(crate) fn act_all(&mut self, acts: Vec<Act>, now: UnixMicros) -> Result<(), WorldError> {
        let now = self.pass(now);
        acts.into_iter().enumerate().try_for_each(|(at, act)| {
            let done = self.state.act(act, now);
            done.map_err(|flaw| flaw.within(&format!("acts[{at}]")))
        })
    }

    /// Scans a QR code with the phone of `uid`: the newest code, when no key is given. Returns the key of the code.
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

    /// Confirms on the phone of `uid` that whoever shows the QR code may log in, scanned or not.
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
        if !self.state.accounts.contains_key(&uid) {
            return Err(WorldError::invalid(
                "uid",
                format!("there is no user {uid}"),
            ));
        }
        self.state
            .qr_codes
            .advance(qrcode_key, stage, self.clock.at(now))
            .ok_or_else(|| {
                WorldError::invalid("qrcode_key", "there is no such code, or it has expired")
            })
    }

    /// Sets a fault, after those that are set.
    ///
    /// # Errors
    ///
    /// When it means nothing, like a chance above 1.
    pub fn add_fault(&mut self, rule: Rule) -> Result<(), WorldError> {
        self.add_faults(vec![rule])
    }

    /// Sets all of these faults or, when one of them means nothing, none.
    pub(crate) fn add_faults(&mut self, rules: Vec<Rule>) -> Result<(), WorldError> {
        for (at, rule) in rules.iter().enumerate() {
            rule.check().map_err(|(field, problem)| {
                WorldError::invalid(format!("faults[{at}].{field}"), problem)
            })?;
        }
        if self.faults.rules().len().saturating_add(rules.len()) > MOST_FAULTS {
            return Err(WorldError::invalid("faults", "there is no room for more"));
        }
        rules.into_iter().for_each(|rule| self.faults.add(rule));
        Ok(())
    }

    /// Lifts all faults. Rotated keys and a skewed clock stay.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The faults that are set, with how often their turn came.
    #[must_use]
    pub fn faults(&self) -> &[RuleState] {
        self.faults.rules()
    }

    /// Everything there is to see, as `GET /_sim/state` shows it.
    #[must_use]
    pub fn snapshot(&self, now: UnixMicros) -> Snapshot {
        Snapshot::new(&self.state, self.clock, &self.faults, &self.counters, now)
    }

    /// Counts a request against the faults, applies those that change the service, and returns the one that decides the
    /// answer: the first that was set.
    fn fire_faults(&mut self, path: &str) -> Option<Rule> {
        let mut decisive = None;
        for rule in self.faults.fire(path, &mut self.state.chance) {
            match rule.kind {
                Kind::RotateKeys => self.rotate_keys(),
                Kind::Skew { seconds } => self.skew_clock(seconds),
                _ => decisive = decisive.or(Some(rule)),
            }
        }
        decisive
    }

    fn answer(&mut self, incoming: &Incoming, now: UnixMicros) -> Response<Vec<u8>> {
        let answer = match find(&incoming.method, &incoming.path) {
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
                let said = handler(&mut call);
                if said.is_err() {
                    self.counters.of(endpoints::name(&incoming.path)).refused += 1;
                }
                render(said, self.state.options.mode)
            }
        };
        self.dated(answer, now)
    }

    fn disturb(
        &mut self,
        kind: Kind,
        undisturbed: Option<Response<Vec<u8>>>,
        now: UnixMicros,
    ) -> Reply {
        match kind.apply(undisturbed, self.state.options.mode, &mut self.state.chance) {
            Reply::Answer(answer) => Reply::Answer(self.dated(answer, now)),
            other => other,
        }
    }

    /// Lets time pass, and returns what the service's clock shows.
    fn pass(&mut self, now: UnixMicros) -> UnixMicros {
        self.state.pass(self.clock.unskewed(now));
        self.clock.at(now)
    }

    /// Every answer tells the service's clock (docs/protocol.md §4).
    fn dated(&self, mut answer: Response<Vec<u8>>, now: UnixMicros) -> Response<Vec<u8>> {
        if let Ok(date) = HeaderValue::try_from(self.clock.at(now).http_date()) {
            answer.headers_mut().insert(DATE, date);
        }
        answer
    }
}
