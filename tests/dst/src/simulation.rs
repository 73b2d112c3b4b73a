//! A run.

mod flows;
mod network;
mod people;
mod program;
mod quirks;
mod warnings;

use std::{collections::BTreeMap, time::Duration};

use bili_im_proto::{Account, Input, Monotonic, Now, Outgoing, Talker, UnixMicros, WatchOptions};
use bili_im_sim::Service;
use fastrand::Rng;

pub use self::quirks::Quirk;
use self::{flows::Flying, network::Dispatch, quirks::Quirks, warnings::Warnings};
use crate::{
    history::History,
    laws::{Ledger, Told, own_messages},
    outcome::{Outcome, Tally},
    plan::{Deed, OWN, Plan},
    sends::End,
    stored::Stored,
};

/// Noon of some day, far from the daily change of keys, in microseconds since 1970.
const EPOCH: u64 = 1_760_011_200_000_000;

const MILLI: u64 = 1_000;
const SECOND: u64 = 1_000_000;

/// How long everything is left alone in the end before the program is started for the last time:
/// longer than any back-off.
const PAUSE: u64 = 50 * 60 * SECOND;

/// How long the program is given then to catch up: by polls, or also by comparing all sessions.
const REST: u64 = 12 * 60 * SECOND;
const LONG_REST: u64 = 90 * 60 * SECOND;

/// After how many happenings a run counts as one that does not end.
const ENOUGH: usize = 300_000;

/// Runs what a seed stands for.
pub fn run(seed: u64) -> Outcome {
    run_with(seed, None)
}

/// The same, in which a quirk shows in any case.
pub fn run_with(seed: u64, quirk: Option<Quirk>) -> Outcome {
    Simulation::new(seed, quirk, History::default()).outcome(seed)
}

/// Runs it, and writes down what happens.
pub fn replay(seed: u64) -> Outcome {
    replay_with(seed, None)
}

/// The same, in which a quirk shows in any case.
pub fn replay_with(seed: u64, quirk: Option<Quirk>) -> Outcome {
    Simulation::new(seed, quirk, History::written()).outcome(seed)
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
    /// Lists are later than a watcher expects: only comparing all sessions finds everything.
    is_tardy: bool,
    /// What is told of changes from one start of the program to the next.
    is_fickle: bool,
    /// Events take the program long to handle now and then.
    is_slow: bool,
    /// In the end the program is left running, and not started anew.
    goes_on: bool,
    /// Microseconds since the run began.
    now: u64,
    queue: BTreeMap<(u64, u64), Next>,
    /// Tells apart what happens at the same time.
    order: u64,
    /// How far the machine's clock is ahead, in microseconds.
    ahead: i64,
    unreachable_until: u64,
    /// At which of the next events the program dies.
    dies_at_event: Option<u32>,
    /// How often the program was started.
    starts: u32,
    /// How far the machine's clock was ahead when the account was stored, and how often it was another
    /// when that was read: times that were stored mean nothing then.
    stored_ahead: i64,
    clock_jumps: u32,
    /// Flows of one start are not those of another.
    next_flow: u64,
    quirks: Quirks,
    /// Sessions that cannot be read, and until when.
    sick: BTreeMap<Talker, u64>,
    /// Until when a good signature may be taken for a bad one: keys or clocks have just changed.
    unsettled_until: u64,
    tally: Tally,
}

/// The program, as long as it runs.
struct Running {
    account: Account,
    /// When it was started: its monotonic clock began then.
    since: u64,
    revision: u64,
    flows: BTreeMap<u64, Flying>,
    warnings: Warnings,
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
        send: Option<Dispatch>,
        outgoing: Outgoing,
    },
}

impl Simulation {
    fn new(seed: u64, quirk: Option<Quirk>, history: History) -> Result<Self, String> {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        let mut ledger = Ledger {
            options: vec![(0, plan.options)],
            ..Ledger::default()
        };
        let own = bili_im_sim::Uid(OWN);
        for group in (plan.world.groups.iter()).filter(|group| !group.members.contains(&own)) {
            ledger.sight.hide(Talker::group(group.id.0));
        }
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
            is_tardy: plan.is_tardy,
            is_fickle: plan.is_fickle,
            is_slow: plan.is_slow,
            goes_on: plan.goes_on,
            now: 0,
            queue: BTreeMap::new(),
            order: 0,
            ahead: 0,
            unreachable_until: 0,
            dies_at_event: None,
            starts: 0,
            stored_ahead: 0,
            clock_jumps: 0,
            next_flow: 0,
            quirks: Quirks::draw(seed, quirk),
            sick: BTreeMap::new(),
            unsettled_until: 0,
            tally: Tally::default(),
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
        self.service.clear_faults();
        self.service.skew_clock(0);
        self.unreachable_until = 0;
        self.sick.clear();
        self.dies_at_event = None;
        self.is_slow = false;
        self.note(|| "all is well from now on".to_owned());
        if self.goes_on {
            self.start()?;
            self.go_on_until(self.length + PAUSE)?;
        } else {
            self.start_anew()?;
        }
        let end = self.now + if self.is_tardy { LONG_REST } else { REST };
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

    /// What is still on its way is lost, but it is not lost what came.
    fn start_anew(&mut self) -> Result<(), String> {
        self.crash();
        self.queue.clear();
        self.now = self.now.max(self.length) + PAUSE;
        if !self.is_tardy {
            let now = EPOCH + self.now;
            (self.stored.seem_compared(now)).map_err(|error| error.to_string())?;
        }
        self.start()
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
                _ => {
                    self.now = end;
                    return Ok(());
                }
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
