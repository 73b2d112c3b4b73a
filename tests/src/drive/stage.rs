//! A service and its virtual time.

use std::{collections::VecDeque, fmt, time::Duration};

use bili_im_proto::{
    Account, AccountBuilder, Credential, Error, Flow, Hosts, Input, Outgoing, Pacing,
};
use bili_im_sim::{Act, Message, Mode, MsgKey, Seqno, Service, World, WorldError, faults::Rule};

use super::{Answers, Running, Seen, Timeline, Turn};

/// Where the service is said to be. Nothing ever connects to it.
const ORIGIN: &str = "http://127.0.0.1:1";

/// 2025-10-09 12:00:00 UTC: far from the daily change of keys.
const NOON: u64 = 1_760_011_200;

/// An unpaced account whose service is this machine. `entropy` makes accounts differ.
pub fn local_account(credential: Credential, entropy: u8) -> AccountBuilder {
    let builder = Account::builder(credential, [entropy; 24]).pacing(Pacing::off());
    match ORIGIN.parse() {
        Ok(origin) => builder.hosts(Hosts::single(origin)),
        Err(_) => builder,
    }
}

/// A service, by default the simulated one, and its virtual time.
#[derive(Debug)]
pub struct Stage<S = Service> {
    /// What answers.
    pub service: S,
    /// Its clocks, and the requests that it saw.
    pub time: Timeline,
}

impl Stage {
    /// A simulated service in the given world, which is strict, at noon of some day.
    ///
    /// # Errors
    /// When the parts of the world do not fit together.
    pub fn new(world: World) -> Result<Self, WorldError> {
        let service = Service::new(
            world.in_mode(Mode::Strict),
            bili_im_sim::UnixMicros(NOON * 1_000_000),
        )?;
        Ok(Self::of(service))
    }

    /// The wall clock, as the service's interface wants it.
    pub fn sim_now(&self) -> bili_im_sim::UnixMicros {
        bili_im_sim::UnixMicros(self.time.now.unix.0)
    }

    /// Somebody writes a message. Gives its key and number.
    ///
    /// # Panics
    /// When the service refuses it, as with the next two.
    pub fn write(&mut self, message: Message) -> (MsgKey, Seqno) {
        match self.service.write(message, self.sim_now()) {
            Ok(written) => written,
            Err(error) => panic!("{error}"),
        }
    }

    /// Somebody acts on a phone.
    pub fn act(&mut self, act: Act) {
        let done = self.service.act(act, self.sim_now());
        assert!(done.is_ok(), "{done:?}");
    }

    /// Makes something go wrong.
    pub fn fault(&mut self, rule: Rule) {
        let added = self.service.add_fault(rule);
        assert!(added.is_ok(), "{added:?}");
    }

    /// Brings a request to the service, whose answer nobody waits for.
    pub fn deliver(&mut self, outgoing: Outgoing) {
        let seen = Seen::new(self.time.now, outgoing);
        let _answer: (Duration, Input) = self.service.answer(self.time.now, &seen);
    }
}

impl<S: Answers> Stage<S> {
    /// A service at noon of some day.
    pub fn of(service: S) -> Self {
        let time = Timeline::new(NOON);
        Self { service, time }
    }

    /// Makes one step of a flow. A wait is waited out.
    pub fn turn<Item, Output>(&mut self, running: &mut Running<Output, Item>) {
        running.turn(&mut self.time, &mut self.service);
    }

    /// Drives a flow until it is as wanted.
    ///
    /// # Panics
    /// When it ends before.
    pub fn turn_until<Item: fmt::Debug, Output: fmt::Debug>(
        &mut self,
        running: &mut Running<Output, Item>,
        is_wanted: impl Fn(&Running<Output, Item>) -> bool,
    ) {
        while !is_wanted(running) {
            assert!(running.turn != Turn::Over, "{running:?}");
            self.turn(running);
        }
    }

    /// Drives a flow that has begun to its end.
    pub fn finish<Item, Output>(
        &mut self,
        running: &mut Running<Output, Item>,
    ) -> Result<Output, Error> {
        running.finish(&mut self.time, &mut self.service)
    }

    /// Drives a flow to its end; its items are dropped.
    pub fn run<Item, Output>(&mut self, flow: Flow<Item, Output>) -> Result<Output, Error> {
        self.finish(&mut Running::new(flow))
    }

    /// Drives a flow to its end. `instead` answers the requests that it wants to, by their
    /// endpoint, in the place of the service.
    pub fn run_with<Item, Output>(
        &mut self,
        flow: Flow<Item, Output>,
        mut instead: impl FnMut(&str) -> Option<Input>,
    ) -> Result<Output, Error> {
        let mut running = Running::new(flow);
        while running.turn != Turn::Over {
            match running.asks().and_then(&mut instead) {
                Some(input) => running.bring(input),
                None => self.turn(&mut running),
            }
        }
        self.finish(&mut running)
    }

    /// Drives several flows to their ends, side by side: each makes one step at a time, and the
    /// clock moves to the next wait when all are waiting.
    pub fn run_all<Item, Output>(
        &mut self,
        flows: impl IntoIterator<Item = Flow<Item, Output>>,
    ) -> Vec<Result<Output, Error>> {
        let mut running: Vec<_> = flows.into_iter().map(Running::new).collect();
        let mut queue: VecDeque<usize> = (0..running.len()).collect();
        while let Some(index) = queue.pop_front() {
            let now = self.time.now.mono;
            let next = (running.iter()).filter_map(|flow| match flow.turn {
                Turn::Over => None,
                Turn::Waits(until) => Some(until),
                Turn::Ready | Turn::Sends => Some(now),
            });
            if let Some(next) = next.min() {
                self.time.advance_to(next);
            }
            if let Some(flow) = running.get_mut(index) {
                if !matches!(flow.turn, Turn::Waits(until) if until > self.time.now.mono) {
                    self.turn(flow);
                }
                if flow.turn != Turn::Over {
                    queue.push_back(index);
                }
            }
        }
        let results = running.into_iter().filter_map(|flow| flow.result);
        results.collect()
    }
}
