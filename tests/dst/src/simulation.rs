//! One run of the simulation.

mod answers;
mod ending;
mod flows;
mod network;
mod people;
mod program;
mod push;
mod quirks;
mod results;
mod warnings;

use std::{collections::BTreeMap, time::Duration};

use bili_im_proto::{Account, Input, Monotonic, Now, Outgoing, Talker, UnixMicros, WatchOptions};
use bili_im_sim::Service;
use fastrand::Rng;

pub use self::quirks::Quirk;
use self::{
    ending::run_and_judge,
    flows::{ActiveFlow, StepId},
    network::{Dispatch, RequestTarget},
    push::{OnPush, PushLine},
    quirks::Quirks,
    warnings::Warnings,
};
use crate::{
    history::History,
    kept::Kept,
    laws::{Ledger, own_messages},
    outcome::{Outcome, Tally},
    plan::{Action, OWN, Plan},
    stored::Stored,
    time::{EPOCH, SECOND},
};

/// The most steps of a run.
const MOST_STEPS: usize = 300_000;

/// Runs a seed.
pub fn run(seed: u64) -> Outcome {
    run_with(seed, None)
}

/// Runs a seed; `quirk` is added to its quirks.
pub fn run_with(seed: u64, quirk: Option<Quirk>) -> Outcome {
    run_and_judge(seed, quirk, History::default())
}

/// Runs a seed and writes its history.
pub fn replay(seed: u64) -> Outcome {
    replay_with(seed, None)
}

/// Runs a seed and writes its history; `quirk` is added to its quirks.
pub fn replay_with(seed: u64, quirk: Option<Quirk>) -> Outcome {
    run_and_judge(seed, quirk, History::written())
}

struct Simulation {
    rng: Rng,
    service: Service,
    history: History,
    ledger: Ledger,
    stored: Stored,
    kept: Kept,
    running: Option<Running>,
    options: WatchOptions,
    capacity: Option<usize>,
    length: u64,
    // These five are copied from the plan.
    has_long_lag: bool,
    changes_options: bool,
    handles_slowly: bool,
    keeps_running: bool,
    has_push: bool,
    /// Microseconds since the run began.
    now: u64,
    queue: BTreeMap<(u64, u64), Next>,
    /// Numbers the entries of the queue, to order those of the same time.
    order: u64,
    /// How far the machine's clock is ahead, in microseconds.
    ahead: i64,
    unreachable_until: u64,
    /// After how many events the program crashes.
    crash_at_event: Option<u32>,
    /// How often the program was started.
    starts: u32,
    /// How far the machine's clock was ahead when the account was stored, in microseconds.
    stored_ahead: i64,
    /// How many starts found the machine's clock changed, which makes stored times void.
    clock_jumps: u32,
    /// The next flow's id. Ids are never used twice, not even by another start.
    next_flow: u64,
    quirks: Quirks,
    /// Until when the messages of a session cannot be fetched.
    unreadable: BTreeMap<Talker, u64>,
    /// Until when the service may refuse a good signature, because keys or clocks have changed.
    unsettled_until: u64,
    tally: Tally,
}

/// The running program.
struct Running {
    account: Account,
    /// When it was started, which is also when its monotonic clock began.
    since: u64,
    revision: u64,
    flows: BTreeMap<u64, ActiveFlow>,
    push: Option<PushLine>,
    warnings: Warnings,
}

/// An entry of the queue.
enum Next {
    Action(Action),
    Start,
    /// A flow is resumed.
    Resume {
        step_id: StepId,
        input: Input,
    },
    /// Something happens on the push connection.
    Push(OnPush),
    /// A request reaches the service.
    Arrive {
        step_id: StepId,
        send: Option<Dispatch>,
        target: RequestTarget,
        outgoing: Outgoing,
    },
}

impl Simulation {
    fn new(seed: u64, quirk: Option<Quirk>, history: History) -> Result<Self, String> {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        let mut ledger = Ledger {
            options: vec![(0, plan.options)],
            is_calm: plan.is_calm,
            ..Ledger::default()
        };
        let own = bili_im_sim::Uid(OWN);
        for group in (plan.world.groups.iter()).filter(|group| !group.members.contains(&own)) {
            ledger.visibility.hide(Talker::group(group.id.0));
        }
        let service = Service::new(plan.world, bili_im_sim::UnixMicros(EPOCH))
            .map_err(|error| error.to_string())?;
        let snapshot = service.snapshot(bili_im_sim::UnixMicros(EPOCH));
        ledger.on_phone = own_messages(&snapshot).collect();
        let mut simulation = Self {
            rng,
            service,
            history,
            ledger,
            stored: Stored::default(),
            kept: Kept::default(),
            running: None,
            options: plan.options,
            capacity: plan.capacity,
            length: plan.length.as_micros() as u64,
            has_long_lag: plan.has_long_lag,
            changes_options: plan.changes_options,
            handles_slowly: plan.handles_slowly,
            keeps_running: plan.keeps_running,
            has_push: plan.has_push,
            now: 0,
            queue: BTreeMap::new(),
            order: 0,
            ahead: 0,
            unreachable_until: 0,
            crash_at_event: None,
            starts: 0,
            stored_ahead: 0,
            clock_jumps: 0,
            next_flow: 0,
            quirks: if plan.is_calm {
                Quirks::none(seed)
            } else {
                Quirks::draw(seed, quirk)
            },
            unreadable: BTreeMap::new(),
            unsettled_until: 0,
            tally: Tally::default(),
        };
        simulation.schedule(0, Next::Start);
        for (at, action) in plan.actions {
            simulation.schedule(at, Next::Action(action));
        }
        Ok(simulation)
    }
}

impl Simulation {
    fn run_until(&mut self, end: u64) -> Result<(), String> {
        for _ in 0..MOST_STEPS {
            match self.queue.first_entry() {
                Some(next) if next.key().0 <= end => {
                    self.now = next.key().0;
                    let next = next.remove();
                    self.run_next(next)?;
                    self.take_pushed();
                }
                _ => {
                    self.now = end;
                    return Ok(());
                }
            }
        }
        Err("the run takes too many steps".to_owned())
    }

    fn run_next(&mut self, next: Next) -> Result<(), String> {
        match next {
            Next::Action(action) => self.perform(action),
            Next::Start => self.start(),
            Next::Resume { step_id, input } => self.resume(step_id, input),
            Next::Push(event) => {
                self.on_push(event);
                Ok(())
            }
            Next::Arrive {
                step_id,
                send,
                target,
                outgoing,
            } => {
                self.arrive(step_id, send, &target, outgoing);
                Ok(())
            }
        }
    }

    fn schedule(&mut self, after: u64, next: Next) {
        self.order += 1;
        self.queue.insert((self.now + after, self.order), next);
    }

    fn schedule_resume(&mut self, after: u64, step_id: StepId, input: Input) {
        self.schedule(after, Next::Resume { step_id, input });
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.history.note(self.now, what);
    }

    fn service_now(&self) -> bili_im_sim::UnixMicros {
        bili_im_sim::UnixMicros(EPOCH + self.now)
    }

    /// The clocks of a program that was started at `since`.
    fn clocks(&self, since: u64) -> Now {
        Now {
            unix: UnixMicros((EPOCH + self.now).saturating_add_signed(self.ahead)),
            mono: Monotonic(Duration::from_micros(77 * SECOND + self.now - since)),
        }
    }
}
