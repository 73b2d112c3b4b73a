//! A watcher over many sessions, in virtual time, with generated answers.

mod service;

use std::{
    collections::BTreeMap,
    mem,
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

/// How far the service's clock advances between polls. A poll looks back a minute, and so finds a
/// few sessions.
const POLL_GAP: Duration = Duration::from_secs(15);

/// A program that watches, together with its service.
#[derive(Debug)]
pub struct Program {
    service: Service,
    flow: Flow<Event, ()>,
    /// The cursor that the program stores.
    cursor: Cursor,
    now: Now,
    /// The session that gets the next message.
    next: usize,
}

/// What a poll found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// How many messages were delivered.
    pub told: u32,
    /// Whether all sessions were compared, not only those that changed.
    pub everything: bool,
}

/// A wrapper that measures each piece of the crate's work. The work of the service is not wrapped.
pub type Around<'a> = &'a mut dyn FnMut(&mut dyn FnMut());

impl Program {
    /// A program that knows this many sessions and has caught up on all of them.
    pub fn knowing(sessions: u32) -> Result<Self> {
        let mut program = Self::start(sessions)?;
        let mut rest = program.service.sessions.len();
        // Few enough at a time that the minute which a poll looks back does not fill a list.
        while rest > 0 {
            program.pass(POLL_GAP);
            let some = rest.min(PAGE / 6);
            program.receive_from(some)?;
            rest -= some;
        }
        program.rest()?;
        Ok(program)
    }

    /// A program that was off while `sessions` people wrote a message each.
    pub fn absent(sessions: u32) -> Result<Self> {
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
        Ok(Self {
            service,
            flow: account.watch(cursor.clone(), options),
            cursor,
            now,
            next: 0,
        })
    }

    /// Catches up on all sessions in one poll.
    pub fn catch_up(&mut self, around: Around<'_>) -> Result<()> {
        self.pass(Duration::from_secs(1));
        let told = self.poll(around)?.told;
        if usize::try_from(told)? == self.service.sessions.len() {
            self.rest()
        } else {
            Err(format!("{told} messages were delivered").into())
        }
    }

    /// Sends one message to each of the next sessions, and polls.
    fn receive_from(&mut self, sessions: usize) -> Result<()> {
        for _ in 0..sessions {
            self.service.receive(self.next);
            self.next = (self.next + 1) % self.service.sessions.len();
        }
        let watched = self.poll(&mut |work| work())?;
        if usize::try_from(watched.told)? == sessions && !watched.everything {
            Ok(())
        } else {
            Err(format!("a poll with {sessions} messages found {watched:?}").into())
        }
    }

    /// Waits until the sessions count as quiet, then fills the minute that each poll looks back.
    fn rest(&mut self) -> Result<()> {
        self.pass(Duration::from_secs(600));
        let told = self.poll(&mut |work| work())?.told;
        if told != 0 {
            return Err(format!("{told} messages were delivered again").into());
        }
        for _ in 0..10 {
            self.poll_with_news(&mut |work| work())?;
        }
        Ok(())
    }

    /// Advances only the service's clock, as when a machine sleeps. The watcher's own waits do not
    /// end, such as the half hour between comparisons of all sessions.
    fn pass(&mut self, time: Duration) {
        self.service.now += time.as_micros() as u64;
    }

    /// Sends one message to some session, and polls.
    pub fn poll_with_news(&mut self, around: Around<'_>) -> Result<()> {
        self.pass(POLL_GAP);
        self.service.receive(self.next);
        // The next session must not be a neighbor of this one in any order.
        self.next = (self.next + 7_919) % self.service.sessions.len();
        let watched = self.poll(around)?;
        match watched {
            Watched {
                told: 1,
                everything: false,
            } => Ok(()),
            other => Err(format!("a poll with one message found {other:?}").into()),
        }
    }

    /// Runs the watcher until it waits for its next poll.
    fn poll(&mut self, around: Around<'_>) -> Result<Watched> {
        let mut watched = Watched::default();
        self.now.unix = UnixMicros(self.service.now);
        let mut input = None;
        loop {
            let mut step = None;
            around(&mut || {
                let input = input.take().unwrap_or(Input::Woken);
                let made = self.flow.resume(self.now, input);
                if let Step::Item(event) = &made
                    && let Some(position) = &event.position
                {
                    self.cursor.advance(position);
                }
                step = Some(made);
            });
            input = Some(match step.ok_or("no step was made")? {
                Step::Send(outgoing) => {
                    watched.everything |= outgoing.request.uri().path().ends_with("get_sessions");
                    Input::Response(self.service.answer(&outgoing)?)
                }
                Step::Item(event) => match event.kind {
                    EventKind::Message { .. } => {
                        watched.told += 1;
                        Input::Woken
                    }
                    other => return Err(format!("unexpected event {other:?}").into()),
                },
                Step::WaitUntil(moment) => {
                    self.now.mono = moment;
                    return Ok(watched);
                }
                Step::Done(result) => return Err(format!("the watch ended with {result:?}").into()),
            });
        }
    }

    /// Drops the service, so that only the watcher's memory is left.
    pub fn forget_service(&mut self) {
        drop(mem::take(&mut self.service));
    }
}

/// The watcher's time to catch up on this many sessions.
pub fn catching_up(sessions: u32) -> Result<Duration> {
    let mut work = Duration::ZERO;
    Program::absent(sessions)?.catch_up(&mut |step| {
        let start = Instant::now();
        step();
        work += start.elapsed();
    })?;
    Ok(work)
}

/// Measures polls with one message each; a function for [`compare`](crate::measure::compare).
pub fn polls(program: &mut Program) -> impl FnMut(u32) -> Result<Duration> {
    move |calls| {
        let mut work = Duration::ZERO;
        let mut timed = |step: &mut dyn FnMut()| {
            let start = Instant::now();
            step();
            work += start.elapsed();
        };
        for _ in 0..calls {
            program.poll_with_news(&mut timed)?;
        }
        Ok(work)
    }
}
