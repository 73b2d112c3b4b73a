//! The plan of a run, drawn from a seed.

mod cast;
pub(super) mod faults;

use std::time::Duration;

use bili_im_proto::WatchOptions;
use bili_im_sim::{Act, Message, Talker, Uid, World, faults::Rule};
use fastrand::Rng;

pub(super) use self::cast::{OWN, SYSTEM};
use self::{cast::Cast, faults::draw_push_fault};
use crate::time::SECOND;

/// How many of 256 runs have more sessions changing at once than a list has room for.
const CROWDED: u8 = 40;

/// How many of 256 runs are calm.
const CALM: u8 = 24;

/// The largest error of the service's clock, in seconds. It is less than half of the hour after
/// which a cursor may forget a quiet session.
const LARGEST_SKEW: i64 = 1700;

/// The plan of a run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) world: World,
    pub(super) options: WatchOptions,
    /// The cursor's capacity in sessions; `None` is the default.
    pub(super) capacity: Option<usize>,
    /// How long actions happen before the final check.
    pub(super) length: Duration,
    /// Lists or messages lag longer than a watcher expects: only comparing all sessions finds all.
    pub(super) has_long_lag: bool,
    /// The options of the watch change from one start of the program to the next.
    pub(super) changes_options: bool,
    /// The program takes long to handle some events.
    pub(super) handles_slowly: bool,
    /// The program keeps running at the end; otherwise it is restarted.
    pub(super) keeps_running: bool,
    /// The program has a push connection.
    pub(super) has_push: bool,
    /// Nothing goes wrong, and people write one message at a time: a push connection has all told
    /// at once.
    pub(super) is_calm: bool,
    /// What people, the network and the machine do.
    pub(super) actions: Actions,
}

/// Actions, each with its time in microseconds since the run began.
type Actions = Vec<(u64, Action)>;

/// One thing that people, the network or the machine do.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// Somebody writes a message this many times.
    Write(Box<Message>, u32),
    /// The sender recalls the n-th newest message.
    Recall(usize),
    /// Somebody acts on a phone.
    Act(Act),
    /// The account's phone marks the session of the newest message as read.
    Ack,
    /// The program sends a message.
    Send(Sending),
    /// The account's owner writes on the phone the text of the program's n-th last send.
    WriteTwin(usize),
    /// The program recalls its last sent message.
    RecallSent,
    /// The program keeps what is new.
    Sync,
    /// The program confirms the n-th last ticket.
    Confirm(usize),
    /// The program sends the n-th last ticket, whether it was sent before or not.
    SendTicket(usize),
    /// The program drops the n-th of its running sends.
    Cancel(usize),
    Fault(Rule),
    ClearFaults,
    /// The messages of one session cannot be fetched for this long.
    Unreadable(bili_im_proto::Talker, Duration),
    /// The network is down for this long.
    Unreachable(Duration),
    RotateKeys,
    /// The service's clock is set ahead by this many seconds; negative is behind.
    ServiceClock(i64),
    /// The machine's clock is set ahead by this many seconds; negative is behind.
    MachineClock(i64),
    /// The program crashes, and is started again after this long.
    Crash(Duration),
    /// The program skips this many events and crashes at the next, after handling it and before
    /// storing that.
    CrashAtEvent(u32),
}

/// A message that the program sends.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) talker: bili_im_proto::Talker,
    pub(super) text: String,
    pub(super) kind: SendKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendKind {
    Plain,
    /// Two identical messages at once.
    Twins,
    Image,
    /// A text with a ticket.
    Ticket,
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let is_calm = rng.u8(..) < CALM;
        let is_crowded = !is_calm && rng.u8(..) < CROWDED;
        let mut cast = Cast::draw(rng, is_crowded);
        let mut world = cast.world(rng);
        let lasts_long = rng.u8(..) < 64;
        let length = if lasts_long {
            Duration::from_secs(rng.u64(3600..20_000))
        } else {
            Duration::from_secs(rng.u64(120..2400))
        };
        let has_long_lag = world.options.late_lists > 60 || world.options.lagging_messages > 60;
        let options = draw_options(rng);
        let mut actions = Vec::new();
        if is_crowded {
            cast.pin_some(rng, &world, &mut actions);
            // Half of the time so late that no comparison of all sessions comes before the end.
            let length = length.as_micros() as u64;
            let at = if rng.bool() {
                length.saturating_sub(700 * SECOND)
            } else {
                rng.u64(0..length)
            };
            cast.draw_crowd(rng, at, &mut actions);
        }
        for _ in 0..rng.usize(10..70) {
            let at = rng.u64(0..length.as_micros() as u64);
            cast.draw_action(rng, at, &mut actions);
        }
        actions.retain(|(at, _)| *at < length.as_micros() as u64);
        let has_push = is_calm || rng.bool();
        if is_calm {
            calm(&mut world, &mut actions);
        } else if has_push {
            trouble_push(rng, length, &mut actions);
        }
        let capacity = (!is_calm && rng.u8(..) < 100).then(|| rng.usize(1..4));
        Self {
            world,
            options,
            capacity,
            length,
            has_long_lag,
            changes_options: !is_calm && rng.u8(..) < 40,
            handles_slowly: !is_calm && rng.u8(..) < 40,
            keeps_running: rng.u8(..) < if has_long_lag { 128 } else { 32 },
            has_push,
            is_calm,
            actions,
        }
    }
}

/// Adds faults of the push connection.
fn trouble_push(rng: &mut Rng, length: Duration, actions: &mut Actions) {
    for _ in 0..rng.usize(0..8) {
        let at = rng.u64(0..length.as_micros() as u64);
        let action = match rng.u8(0..8) {
            0 => Action::Act(Act::KickOut { uid: Uid(OWN) }),
            _ => Action::Fault(draw_push_fault(rng)),
        };
        actions.push((at, action));
    }
}

/// Leaves single messages alone, at least half a minute apart, and a service without delays.
fn calm(world: &mut World, actions: &mut Actions) {
    world.options.late_lists = 0;
    world.options.lagging_messages = 0;
    world.faults.clear();
    actions.retain(|(_, action)| matches!(action, Action::Write(_, 1)));
    actions.sort_by_key(|(at, _)| *at);
    let mut last = 0;
    actions.retain(|(at, _)| {
        let is_apart = *at >= last + 30 * SECOND;
        if is_apart {
            last = *at;
        }
        is_apart
    });
}

fn draw_options(rng: &mut Rng) -> WatchOptions {
    let options = WatchOptions::default()
        .with_own(rng.u8(..) < 220)
        .with_groups(rng.u8(..) < 220)
        .with_system(rng.bool())
        .with_automatic(rng.bool())
        .with_intercepted(rng.u8(..) < 60)
        .with_changes(rng.u8(..) < 60);
    let seconds = *rng.choice(&[0, 0, 0, 0, 6, 60, 280]).unwrap_or(&0);
    match seconds {
        0 => options,
        _ => options.with_interval(Duration::from_secs(seconds)),
    }
}

/// A simulator's talker as the protocol crate's type.
pub(super) fn as_ours(talker: Talker) -> bili_im_proto::Talker {
    match talker {
        Talker::User(uid) => bili_im_proto::Talker::user(uid.0),
        Talker::Group(group) => bili_im_proto::Talker::group(group.0),
    }
}
