//! Watchers with and without a push connection.

pub mod loopback;
pub mod paced;

use std::time::Duration;

use bili_im_proto::{Credential, Uid};
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

/// The account that is watched, or the first of them.
pub const OWN: u64 = 2;

/// Adds the delays of that many messages, and the requests of an hour without any.
pub fn measure(report: &mut Report, messages: u32) -> Result<()> {
    let over_loopback =
        "delay from a message to its event, with push, over loopback without pacing";
    report.delays(over_loopback, 0.1, loopback::delays(messages, true)?);
    let at_pace = "the same at the service's pace, in virtual time";
    report.delays(at_pace, 2.0, paced::delays(messages, true)?);
    let (with, without) = (paced::requests(true)?, paced::requests(false)?);
    report.single(
        "requests in an idle hour with push, to without",
        Unit::Ratio,
        0.2,
        f64::from(with) / f64::from(without),
        format!("{with} to {without}"),
    );
    report.other(
        "delay from a message to its event, without push, over loopback with a poll every 0.2 s",
        report::delays(loopback::delays(messages, false)?),
    );
    report.other(at_pace, report::delays(paced::delays(messages, false)?));
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
    for uid in OWN..OWN + accounts {
        let mut account = bili_im_sim::Account::new(uid);
        account.follows.insert(bili_im_sim::Uid(FRIEND));
        world.accounts.push(account);
    }
    Ok(Service::new(world, now)?)
}

/// The login that the simulated service gives an account.
pub fn credential(uid: u64) -> Result<Credential> {
    let (sessdata, bili_jct) = (format!("sim-{uid}"), format!("{uid:032}"));
    Ok(Credential::new(&sessdata, &bili_jct, Uid(uid))?)
}

fn message(text: &str) -> Message {
    Message::text(FRIEND, bili_im_sim::Talker::user(OWN), text)
}

/// A part of `whole`, another for each `nth`. The parts are spread evenly.
fn part(whole: Duration, nth: u32) -> Duration {
    // Multiples of the golden ratio, modulo 1.
    whole.mul_f64((f64::from(nth) * 0.618_033_988_749_895).fract())
}
