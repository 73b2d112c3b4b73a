//! Watchers with and without a push connection, in virtual time at the service's pace.

use std::{collections::VecDeque, mem, time::Duration};

use bili_im_proto::{
    Account, Event, EventKind, Flow, Input, Monotonic, Now, Outgoing, PushEvent, PushInput,
    PushSession, PushStep, Step, UnixMicros, WatchOptions,
};
use bili_im_sim::{PushId, Reply, Service};

use super::{OWN, Push, credential, message, service, spread_point, watched_accounts};
use crate::{Result, measure::Delays};

const SECOND: Duration = Duration::from_secs(1);

/// How long the service takes to answer a request.
const LATENCY: Duration = Duration::from_millis(20);

/// When the virtual time begins, in microseconds of the wall clock.
const BEGIN: u64 = 1_760_011_200_000_000;

/// A service and its virtual time.
struct Stage {
    service: Service,
    time: Monotonic,
    latency: Duration,
    requests: u32,
}

/// A program that watches.
pub struct Program {
    flow: Flow<Event, ()>,
    input: Input,
    connection: Option<Connection>,
    /// When the last message was delivered.
    told: Option<Monotonic>,
}

struct Connection {
    session: PushSession,
    id: Option<PushId>,
    /// Whether that was the last event.
    is_live: bool,
}

impl Stage {
    fn new(accounts: u64, latency: Duration) -> Result<Self> {
        Ok(Self {
            service: service(accounts, bili_im_sim::UnixMicros(BEGIN))?,
            time: Monotonic::default(),
            latency,
            requests: 0,
        })
    }

    fn now(&self) -> Now {
        Now {
            unix: UnixMicros(BEGIN).saturating_add(self.time.0),
            mono: self.time,
        }
    }

    fn sim_now(&self) -> bili_im_sim::UnixMicros {
        bili_im_sim::UnixMicros(self.now().unix.0)
    }

    fn answer(&mut self, outgoing: Outgoing) -> Result<Input> {
        self.requests += 1;
        let request = outgoing.request.map(Vec::from);
        let Reply::Answer(answer) = self.service.handle(request, self.sim_now()) else {
            return Err("the service did not answer".into());
        };
        self.time = self.time.after(self.latency);
        Ok(Input::Response(answer))
    }
}

impl Connection {
    /// Goes on until the session has read everything that was sent to it. Returns until when it
    /// waits.
    fn go_on(&mut self, stage: &mut Stage) -> Monotonic {
        let (mut input, mut frames) = (PushInput::Woken, VecDeque::new());
        let mut frame: Vec<u8>;
        loop {
            let now = stage.sim_now();
            input = match (self.session.resume(stage.now(), input), self.id) {
                (PushStep::Connect(request), _) => {
                    stage.requests += 1;
                    self.id = stage.service.push_connect(request, now).ok();
                    match self.id {
                        Some(_) => PushInput::Connected,
                        None => PushInput::Closed("refused".to_owned()),
                    }
                }
                (PushStep::WaitUntil(moment), id) => {
                    if let Some(id) = id.filter(|_| frames.is_empty()) {
                        frames = stage.service.push_take(id, now).frames.into();
                    }
                    let Some(next) = frames.pop_front() else {
                        return moment;
                    };
                    frame = next;
                    PushInput::Frame(&frame)
                }
                (PushStep::Send(bytes), Some(id)) => {
                    stage.service.push_receive(id, &bytes, now);
                    PushInput::Woken
                }
                (PushStep::Event(event), _) => {
                    self.is_live = event == PushEvent::Live;
                    PushInput::Woken
                }
                (PushStep::Close | PushStep::Send(_), _) => PushInput::Woken,
            };
        }
    }
}

impl Program {
    fn start(stage: &mut Stage, uid: u64, push: Push) -> Result<Self> {
        let account = Account::builder(credential(uid)?, [7; 24]).build();
        let (mut starting, mut input) = (account.cursor_now(), Input::Begin);
        let cursor = loop {
            input = match starting.resume(stage.now(), input) {
                Step::Send(outgoing) => stage.answer(outgoing)?,
                Step::Done(cursor) => break cursor?,
                Step::WaitUntil(moment) => {
                    stage.time = stage.time.max(moment);
                    Input::Woken
                }
                Step::Item(never) => match never {},
            };
        };
        let options = WatchOptions::default();
        let session = (push == Push::On).then(|| account.push_session());
        Ok(Self {
            flow: match &session {
                Some(session) => account.watch_pushed(cursor, options, session.hints()),
                None => account.watch(cursor, options),
            },
            input: Input::Begin,
            connection: session.map(|session| Connection {
                session,
                id: None,
                is_live: false,
            }),
            told: None,
        })
    }

    /// Does everything that can be done now. Returns when something is next.
    fn go_on(&mut self, stage: &mut Stage) -> Result<Monotonic> {
        loop {
            let connection = self.connection.as_mut();
            let push_due = connection.map(|connection| connection.go_on(stage));
            let input = mem::replace(&mut self.input, Input::Woken);
            match self.flow.resume(stage.now(), input) {
                Step::Send(outgoing) => self.input = stage.answer(outgoing)?,
                Step::Item(event) => {
                    if let EventKind::Message { .. } = event.kind {
                        self.told = Some(stage.time);
                    }
                }
                Step::WaitUntil(due) => {
                    let next = push_due.map_or(due, |push_due| due.min(push_due));
                    if next > stage.time {
                        return Ok(next);
                    }
                }
                Step::Done(result) => return Err(format!("it ended: {result:?}").into()),
            }
        }
    }

    fn pass(&mut self, stage: &mut Stage, time: Duration) -> Result<()> {
        let end = stage.time.after(time);
        while stage.time < end {
            let next = self.go_on(stage)?;
            stage.time = next.min(end);
        }
        Ok(())
    }
}

/// The times from some messages being accepted to their events.
pub fn delays(messages: u32, push: Push) -> Result<Delays> {
    let mut stage = Stage::new(1, LATENCY)?;
    let mut program = Program::start(&mut stage, OWN, push)?;
    let mut delays = vec![];
    for nth in 0..messages {
        program.pass(&mut stage, SECOND * 60 + spread_point(nth, SECOND * 240))?;
        program.told = None;
        let written = stage.time;
        (stage.service).write(message(&format!("{nth}")), stage.sim_now())?;
        let told = loop {
            let next = program.go_on(&mut stage)?;
            match program.told {
                Some(told) => break told,
                None => stage.time = next,
            }
        };
        delays.push(told.since(written).as_secs_f64());
    }
    Ok(Delays::of(delays))
}

/// How many requests an hour without messages takes. Opening a connection counts as one.
pub fn requests(push: Push) -> Result<u32> {
    let mut stage = Stage::new(1, LATENCY)?;
    let mut program = Program::start(&mut stage, OWN, push)?;
    program.pass(&mut stage, SECOND * 600)?;
    stage.requests = 0;
    program.pass(&mut stage, SECOND * 3_600)?;
    Ok(stage.requests)
}

/// Programs of that many accounts, which watch one service at the same time.
pub fn programs(accounts: u64, push: Push) -> Result<Vec<Program>> {
    let mut stage = Stage::new(accounts, Duration::ZERO)?;
    let mut programs = vec![];
    for uid in watched_accounts(accounts) {
        programs.push(Program::start(&mut stage, uid, push)?);
    }
    for _ in 0..10 {
        for program in &mut programs {
            program.go_on(&mut stage)?;
        }
        stage.time = stage.time.after(SECOND * 10);
    }
    let mut connections = (programs.iter()).filter_map(|program| program.connection.as_ref());
    match connections.all(|connection| connection.is_live) {
        true => Ok(programs),
        false => Err("a push connection is not live".into()),
    }
}
