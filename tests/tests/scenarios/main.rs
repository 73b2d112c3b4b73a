//! The same conversations over every transport: in process, async, blocking, and the program.
//!
//! What came of each is written in `docs/scenarios.md`, which this test keeps true.
//! `cargo xtask docs` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up shall fail"
)]

mod table;
mod transports;

use std::{fmt::Write as _, fs, path::PathBuf, thread};

use bili_im_sim::{MessageState, Uid, faults::Rule};
use bili_im_tests::{Adapter, DEMO_UID, Live, demo_login};

use crate::{
    table::{Outcome, Scenario, scenarios},
    transports::{InProcess, Program, Transport},
};

fn connect<'a>(live: &'a Live, transport: &str) -> Box<dyn Transport + 'a> {
    let [ureq, reqwest] = Adapter::both(&demo_login(), &live.origin).unwrap();
    match transport {
        "in process" => Box::new(InProcess::new(live)),
        "ureq" => Box::new(ureq),
        "reqwest" => Box::new(reqwest),
        _ => Box::new(Program::new(live)),
    }
}

/// How many messages of the account there are, recalls apart.
fn own_messages(live: &Live) -> usize {
    let is_own = |message: &&MessageState| message.from == Uid(DEMO_UID) && message.msg_type != 5;
    live.snapshot().messages.iter().filter(is_own).count()
}

/// Plays a scenario in which this goes wrong.
fn play(scenario: &Scenario, faults: &[Rule], transport: &str) -> (Outcome, usize) {
    let live = Live::demo();
    let transport = connect(&live, transport);
    let before = own_messages(&live);
    faults.iter().for_each(|fault| live.fault(fault.clone()));
    let (&last, earlier) = scenario.actions.split_last().unwrap();
    for &action in earlier {
        assert!(transport.act(action).is_ok(), "{}", scenario.name);
    }
    let outcome = transport.act(last).err().unwrap_or(Outcome::Done);
    (outcome, own_messages(&live) - before)
}

/// What is wrong of what came over a transport.
fn wrong_over(transport: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        for faults in &scenario.faults {
            let (outcome, messages) = play(&scenario, faults, transport);
            if (outcome, messages) != (scenario.outcome, scenario.messages) {
                let (name, told) = (&scenario.name, outcome.told());
                wrong.push(format!(
                    "{name} over {transport}: {told}, {messages}: {faults:?}"
                ));
            }
        }
    }
    wrong
}

/// The head of the page.
const HEAD: &str = "# What comes of it, over every transport\n\n\
    The same conversations with the [simulated service](../crates/bili-im-sim/README.md), in process,\n\
    over both adapters, and by the program: what is reported, and how many messages are sent. The test\n\
    `scenarios` plays each in all four ways, once with every fault named, and keeps this page true.\n\n";

#[test]
fn every_transport_tells_the_same() {
    let wrong = thread::scope(|scope| {
        let transports = ["in process", "reqwest", "ureq", "bili-im"];
        let threads = transports.map(|transport| scope.spawn(move || wrong_over(transport)));
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut page = String::from(HEAD);
    for scenario in scenarios() {
        let (name, told, messages) = (scenario.name, scenario.outcome.told(), scenario.messages);
        writeln!(page, "- {name}: {told}, {messages}").unwrap();
    }
    keep(&page);
}

/// Sees to it that `docs/scenarios.md` is this page.
fn keep(page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/scenarios.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written.replace("\r\n", "\n") == page,
        "docs/scenarios.md is not up to date: run cargo xtask docs"
    );
}
