//! Watchers with and without a push connection.

pub mod loopback;
pub mod paced;

use std::{ops::Range, time::Duration};

use bili_im_proto::Credential;
use bili_im_sim::{Message, Mode, Service, World};

use crate::{
    Result,
    heap::Heap,
    report::{self, Report, Unit},
};

/// The number of accounts whose memory is counted.
pub const ACCOUNTS: u64 = 1_000;

/// The account that writes.
pub(crate) const FRIEND: u64 = 1;

/// The first of the watched accounts. The others have the uids after it.
pub(crate) const OWN: u64 = 2;

/// The longest delay over loopback, in seconds.
const LOOPBACK_BOUND: f64 = 0.1;

/// The longest delay at the service's pace, in seconds.
const PACED_BOUND: f64 = 2.0;

/// The most requests of an idle hour with push, divided by those without.
const REQUESTS_BOUND: f64 = 0.2;

/// Whether a watcher has a push connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// It has one, and polls rarely while that lives.
    On,
    /// It only polls.
    Off,
}

/// Measures, with push and without, the delays of that many messages and the requests of an hour in
/// which no message comes. Adds the numbers to the report.
pub fn measure(report: &mut Report, messages: u32) -> Result<()> {
    report.delays(
        "delay from a message to its event, with push, over loopback without pacing",
        LOOPBACK_BOUND,
        loopback::delays(messages, Push::On)?,
    );
    report.delays(
        "delay from a message to its event, with push, at the service's pace, in virtual time",
        PACED_BOUND,
        paced::delays(messages, Push::On)?,
    );
    let (with, without) = (paced::requests(Push::On)?, paced::requests(Push::Off)?);
    report.single(
        "requests in an idle hour with push, to without",
        Unit::Ratio,
        REQUESTS_BOUND,
        f64::from(with) / f64::from(without),
        format!("{with} to {without}"),
    );
    report.other(
        "delay from a message to its event, without push, over loopback with a poll every 0.2 s",
        report::delays(loopback::delays(messages, Push::Off)?),
    );
    report.other(
        "delay from a message to its event, without push, at the service's pace, in virtual time",
        report::delays(paced::delays(messages, Push::Off)?),
    );
    Ok(())
}

/// Adds the memory of one account among [`ACCOUNTS`].
pub fn report_heap(report: &mut Report, heap: &Heap) {
    let kib = |bytes: u64| format!("{:.1} KiB", bytes as f64 / 1024.0);
    let [with, without] = [heap.pushed_of_many, heap.watcher_of_many].map(kib);
    report.other(
        format!("memory of a watcher with a push session, one of {ACCOUNTS} in a process"),
        format!("{with}; without push: {without}"),
    );
    report.other(
        format!(
            "memory of a push connection through `bili-im-reqwest`, one of {ACCOUNTS} in a thread"
        ),
        kib(heap.connection_of_many),
    );
}

/// A service with some accounts, and the person who writes to them.
fn service(accounts: u64, now: bili_im_sim::UnixMicros) -> Result<Service> {
    let mut world = World::default().in_mode(Mode::Strict);
    world.accounts.push(bili_im_sim::Account::new(FRIEND));
    for uid in watched_accounts(accounts) {
        let mut account = bili_im_sim::Account::new(uid);
        account.follows.insert(bili_im_sim::Uid(FRIEND));
        world.accounts.push(account);
    }
    Ok(Service::new(world, now)?)
}

/// The uids of the watched accounts.
pub fn watched_accounts(accounts: u64) -> Range<u64> {
    OWN..OWN + accounts
}

/// The login that the simulated service gives an account.
pub fn credential(uid: u64) -> Result<Credential> {
    let cookie = bili_im_sim::Account::new(uid).cookie();
    Ok(Credential::parse(&cookie)?)
}

fn message(text: &str) -> Message {
    Message::text(FRIEND, bili_im_sim::Talker::user(OWN), text)
}

/// The `nth` point of a sequence that is spread evenly over `whole`. A message's delay depends on
/// when it comes between two polls, so all moments between them must have their share.
fn spread_point(nth: u32, whole: Duration) -> Duration {
    // Multiples of the golden ratio, modulo 1.
    whole.mul_f64((f64::from(nth) * 0.618_033_988_749_895).fract())
}
