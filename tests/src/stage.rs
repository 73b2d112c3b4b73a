//! The simulated service and an account's flows, brought together in virtual time.

use std::{collections::VecDeque, convert::Infallible, fmt, time::Duration};

use bili_im_proto::{
    Account, AccountBuilder, Credential, Error, Failure, Flow, Hosts, Input, Monotonic, Now,
    Outgoing, Pacing, Sent, Step, UnixMicros,
};
use bili_im_sim::{Reply, Service, World, WorldError};
use http::Method;

/// How long an exchange takes when nothing is wrong.
const LATENCY: Duration = Duration::from_millis(20);

/// Where the simulated service is said to be; nothing ever connects to it.
const ORIGIN: &str = "http://127.0.0.1:1";

/// A simulated service, two clocks that only move when told, and everything that was sent.
pub struct Stage {
    /// The service.
    pub service: Service,
    /// Every request that a flow made, in order.
    pub log: Vec<Exchange>,
    /// How many of the next requests cannot be sent at all.
    pub unreachable: u32,
    /// A mistake that an adapter could have: every failure is reported as certainly not sent.
    pub denies_sending: bool,
    /// A mistake that an adapter could have: every change is delivered twice.
    pub repeats_changes: bool,
    clock: Now,
}

/// One request, as the service saw it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When its flow asked for it.
    pub at: Now,
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// The fields of its query, decoded.
    pub query: Vec<(String, String)>,
    /// The fields of its body, decoded.
    pub form: Vec<(String, String)>,
    /// Whether it reached the service.
    pub delivered: bool,
}

impl Exchange {
    fn new(at: Now, outgoing: &Outgoing) -> Self {
        let uri = outgoing.request.uri();
        let fields = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
        Self {
            at,
            method: outgoing.request.method().clone(),
            path: uri.path().to_owned(),
            query: fields(uri.query().unwrap_or_default().as_bytes()),
            form: fields(outgoing.request.body().as_ref()),
            delivered: false,
        }
    }

    /// The last segment of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// A field of its query.
    pub fn query_field(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// A field of its body.
    pub fn form_field(&self, name: &str) -> Option<&str> {
        find(&self.form, name)
    }

    /// Whether it is the send of a text or an image.
    pub fn is_send(&self) -> bool {
        self.name() == "send_msg" && matches!(self.form_field("msg[msg_type]"), Some("1" | "2"))
    }
}

fn find<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = fields.iter().find(|(other, _)| other == name)?;
    Some(value)
}

impl Stage {
    /// A service in the given world, at noon of some day.
    ///
    /// # Errors
    /// When the parts of the world do not fit together.
    pub fn new(world: World) -> Result<Self, WorldError> {
        // 1,760,011,200 is 2025-10-09 12:00:00 UTC: far from the daily change of keys.
        let clock = Now {
            unix: UnixMicros(1_760_011_200_000_000),
            mono: Monotonic(Duration::from_secs(1_000)),
        };
        let service = Service::new(world, bili_im_sim::UnixMicros(clock.unix.0))?;
        Ok(Self {
            service,
            log: Vec::new(),
            unreachable: 0,
            denies_sending: false,
            repeats_changes: false,
            clock,
        })
    }

    /// An account of that login here, unpaced. `entropy` makes accounts differ.
    pub fn account(&self, credential: Credential, entropy: u8) -> AccountBuilder {
        let builder = Account::builder(credential, [entropy; 24]).pacing(Pacing::off());
        match ORIGIN.parse() {
            Ok(origin) => builder.hosts(Hosts::single(origin)),
            Err(_) => builder,
        }
    }

    /// What the clocks show.
    pub fn now(&self) -> Now {
        self.clock
    }

    /// The wall clock, as the service's interface wants it.
    pub fn sim_now(&self) -> bili_im_sim::UnixMicros {
        bili_im_sim::UnixMicros(self.clock.unix.0)
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        self.clock.unix = self.clock.unix.saturating_add(by);
        self.clock.mono = self.clock.mono.after(by);
    }

    /// Sets the wall clock alone, as its owner might.
    pub fn set_wall_clock(&mut self, unix: UnixMicros) {
        self.clock.unix = unix;
    }

    /// Carries a request, which a flow asked for at some moment, to the service and the answer back.
    pub fn exchange(&mut self, asked: Now, outgoing: Outgoing) -> Input {
        let at = self.log.len();
        self.log.push(Exchange::new(asked, &outgoing));
        if self.unreachable > 0 {
            self.unreachable -= 1;
            return Input::Failed(Failure::new(Sent::No, "connection refused"));
        }
        if let Some(exchange) = self.log.get_mut(at) {
            exchange.delivered = true;
        }
        let (timeout, max_body) = (outgoing.timeout, outgoing.max_body);
        let reply = self.deliver(outgoing);
        let failure = |cause: &str| {
            let sent = if self.denies_sending {
                Sent::No
            } else {
                Sent::Maybe
            };
            Failure::new(sent, cause)
        };
        let (took, input) = match reply {
            Reply::Answer(answer) if answer.body().len() > max_body => {
                (LATENCY, Input::Failed(failure("the answer is too long")))
            }
            Reply::Answer(answer) => (LATENCY, Input::Response(answer)),
            Reply::BrokenOff => (LATENCY, Input::Failed(failure("connection reset"))),
            Reply::Stalled => (timeout, Input::Failed(failure("timed out"))),
            Reply::CutShort { answer, .. } => (
                LATENCY,
                Input::Failed(Failure {
                    head: Some(Box::new(answer.into_parts().0)),
                    ..failure("the connection was closed within the body")
                }),
            ),
        };
        self.advance(took);
        input
    }

    /// Brings a request to the service, whose answer nobody waits for.
    pub fn deliver(&mut self, outgoing: Outgoing) -> Reply {
        let request = outgoing.request.map(Vec::from);
        if self.repeats_changes && request.method() == Method::POST {
            let _ = self.service.handle(request.clone(), self.sim_now());
        }
        self.service.handle(request, self.sim_now())
    }

    /// Drives a flow to its end; its items are dropped.
    ///
    /// # Errors
    /// What the flow ends with.
    pub fn run<Item, Output>(&mut self, flow: Flow<Item, Output>) -> Result<Output, Error> {
        let mut running = Running::new(flow);
        loop {
            if let Some(result) = running.result.take() {
                return result;
            }
            running.turn(self);
        }
    }

    /// Drives several flows to their ends, side by side: each makes one step at a time, and the
    /// clock moves to the next wait when all are waiting.
    ///
    /// # Errors
    /// What each ends with.
    pub fn run_all<Item, Output>(
        &mut self,
        flows: impl IntoIterator<Item = Flow<Item, Output>>,
    ) -> Vec<Result<Output, Error>> {
        let mut running: Vec<_> = flows.into_iter().map(Running::new).collect();
        let mut queue: VecDeque<usize> = (0..running.len()).collect();
        while let Some(index) = queue.pop_front() {
            let earliest = (running.iter())
                .filter_map(|flow| match flow.turn {
                    Turn::Over => None,
                    Turn::Waits(until) => Some(until),
                    Turn::Ready | Turn::Sends => Some(self.clock.mono),
                })
                .min();
            if let Some(earliest) = earliest {
                self.advance(earliest.since(self.clock.mono));
            }
            if let Some(flow) = running.get_mut(index) {
                if !matches!(flow.turn, Turn::Waits(until) if until > self.clock.mono) {
                    flow.turn(self);
                }
                if flow.turn != Turn::Over {
                    queue.push_back(index);
                }
            }
        }
        (running.into_iter())
            .filter_map(|flow| flow.result)
            .collect()
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("clock", &self.clock)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

/// What a flow in progress is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Go on.
    Ready,
    /// Have its request carried to the service.
    Sends,
    /// Wait until then.
    Waits(Monotonic),
    /// Nothing more.
    Over,
}

/// A flow in progress. Dropped, it is cancelled.
#[derive(Debug)]
pub struct Running<Output, Item = Infallible> {
    flow: Flow<Item, Output>,
    input: Option<Input>,
    outgoing: Option<(Now, Outgoing)>,
    /// What it is about to do.
    pub turn: Turn,
    /// Its items so far.
    pub items: Vec<Item>,
    /// How it ended.
    pub result: Option<Result<Output, Error>>,
}

impl<Output, Item> Running<Output, Item> {
    /// A flow that has not begun.
    pub fn new(flow: Flow<Item, Output>) -> Self {
        Self {
            flow,
            input: Some(Input::Begin),
            outgoing: None,
            turn: Turn::Ready,
            items: Vec::new(),
            result: None,
        }
    }

    /// The request that is on its way; taken from a flow that is then dropped, it may still arrive.
    pub fn take_outgoing(&mut self) -> Option<Outgoing> {
        self.outgoing.take().map(|(_, outgoing)| outgoing)
    }

    /// The request that is about to be carried to the service.
    pub fn outgoing(&self) -> Option<&Outgoing> {
        self.outgoing.as_ref().map(|(_, outgoing)| outgoing)
    }

    /// Answers the request that is about to be carried to the service, in its place.
    pub fn answer(&mut self, answer: http::Response<Vec<u8>>) {
        self.outgoing = None;
        self.input = Some(Input::Response(answer));
        self.turn = Turn::Ready;
    }

    /// Makes one step; a wait is waited out.
    pub fn turn(&mut self, stage: &mut Stage) {
        if let Some((asked, outgoing)) = self.outgoing.take() {
            self.input = Some(stage.exchange(asked, outgoing));
            self.turn = Turn::Ready;
            return;
        }
        match self.turn {
            Turn::Over => return,
            Turn::Waits(until) => stage.advance(until.since(stage.clock.mono)),
            Turn::Ready | Turn::Sends => {}
        }
        let input = self.input.take().unwrap_or(Input::Woken);
        self.turn = match self.flow.resume(stage.clock, input) {
            Step::Send(outgoing) => {
                self.outgoing = Some((stage.clock, outgoing));
                Turn::Sends
            }
            Step::WaitUntil(moment) => Turn::Waits(moment),
            Step::Item(item) => {
                self.items.push(item);
                Turn::Ready
            }
            Step::Done(result) => {
                self.result = Some(result);
                Turn::Over
            }
        };
    }
}
