//! A run.

use std::{collections::BTreeMap, convert::Infallible, fmt, time::Duration};

use bili_im_proto::{
    Account, Confirmation, Credential, Cursor, Error, Event, Failure, Flow, Hosts, Image, Input,
    Monotonic, MsgKey, Now, Outgoing, Pacing, RefusalKind, SendTicket, Sent, SentMessage, Seqno,
    Step, Talker, Text, Uid, UnixMicros, WatchOptions,
};
use bili_im_sim::{Act, Message, MessageState, Reply, Service};
use fastrand::Rng;

use crate::sends::{End, OneSend};
use crate::{
    history::{History, or_dash},
    laws::{Asked, Ledger, Told, TooFast, own_messages},
    plan::{Deed, How, OWN, Plan, Sending},
    stored::Stored,
};

/// Noon of some day, far from the daily change of keys, in microseconds since 1970.
const EPOCH: u64 = 1_760_011_200_000_000;

const MILLI: u64 = 1_000;
const SECOND: u64 = 1_000_000;

/// How long everything is left alone in the end before the program is started for the last time:
/// longer than any back-off.
const PAUSE: u64 = 50 * 60 * SECOND;

/// After how many happenings a run counts as one that does not end.
const ENOUGH: usize = 300_000;

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    /// The seed that everything was drawn from.
    pub seed: u64,
    /// The law that is broken, if one is.
    pub verdict: Result<(), String>,
    /// What happened, when it was asked for.
    pub history: String,
    /// How much happened.
    pub tally: Tally,
}

/// How much happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Events of messages and recalls told.
    pub told: usize,
    /// Of these, told again after a crash.
    pub repeated: usize,
    /// Requests made.
    pub requests: usize,
    /// Messages that the program wanted to send.
    pub sends: usize,
    /// Of these, reported as sent.
    pub sent: usize,
    /// Of these, called unconfirmed.
    pub unconfirmed: usize,
    /// How often the program died.
    pub crashes: usize,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            told: self.told + other.told,
            repeated: self.repeated + other.repeated,
            requests: self.requests + other.requests,
            sends: self.sends + other.sends,
            sent: self.sent + other.sent,
            unconfirmed: self.unconfirmed + other.unconfirmed,
            crashes: self.crashes + other.crashes,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} requests, {} events ({} again after one of {} crashes), {} sends ({} sent, {} unconfirmed)",
            self.requests,
            self.told,
            self.repeated,
            self.crashes,
            self.sends,
            self.sent,
            self.unconfirmed
        )
    }
}

/// Runs what a seed stands for.
pub fn run(seed: u64) -> Outcome {
    Simulation::new(seed, History::default()).outcome(seed)
}

/// The same, and writes down what happens.
pub fn replay(seed: u64) -> Outcome {
    Simulation::new(seed, History::written()).outcome(seed)
}

struct Simulation {
    rng: Rng,
    service: Service,
    history: History,
    ledger: Ledger,
    stored: Stored,
    running: Option<Running>,
    options: WatchOptions,
    capacity: Option<usize>,
    length: u64,
    rest: u64,
    /// Lists are later than a watcher expects: only comparing all sessions finds everything.
    is_tardy: bool,
    /// Microseconds since the run began.
    now: u64,
    queue: BTreeMap<(u64, u64), Next>,
    /// Tells apart what happens at the same time.
    order: u64,
    /// How far the machine's clock is ahead, in microseconds.
    ahead: i64,
    unreachable_until: u64,
    dies_at_event: bool,
    /// How often the program was started.
    starts: u32,
    /// How far the machine's clock was ahead when the account was stored, and how often it was another
    /// when that was read: times that were stored mean nothing then.
    stored_ahead: i64,
    clock_jumps: u32,
    tally: Tally,
    /// Faults that may end a watch were set.
    is_excused: bool,
}

/// The program, as long as it runs.
struct Running {
    account: Account,
    /// When it was started: its monotonic clock began then.
    since: u64,
    revision: u64,
    flows: BTreeMap<u64, Flying>,
    next_flow: u64,
}

struct Flying {
    flow: AnyFlow,
    /// What it waits for; an answer to anything else comes too late.
    ticket: u64,
    /// Which of its requests is out.
    asked: Option<usize>,
}

enum AnyFlow {
    Begin(Flow<Infallible, Cursor>),
    Watch(Flow<Event, ()>),
    Prepare(usize, Flow<Infallible, SendTicket>),
    Send(usize, Flow<Infallible, SentMessage>),
    Confirm(usize, Flow<Infallible, Confirmation>),
    Recall(Flow<Infallible, ()>),
}

/// What a flow wants, or came to.
enum Did {
    Sends(Outgoing),
    Waits(Monotonic),
    Tells(Event),
    Began(Result<Cursor, Error>),
    Ended(Error),
    Prepared(usize, Result<SendTicket, Error>),
    Sent(usize, Result<SentMessage, Error>),
    Confirmed(usize, Result<Confirmation, Error>),
    Over,
}

enum Next {
    Deed(Deed),
    Start,
    /// A flow goes on.
    Resume {
        flow: u64,
        ticket: u64,
        input: Input,
    },
    /// A request reaches the service.
    Arrive {
        flow: u64,
        ticket: u64,
        send: Option<usize>,
        outgoing: Outgoing,
    },
}

impl AnyFlow {
    fn resume(&mut self, now: Now, input: Input) -> Did {
        fn did<Output>(
            step: Step<Infallible, Output>,
            done: impl FnOnce(Result<Output, Error>) -> Did,
        ) -> Did {
            match step {
                Step::Send(outgoing) => Did::Sends(outgoing),
                Step::WaitUntil(moment) => Did::Waits(moment),
                Step::Item(never) => match never {},
                Step::Done(result) => done(result),
            }
        }
        match self {
            Self::Begin(flow) => did(flow.resume(now, input), Did::Began),
            Self::Prepare(id, flow) => did(flow.resume(now, input), |r| Did::Prepared(*id, r)),
            Self::Send(id, flow) => did(flow.resume(now, input), |r| Did::Sent(*id, r)),
            Self::Confirm(id, flow) => did(flow.resume(now, input), |r| Did::Confirmed(*id, r)),
            Self::Recall(flow) => did(flow.resume(now, input), |_| Did::Over),
            Self::Watch(flow) => match flow.resume(now, input) {
                Step::Send(outgoing) => Did::Sends(outgoing),
                Step::WaitUntil(moment) => Did::Waits(moment),
                Step::Item(event) => Did::Tells(event),
                Step::Done(Err(error)) => Did::Ended(error),
                Step::Done(Ok(())) => Did::Ended(Error::Finished),
            },
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Begin(_) => "begin",
            Self::Watch(_) => "watch",
            Self::Prepare(..) => "prepare",
            Self::Send(..) => "send",
            Self::Confirm(..) => "confirm",
            Self::Recall(_) => "recall",
        }
    }
}

impl Simulation {
    fn new(seed: u64, history: History) -> Result<Self, String> {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        let mut ledger = Ledger {
            options: plan.options,
            late: plan.world.options.late_lists * SECOND,
            ..Ledger::default()
        };
        let service = Service::new(plan.world, bili_im_sim::UnixMicros(EPOCH))
            .map_err(|error| error.to_string())?;
        let there = service.snapshot(bili_im_sim::UnixMicros(EPOCH));
        ledger.on_phone = own_messages(&there).collect();
        let mut simulation = Self {
            rng,
            service,
            history,
            ledger,
            stored: Stored::default(),
            running: None,
            options: plan.options,
            capacity: plan.capacity,
            length: plan.length.as_micros() as u64,
            rest: plan.rest.as_micros() as u64,
            is_tardy: plan.is_tardy,
            now: 0,
            queue: BTreeMap::new(),
            order: 0,
            ahead: 0,
            unreachable_until: 0,
            dies_at_event: false,
            starts: 0,
            stored_ahead: 0,
            clock_jumps: 0,
            tally: Tally::default(),
            is_excused: false,
        };
        simulation.later(0, Next::Start);
        for (at, deed) in plan.deeds {
            simulation.later(at, Next::Deed(deed));
        }
        Ok(simulation)
    }
}

trait Outcomes {
    fn outcome(self, seed: u64) -> Outcome;
}

impl Outcomes for Result<Simulation, String> {
    fn outcome(self, seed: u64) -> Outcome {
        let mut simulation = match self {
            Ok(simulation) => simulation,
            Err(wrong) => {
                return Outcome {
                    seed,
                    verdict: Err(wrong),
                    history: String::new(),
                    tally: Tally::default(),
                };
            }
        };
        let verdict = simulation.play();
        Outcome {
            seed,
            verdict,
            tally: simulation.tally(),
            history: simulation.history.into_text(),
        }
    }
}

impl Simulation {
    fn play(&mut self) -> Result<(), String> {
        self.go_on_until(self.length)?;
        // Whatever was wrong is over. What is still on its way is lost, but it is not lost what came.
        self.crash();
        self.queue.clear();
        self.service.clear_faults();
        self.unreachable_until = 0;
        self.now = self.now.max(self.length) + PAUSE;
        self.note(|| "all is well from now on".to_owned());
        if !self.is_tardy {
            let now = EPOCH + self.now;
            (self.stored.seem_compared(now)).map_err(|error| error.to_string())?;
        }
        self.start()?;
        let end = self.now + self.rest;
        self.go_on_until(end)?;
        let there = self.service.snapshot(self.service_now());
        self.ledger.check(&there)?;
        let wrong = |error: serde_json::Error| error.to_string();
        if let Some(cursor) = self.stored.cursor().map_err(wrong)? {
            let now = EPOCH + self.now;
            let position =
                serde_json::json!({ "talker": { "user": "2" }, "mark": now, "compared": now });
            let position = serde_json::from_value(position).map_err(wrong)?;
            let capacity = self.capacity.unwrap_or(10_000);
            (self.ledger).check_cursor(cursor, capacity, self.now, &position)?;
        }
        if self.stored.snapshot_size() > 100_000 {
            return Err("what is stored of the account grows without bound".to_owned());
        }
        Ok(())
    }

    fn tally(&self) -> Tally {
        let id = |told: &Told| told.event.id();
        let ids: std::collections::BTreeSet<_> = self.ledger.told.iter().filter_map(id).collect();
        let told = self.ledger.told.iter().filter_map(id).count();
        let sends = &self.ledger.sends;
        Tally {
            told,
            repeated: told - ids.len(),
            requests: self.ledger.requests.len(),
            sends: sends.len(),
            sent: (sends.iter())
                .filter(|send| matches!(send.end, End::Sent(_)))
                .count(),
            unconfirmed: (sends.iter())
                .filter(|send| send.end == End::Unconfirmed)
                .count(),
            crashes: self.tally.crashes,
        }
    }

    fn go_on_until(&mut self, end: u64) -> Result<(), String> {
        for _ in 0..ENOUGH {
            match self.queue.first_entry() {
                Some(next) if next.key().0 <= end => {
                    self.now = next.key().0;
                    let next = next.remove();
                    self.happen(next)?;
                }
                _ => return Ok(()),
            }
        }
        Err("it never comes to rest".to_owned())
    }

    fn happen(&mut self, next: Next) -> Result<(), String> {
        match next {
            Next::Deed(deed) => self.do_deed(deed),
            Next::Start => self.start(),
            Next::Resume {
                flow,
                ticket,
                input,
            } => self.resume(flow, ticket, input),
            Next::Arrive {
                flow,
                ticket,
                send,
                outgoing,
            } => {
                self.arrive(flow, ticket, send, outgoing);
                Ok(())
            }
        }
    }

    fn later(&mut self, after: u64, next: Next) {
        self.order += 1;
        self.queue.insert((self.now + after, self.order), next);
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.history.note(self.now, what);
    }

    fn service_now(&self) -> bili_im_sim::UnixMicros {
        bili_im_sim::UnixMicros(EPOCH + self.now)
    }

    /// What the clocks of a program show that was started at some time.
    fn clocks(&self, since: u64) -> Now {
        Now {
            unix: UnixMicros((EPOCH + self.now).saturating_add_signed(self.ahead)),
            mono: Monotonic(Duration::from_micros(77 * SECOND + self.now - since)),
        }
    }
}

/// The program.
impl Simulation {
    fn start(&mut self) -> Result<(), String> {
        if self.running.is_some() {
            return Ok(());
        }
        self.starts += 1;
        self.clock_jumps += u32::from(self.stored_ahead != self.ahead);
        let since = self.now;
        let unreadable =
            |error: serde_json::Error| format!("what was stored cannot be read: {error}");
        let login = Credential::new(&format!("sim-{OWN}"), &format!("{OWN:032}"), Uid(OWN))
            .map_err(|error| error.to_string())?;
        let origin = "http://127.0.0.1:1".parse().map_err(|_| "no origin")?;
        let mut builder = Account::builder(login, [self.starts as u8; 24])
            .hosts(Hosts::single(origin))
            .pacing(Pacing::default());
        if let Some(snapshot) = self.stored.snapshot().map_err(unreadable)? {
            builder = (builder.restore(&snapshot, self.clocks(since)))
                .map_err(|error| error.to_string())?;
        }
        let account = builder.build();
        // Its owner has been to the site meanwhile.
        account.lift_stop();
        self.running = Some(Running {
            revision: account.revision(),
            account: account.clone(),
            since,
            flows: BTreeMap::new(),
            next_flow: 0,
        });
        let starts = self.starts;
        self.note(|| format!("start {starts}"));
        let open: Vec<(usize, SendTicket)> = (self.ledger.sends.iter().enumerate())
            .filter(|(_, send)| send.end == End::Cancelled)
            .filter_map(|(id, send)| Some((id, send.ticket.clone()?)))
            .collect();
        for (id, ticket) in open {
            self.fly(AnyFlow::Confirm(id, account.confirm(ticket)));
        }
        match self.stored.cursor().map_err(unreadable)? {
            Some(cursor) => self.fly(AnyFlow::Watch(account.watch(cursor, self.options))),
            None => self.fly(AnyFlow::Begin(account.cursor_now())),
        }
        Ok(())
    }

    /// Dies, whatever it was doing.
    fn crash(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.tally.crashes += 1;
        self.note(|| "crash".to_owned());
        for flying in running.flows.into_values() {
            self.give_up(&flying.flow);
        }
    }

    fn give_up(&mut self, flow: &AnyFlow) {
        let (id, end) = match flow {
            AnyFlow::Send(id, _) => (*id, End::Cancelled),
            AnyFlow::Prepare(id, _) => (*id, End::Failed),
            _ => return,
        };
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.end = end;
        }
    }

    fn fly(&mut self, flow: AnyFlow) {
        let Some(running) = &mut self.running else {
            return;
        };
        let id = running.next_flow;
        running.next_flow += 1;
        let flying = Flying {
            flow,
            ticket: 0,
            asked: None,
        };
        running.flows.insert(id, flying);
        let input = Input::Begin;
        let resume = Next::Resume {
            flow: id,
            ticket: 0,
            input,
        };
        self.later(0, resume);
    }

    fn resume(&mut self, id: u64, ticket: u64, input: Input) -> Result<(), String> {
        let Some(since) = self.running.as_ref().map(|running| running.since) else {
            return Ok(());
        };
        let now = self.clocks(since);
        let heard = self.hear(id, ticket, &input);
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let Some(flying) = running.flows.get_mut(&id).filter(|f| f.ticket == ticket) else {
            return Ok(());
        };
        if let Some(asked) = flying.asked.take()
            && let Some(asked) = self.ledger.requests.get_mut(asked)
        {
            asked.too_fast = heard;
        }
        let did = flying.flow.resume(now, input);
        flying.ticket += 1;
        let ticket = flying.ticket;
        let name = flying.flow.name();
        let send = match &flying.flow {
            AnyFlow::Send(id, _) => Some(*id),
            _ => None,
        };
        // What there is to store is stored before anything follows from it.
        if running.account.revision() != running.revision {
            running.revision = running.account.revision();
            let snapshot = running.account.snapshot(now);
            self.stored_ahead = self.ahead;
            (self.stored.store_snapshot(&snapshot)).map_err(|error| error.to_string())?;
        }
        match did {
            Did::Sends(outgoing) => self.send_out(id, ticket, send, name, outgoing),
            Did::Waits(moment) => {
                // Not too early by a fraction.
                let after = moment.since(now.mono).as_nanos().div_ceil(1000) as u64;
                let input = Input::Woken;
                self.later(
                    after,
                    Next::Resume {
                        flow: id,
                        ticket,
                        input,
                    },
                );
            }
            Did::Tells(event) => {
                self.take(event)?;
                let input = Input::Woken;
                let after = self.rng.u64(0..20 * MILLI);
                self.later(
                    after,
                    Next::Resume {
                        flow: id,
                        ticket,
                        input,
                    },
                );
            }
            ended => {
                if let Some(running) = &mut self.running {
                    running.flows.remove(&id);
                }
                self.end(ended)?;
            }
        }
        Ok(())
    }

    /// Notes what an answer says that the laws are about.
    fn hear(&mut self, id: u64, ticket: u64, input: &Input) -> Option<TooFast> {
        let Input::Response(answer) = input else {
            return None;
        };
        let flying = self.running.as_ref()?.flows.get(&id)?;
        if flying.ticket != ticket {
            return None;
        }
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let code = body.get("code").and_then(serde_json::Value::as_i64);
        let is_taken = code == Some(0) && body.pointer("/data/msg_key").is_some();
        if let AnyFlow::Send(send, _) = &flying.flow
            && is_taken
        {
            self.ledger.accepted.insert(*send);
        }
        let retry_after = answer.headers().get("retry-after");
        let asked = retry_after.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let is_too_fast =
            answer.status() == 429 || answer.status() == 200 && matches!(code, Some(-799 | -509));
        is_too_fast.then(|| TooFast {
            heard_at: self.now,
            asked: asked.unwrap_or(0) * SECOND,
        })
    }

    /// Handles an event, and stores that it did.
    fn take(&mut self, event: Event) -> Result<(), String> {
        let dies = self.dies_at_event && event.id().is_some();
        let known_sent = self.is_known_sent(&event);
        self.note(|| {
            let died = if dies {
                ", and dies before storing that"
            } else {
                ""
            };
            format!("  told {}: {:?}{died}", or_dash(event.id()), event.kind)
        });
        if let Some(position) = event.position.filter(|_| !dies) {
            (self.stored.append(&position)).map_err(|error| error.to_string())?;
            if self.rng.u8(..) < 12 {
                self.stored.compact().map_err(|error| error.to_string())?;
            }
        }
        self.ledger.told.push(Told {
            event,
            at: self.now,
            start: self.starts,
            stored: !dies,
            known_sent,
        });
        if dies {
            self.dies_at_event = false;
            self.crash();
            let after = self.rng.u64(SECOND..20 * SECOND);
            self.later(after, Next::Start);
        }
        Ok(())
    }

    fn is_known_sent(&self, event: &Event) -> bool {
        let bili_im_proto::EventKind::Message { message, .. } = &event.kind else {
            return false;
        };
        (self.ledger.sends.iter()).any(|send| send.end == End::Sent(message.key))
    }

    fn end(&mut self, ended: Did) -> Result<(), String> {
        match ended {
            Did::Began(Ok(cursor)) => self.begin(cursor),
            Did::Began(Err(error)) => {
                self.note(|| format!("no cursor: {error}"));
                self.try_again_later(&error)
            }
            Did::Ended(error) => {
                self.note(|| format!("the watch ended: {error}"));
                self.try_again_later(&error)
            }
            Did::Prepared(id, Ok(ticket)) => {
                // A program stores its tickets.
                let stored = serde_json::to_string(&ticket).map_err(|error| error.to_string())?;
                let ticket = serde_json::from_str(&stored).map_err(|error| error.to_string())?;
                self.send_ticket(id, ticket);
                Ok(())
            }
            Did::Prepared(id, Err(error)) => {
                self.note(|| format!("send {id} was not prepared: {error}"));
                self.set_end(id, End::Failed);
                Ok(())
            }
            Did::Sent(id, result) => {
                self.note(|| format!("send {id}: {result:?}"));
                let end = match result {
                    Ok(sent) => End::Sent(sent.msg_key),
                    Err(Error::Unconfirmed(_)) => End::Unconfirmed,
                    Err(_) => End::Failed,
                };
                self.set_end(id, end);
                Ok(())
            }
            Did::Confirmed(id, result) => {
                self.note(|| format!("send {id} is confirmed: {result:?}"));
                match result {
                    Ok(Confirmation::Sent(key)) => self.set_end(id, End::Sent(key)),
                    Ok(Confirmation::Absent) => {
                        self.set_end(id, End::Absent);
                        let ticket = (self.ledger.sends.get(id)).and_then(|s| s.ticket.clone());
                        if let Some(ticket) = ticket.filter(|_| self.rng.bool()) {
                            self.send_ticket(id, ticket);
                        }
                    }
                    Ok(_) => self.set_end(id, End::CannotTell),
                    Err(_) => {}
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, cursor: Cursor) -> Result<(), String> {
        let cursor = match self.capacity {
            Some(capacity) => cursor.with_capacity(capacity),
            None => cursor,
        };
        (self.stored.store_cursor(&cursor)).map_err(|error| error.to_string())?;
        let messages = self.service.snapshot(self.service_now()).messages;
        let newest = messages.last().map(|message| Seqno(message.msg_seqno.0));
        self.ledger.begun = Some((self.now, newest.unwrap_or_default()));
        self.note(|| format!("the watch begins after message {}", or_dash(newest)));
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let Some(account) = account {
            self.fly(AnyFlow::Watch(account.watch(cursor, self.options)));
        }
        Ok(())
    }

    /// Only what its owner must see to ends a watch.
    fn try_again_later(&mut self, error: &Error) -> Result<(), String> {
        let is_right = match error {
            Error::Refused(refusal) => matches!(
                refusal.kind,
                RefusalKind::NotLoggedIn | RefusalKind::RiskControl
            ),
            Error::Stopped(_) => true,
            _ => false,
        };
        let has_begun = self.ledger.begun.is_some();
        if has_begun && !(is_right && self.is_excused) {
            return Err(format!("the watch ended: {error}"));
        }
        self.crash();
        self.later(60 * SECOND, Next::Start);
        Ok(())
    }

    fn set_end(&mut self, id: usize, end: End) {
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.end = end;
        }
    }

    fn send_ticket(&mut self, id: usize, ticket: SendTicket) {
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let (Some(account), Some(send)) = (account, self.ledger.sends.get_mut(id)) {
            send.ticket = Some(ticket.clone());
            send.end = End::Running;
            self.fly(AnyFlow::Send(id, account.send_ticket(ticket)));
        }
    }
}

/// The network and the service.
impl Simulation {
    fn send_out(
        &mut self,
        flow: u64,
        ticket: u64,
        send: Option<usize>,
        name: &'static str,
        outgoing: Outgoing,
    ) {
        let uri = outgoing.request.uri();
        let endpoint = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let query = uri.query().unwrap_or_default().to_owned();
        let is_down = self.now < self.unreachable_until;
        self.note(|| {
            let lost = if is_down {
                ", which does not get out"
            } else {
                ""
            };
            format!("{name} asks {endpoint}{lost} {}", short(&query))
        });
        let asked = self.ledger.requests.len();
        self.ledger.requests.push(Asked {
            at: self.now,
            name: endpoint,
            clock_jumps: self.clock_jumps,
            is_read: outgoing.request.method() == "GET",
            too_fast: None,
        });
        if let Some(flying) = (self.running.as_mut()).and_then(|r| r.flows.get_mut(&flow)) {
            flying.asked = Some(asked);
        }
        if is_down {
            let input = Input::Failed(Failure::new(Sent::No, "connection refused"));
            self.later(
                5 * MILLI,
                Next::Resume {
                    flow,
                    ticket,
                    input,
                },
            );
            return;
        }
        let latency = self.latency();
        let arrive = Next::Arrive {
            flow,
            ticket,
            send,
            outgoing,
        };
        self.later(latency, arrive);
    }

    fn latency(&mut self) -> u64 {
        if self.rng.u8(..) < 3 {
            self.rng.u64(500 * MILLI..3 * SECOND)
        } else {
            self.rng.u64(MILLI..120 * MILLI)
        }
    }

    fn arrive(&mut self, flow: u64, ticket: u64, send: Option<usize>, outgoing: Outgoing) {
        let timeout = outgoing.timeout.as_micros() as u64;
        let path = outgoing.request.uri().path();
        let is_send = path.ends_with("/send_msg");
        let before = if is_send { self.newest() } else { Seqno(0) };
        let request = outgoing.request.map(Vec::from);
        let reply = self.service.handle(request, self.service_now());
        if is_send {
            self.note_new(before, send);
        }
        let failed = |cause: &str| Input::Failed(Failure::new(Sent::Maybe, cause));
        let (after, input) = match reply {
            Reply::Answer(answer) => {
                self.note(|| {
                    let body = String::from_utf8_lossy(answer.body());
                    format!("    {} {}", answer.status().as_u16(), short(&body))
                });
                (None, Input::Response(answer))
            }
            Reply::BrokenOff => (None, failed("connection reset")),
            Reply::Stalled => (Some(timeout), failed("timed out")),
            Reply::CutShort { answer, .. } => {
                let head = Some(Box::new(answer.into_parts().0));
                let cut = Failure {
                    head,
                    ..Failure::new(Sent::Maybe, "closed within the body")
                };
                (None, Input::Failed(cut))
            }
        };
        if let Input::Failed(failure) = &input {
            let cause = failure.cause.clone();
            self.note(|| format!("    {cause}"));
        }
        let latency = self.latency();
        let resume = Next::Resume {
            flow,
            ticket,
            input,
        };
        self.later(after.unwrap_or(latency), resume);
    }

    /// The newest message of all.
    fn newest(&self) -> Seqno {
        let messages = self.service.snapshot(self.service_now()).messages;
        (messages.last()).map_or(Seqno(0), |message| Seqno(message.msg_seqno.0))
    }

    /// Notes the messages that a request made.
    fn note_new(&mut self, before: Seqno, send: Option<usize>) {
        let messages = self.service.snapshot(self.service_now()).messages;
        for message in messages.iter().filter(|m| m.msg_seqno.0 > before.0) {
            self.ledger
                .came
                .insert(Seqno(message.msg_seqno.0), self.now);
            let made = (send.filter(|_| matches!(message.msg_type, 1 | 2)))
                .and_then(|id| self.ledger.sends.get_mut(id));
            if let Some(send) = made {
                send.made.push(MsgKey(message.msg_key.0));
            }
            self.note(|| format!("    there is message {}", shown(message)));
        }
    }
}

/// What people do, and what goes wrong.
impl Simulation {
    fn do_deed(&mut self, deed: Deed) -> Result<(), String> {
        match deed {
            Deed::Write(message, times) => {
                for _ in 0..times {
                    self.write(&message)?;
                }
            }
            Deed::Recall(nth) => self.recall(nth),
            Deed::Act(act) => self.act(act),
            Deed::Ack => self.ack(),
            Deed::Send(sending) => self.send(&sending),
            Deed::RecallSent => self.recall_sent(),
            Deed::Cancel(nth) => self.cancel(nth),
            Deed::Fault(rule) => {
                self.note(|| format!("fault {}", serde_json::to_string(&rule).unwrap_or_default()));
                self.is_excused = true;
                (self.service.add_fault(rule)).map_err(|error| error.to_string())?;
            }
            Deed::ClearFaults => {
                self.note(|| "faults are lifted".to_owned());
                self.service.clear_faults();
            }
            Deed::Unreachable(duration) => {
                self.note(|| format!("nothing gets through for {duration:?}"));
                self.unreachable_until = self.now + duration.as_micros() as u64;
            }
            Deed::RotateKeys => {
                self.note(|| "keys change".to_owned());
                // Keys that changed within a minute of being fetched look like risk control.
                self.is_excused = true;
                self.service.rotate_keys();
            }
            Deed::ServiceClock(seconds) => {
                self.note(|| format!("the service's clock is {seconds} s off"));
                self.service.skew_clock(seconds);
            }
            Deed::MachineClock(seconds) => {
                self.note(|| format!("the machine's clock is {seconds} s off"));
                self.ahead = seconds * SECOND as i64;
                // A signature of another time looks like risk control.
                self.is_excused = true;
            }
            Deed::Crash(away) => {
                self.crash();
                self.later(away.as_micros() as u64, Next::Start);
            }
            Deed::CrashAtEvent => self.dies_at_event = true,
        }
        Ok(())
    }

    fn write(&mut self, message: &Message) -> Result<(), String> {
        let written = self.service.write(message.clone(), self.service_now());
        let (key, seqno) = written.map_err(|error| error.to_string())?;
        let (key, seqno) = (MsgKey(key.0), Seqno(seqno.0));
        self.ledger.came.insert(seqno, self.now);
        if message.from.0 == OWN {
            self.ledger.on_phone.insert(key);
        }
        self.note(|| {
            format!(
                "{} writes {seqno} to {:?}, type {} source {}: {}",
                message.from, message.talker, message.msg_type, message.msg_source, message.content
            )
        });
        Ok(())
    }

    fn recall(&mut self, nth: usize) {
        let messages = self.service.snapshot(self.service_now()).messages;
        let mut recent = messages.iter().rev().filter(|message| {
            matches!(message.msg_type, 1 | 2) && message.msg_status == 0 && message.from.0 != 0
        });
        if let Some(message) = recent.nth(nth) {
            self.act(Act::Recall {
                uid: message.from,
                msg_key: message.msg_key,
            });
        }
    }

    fn ack(&mut self) {
        let messages = self.service.snapshot(self.service_now()).messages;
        let talker = messages.last().map(|message| match message.talker {
            bili_im_sim::Talker::User(uid) if uid.0 == OWN => {
                bili_im_sim::Talker::User(message.from)
            }
            talker => talker,
        });
        if let Some(talker) = talker {
            let uid = bili_im_sim::Uid(OWN);
            self.act(Act::Ack {
                uid,
                talker,
                upto: None,
            });
        }
    }

    /// What cannot be done is not done: nobody pins a session that is not there.
    fn act(&mut self, act: Act) {
        let before = self.newest();
        let said = serde_json::to_string(&act).unwrap_or_default();
        match act {
            Act::Intercept { other, .. } | Act::Unintercept { other, .. }
                if !self.options.intercepted =>
            {
                self.ledger.unsteady.insert(Talker::user(other.0));
            }
            // What it held and was not listed yet cannot be known of.
            Act::Remove { talker, .. } => {
                self.ledger.unsteady.insert(talker_of(talker));
            }
            Act::Join { uid, group } | Act::Leave { uid, group } if uid.0 == OWN => {
                self.ledger.unsteady.insert(Talker::group(group.0));
            }
            _ => {}
        }
        let done = self.service.act(act, self.service_now());
        self.note(|| match &done {
            Ok(()) => format!("act {said}"),
            Err(error) => format!("act {said} cannot be: {error}"),
        });
        self.note_new(before, None);
    }

    fn send(&mut self, sending: &Sending) {
        let Some(account) = self.running.as_ref().map(|running| running.account.clone()) else {
            return;
        };
        let times = if sending.how == How::Twins { 2 } else { 1 };
        for _ in 0..times {
            let id = self.ledger.sends.len();
            let talker = sending.talker;
            let flow = match (
                sending.how,
                Text::new(&*sending.text),
                Image::new(&sending.text),
            ) {
                (How::Image, _, Ok(image)) => AnyFlow::Send(id, account.send(talker, image)),
                (How::Ticket, Ok(text), _) => {
                    AnyFlow::Prepare(id, account.prepare_send(talker, text))
                }
                (_, Ok(text), _) => AnyFlow::Send(id, account.send(talker, text)),
                _ => return,
            };
            self.note(|| {
                format!(
                    "send {id}, {:?}, to {talker}: {}",
                    sending.how, sending.text
                )
            });
            self.ledger.sends.push(OneSend::new(talker, &*sending.text));
            self.fly(flow);
        }
    }

    fn recall_sent(&mut self) {
        let sent = self
            .ledger
            .sends
            .iter()
            .rev()
            .find_map(|send| match send.end {
                End::Sent(key) => Some((send.talker, key)),
                _ => None,
            });
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let (Some(account), Some((talker, key))) = (account, sent) {
            self.note(|| format!("recall {key}"));
            self.fly(AnyFlow::Recall(account.recall(talker, key)));
        }
    }

    /// A program may drop any of its flows but, here, the one that watches.
    fn cancel(&mut self, nth: usize) {
        let Some(running) = &mut self.running else {
            return;
        };
        let ids = (running.flows.iter())
            .filter(|(_, flying)| matches!(flying.flow, AnyFlow::Send(..) | AnyFlow::Prepare(..)))
            .map(|(id, _)| *id);
        let Some(id) = ids.into_iter().nth(nth) else {
            return;
        };
        if let Some(flying) = running.flows.remove(&id) {
            self.note(|| format!("{} is cancelled", flying.flow.name()));
            self.give_up(&flying.flow);
        }
    }
}

fn talker_of(talker: bili_im_sim::Talker) -> Talker {
    match talker {
        bili_im_sim::Talker::User(uid) => Talker::user(uid.0),
        bili_im_sim::Talker::Group(group) => Talker::group(group.0),
    }
}

fn short(text: &str) -> String {
    text.chars().take(160).collect()
}

fn shown(message: &MessageState) -> String {
    format!(
        "{} from {} to {:?}, type {}: {}",
        message.msg_seqno, message.from, message.talker, message.msg_type, message.content
    )
}
