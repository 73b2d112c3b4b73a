//! A watcher over many sessions, in virtual time, with generated answers.

mod service;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bili_im_proto::{
    Account, Credential, Cursor, Event, EventKind, Flow, Hosts, Input, Monotonic, Now, Step,
    UnixMicros, WatchOptions,
};

use self::service::{PAGE, SECOND, Service};
use crate::Result;

/// The numbers of sessions to compare.
pub const SIZES: [u32; 3] = [10, 1_000, 100_000];

/// How far the wall clock advances between polls. A poll looks back a minute, and so finds a few
/// sessions.
const POLL_GAP: Duration = Duration::from_secs(15);

/// How many sessions further the next message goes. The number is prime, so that every session gets
/// its turn, and large, so that among many sessions the next is no neighbor of the last.
const STRIDE: usize = 7_919;

/// A program that watches, together with its service.
#[derive(Debug)]
pub struct Program {
    service: Service,
    watcher: Watcher,
    /// The session that gets the next message.
    next: usize,
}

/// The part of a program whose work and memory are measured.
#[derive(Debug)]
pub struct Watcher {
    flow: Flow<Event, ()>,
    /// The cursor that the program stores.
    cursor: Cursor,
    now: Now,
}

impl Watcher {
    /// Resumes the flow, and advances the cursor past the event that comes.
    pub fn resume(&mut self, input: Input) -> Step<Event, ()> {
        let step = self.flow.resume(self.now, input);
        if let Step::Item(event) = &step
            && let Some(position) = &event.position
        {
            self.cursor.advance(position);
        }
        step
    }
}

/// Resumes the watcher, and may measure that. The service's work is not measured.
pub trait Probe {
    /// Calls [`Watcher::resume`].
    fn resume(&mut self, watcher: &mut Watcher, input: Input) -> Result<Step<Event, ()>>;
}

/// Measures nothing.
#[derive(Debug)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn resume(&mut self, watcher: &mut Watcher, input: Input) -> Result<Step<Event, ()>> {
        Ok(watcher.resume(input))
    }
}

/// Adds up the time of the watcher's work.
#[derive(Default)]
struct Timer(Duration);

impl Probe for Timer {
    fn resume(&mut self, watcher: &mut Watcher, input: Input) -> Result<Step<Event, ()>> {
        let start = Instant::now();
        let step = watcher.resume(input);
        self.0 += start.elapsed();
        Ok(step)
    }
}

/// What a poll found.
#[derive(Debug, Default)]
struct Poll {
    /// How many messages were delivered.
    delivered: usize,
    /// Whether all sessions were compared, not only those that changed.
    compared_all: bool,
}

impl Program {
    /// A program that knows this many sessions and has caught up on all of them.
    pub fn caught_up(sessions: u32) -> Result<Self> {
        let mut program = Self::start(sessions)?;
        let mut remaining = program.service.sessions.len();
        // Few enough at a time that the minute which a poll looks back does not fill a list.
        while remaining > 0 {
            program.advance_wall_clock(POLL_GAP);
            let batch = remaining.min(PAGE / 6);
            program.receive_from(batch)?;
            remaining -= batch;
        }
        program.settle()?;
        Ok(program)
    }

    /// A program that was off while `sessions` people wrote a message each.
    pub fn behind(sessions: u32) -> Result<Self> {
        let mut program = Self::start(sessions)?;
        program.service.now += 10 * SECOND;
        for index in 0..program.service.sessions.len() {
            program.service.receive(index);
        }
        Ok(program)
    }

    /// A program that starts to watch before anyone has written.
    fn start(sessions: u32) -> Result<Self> {
        let service = Service {
            now: 1_760_011_200 * SECOND,
            sessions: vec![(0, 0); usize::try_from(sessions)?],
            by_time: BTreeMap::new(),
        };
        let now = Now {
            unix: UnixMicros(service.now),
            mono: Monotonic(Duration::from_secs(1_000)),
        };
        let account = Account::builder(Credential::parse(crate::COOKIE)?, [7; 24])
            .hosts(Hosts::single("http://127.0.0.1:1".parse()?))
            .build();
        let mut starting = account.cursor_now();
        let mut input = Input::Begin;
        let cursor: Cursor = loop {
            input = match starting.resume(now, input) {
                Step::Send(outgoing) => Input::Response(service.answer(&outgoing)?),
                Step::Done(cursor) => break cursor?,
                Step::WaitUntil(_) => Input::Woken,
                Step::Item(never) => match never {},
            };
        };
        // The default capacity would be too small for so many sessions.
        let cursor = cursor.with_capacity(2 * service.sessions.len());
        let options = WatchOptions::default().with_interval(Duration::from_millis(1));
        let watcher = Watcher {
            flow: account.watch(cursor.clone(), options),
            cursor,
            now,
        };
        Ok(Self {
            service,
            watcher,
            next: 0,
        })
    }

    /// Catches up on all sessions in one poll.
    pub fn catch_up(&mut self, probe: &mut impl Probe) -> Result<()> {
        self.advance_wall_clock(Duration::from_secs(1));
        let delivered = self.poll(probe)?.delivered;
        let expected = self.service.sessions.len();
        if delivered == expected {
            self.settle()
        } else {
            Err(format!("{delivered} messages were delivered instead of {expected}").into())
        }
    }

    /// Receives one message in each of the next sessions.
    fn receive_from(&mut self, sessions: usize) -> Result<()> {
        for _ in 0..sessions {
            self.service.receive(self.next);
            self.next = (self.next + 1) % self.service.sessions.len();
        }
        self.poll_for(sessions, &mut NoProbe)
    }

    /// Waits until the sessions count as quiet, then fills the minute that each poll looks back.
    fn settle(&mut self) -> Result<()> {
        self.advance_wall_clock(Duration::from_secs(600));
        let delivered = self.poll(&mut NoProbe)?.delivered;
        if delivered != 0 {
            return Err(format!("{delivered} messages were delivered again").into());
        }
        for _ in 0..10 {
            self.poll_with_news(&mut NoProbe)?;
        }
        Ok(())
    }

    /// Advances the wall clock, which the service and the watcher share. The watcher's monotonic
    /// clock stands still, as when a machine sleeps. So the watcher's own waits do not end, such as
    /// the half hour between comparisons of all sessions.
    fn advance_wall_clock(&mut self, time: Duration) {
        self.service.now += time.as_micros() as u64;
    }

    /// Sends one message to some session, and polls.
    pub fn poll_with_news(&mut self, probe: &mut impl Probe) -> Result<()> {
        self.advance_wall_clock(POLL_GAP);
        self.service.receive(self.next);
        self.next = (self.next + STRIDE) % self.service.sessions.len();
        self.poll_for(1, probe)
    }

    /// Polls, and checks that `messages` are delivered without comparing all sessions.
    fn poll_for(&mut self, messages: usize, probe: &mut impl Probe) -> Result<()> {
        let poll = self.poll(probe)?;
        if poll.delivered == messages && !poll.compared_all {
            Ok(())
        } else {
            Err(format!("a poll for {messages} messages found {poll:?}").into())
        }
    }

    /// Runs the watcher until it waits for its next poll.
    fn poll(&mut self, probe: &mut impl Probe) -> Result<Poll> {
        let mut poll = Poll::default();
        self.watcher.now.unix = UnixMicros(self.service.now);
        let mut input = Input::Woken;
        loop {
            input = match probe.resume(&mut self.watcher, input)? {
                Step::Send(outgoing) => {
                    poll.compared_all |= outgoing.request.uri().path().ends_with("get_sessions");
                    Input::Response(self.service.answer(&outgoing)?)
                }
                Step::Item(event) => match event.kind {
                    EventKind::Message { .. } => {
                        poll.delivered += 1;
                        Input::Woken
                    }
                    other => return Err(format!("unexpected event {other:?}").into()),
                },
                Step::WaitUntil(moment) => {
                    self.watcher.now.mono = moment;
                    return Ok(poll);
                }
                Step::Done(result) => return Err(format!("the watch ended with {result:?}").into()),
            };
        }
    }

    /// Drops the service, so that only the watcher's memory is left.
    pub fn into_watcher(self) -> Watcher {
        self.watcher
    }
}

/// The watcher's time to catch up on this many sessions.
pub fn catching_up(sessions: u32) -> Result<Duration> {
    let mut timer = Timer::default();
    Program::behind(sessions)?.catch_up(&mut timer)?;
    Ok(timer.0)
}

/// Measures polls with one message each; a function for [`compare`](crate::measure::compare).
pub fn polls(program: &mut Program) -> impl FnMut(u32) -> Result<Duration> {
    move |calls| {
        let mut timer = Timer::default();
        for _ in 0..calls {
            program.poll_with_news(&mut timer)?;
        }
        Ok(timer.0)
    }
}
