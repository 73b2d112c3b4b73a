//! The same conversations over every transport: in process, async, blocking, and the program.
//!
//! What came of each is written in `docs/scenarios.md`, which this test keeps true.
//! `cargo xtask docs` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

mod table;
mod transports;

use std::{fmt::Write as _, fs, path::PathBuf, thread};

use bili_im_proto::Origin;
use bili_im_sim::{Mode, Server, Service, Snapshot, World};
use bili_im_tests::Adapter;

use crate::{
    table::{OWN, Outcome, Scenario, scenarios},
    transports::{InProcess, Program, Transport, credential, now},
};

fn connect<'a>(server: &'a Server, origin: Origin, transport: &str) -> Box<dyn Transport + 'a> {
    let [ureq, reqwest] = Adapter::both(&credential(), &origin).unwrap();
    match transport {
        "in process" => Box::new(InProcess::new(server, origin)),
        "ureq" => Box::new(ureq),
        "reqwest" => Box::new(reqwest),
        _ => Box::new(Program {
            origin,
            state: tempfile::tempdir().unwrap(),
        }),
    }
}

fn play(scenario: &Scenario, transport: &str) -> (Outcome, usize) {
    let service = Service::new(World::demo().in_mode(Mode::Strict), now()).unwrap();
    let server = Server::start(service, "127.0.0.1:0".parse().unwrap()).unwrap();
    let origin: Origin = format!("http://{}", server.addr()).parse().unwrap();
    let transport = connect(&server, origin, transport);
    let own_messages = |server: &Server| {
        let snapshot: Snapshot = server.with(|service| service.snapshot(now()));
        let own = |message: &&bili_im_sim::MessageState| {
            message.from == bili_im_sim::Uid(OWN) && message.msg_type != 5
        };
        snapshot.messages.iter().filter(own).count()
    };
    let before = own_messages(&server);
    for fault in &scenario.faults {
        server
            .with(|service| service.add_fault(fault.clone()))
            .unwrap();
    }
    let mut last = Outcome::Done;
    let (&final_action, earlier) = scenario.actions.split_last().unwrap();
    for &action in earlier {
        assert!(transport.act(action).is_ok(), "{}", scenario.name);
    }
    if let Err(outcome) = transport.act(final_action) {
        last = outcome;
    }
    (last, own_messages(&server) - before)
}

const TRANSPORTS: [&str; 4] = ["in process", "reqwest", "ureq", "bili-im"];

/// The head of the page.
const HEAD: &str = "# What comes of it, over every transport\n\n\
         The same conversations with the [simulated service](../crates/bili-im-sim/README.md), over the flows in process, the async\n\
         adapter, the blocking one, and the program. Each cell says what was reported and how many messages there were in the end. The\n\
         test `scenarios` plays them all and keeps this page true.\n\n| what happens |";

#[test]
fn every_transport_tells_the_same() {
    let mut page = String::from(HEAD);
    for transport in TRANSPORTS {
        write!(page, " {transport} |").unwrap();
    }
    page.push_str("\n|---|---|---|---|---|\n");
    let scenarios = scenarios();
    let all = &|transport| scenarios.iter().map(|s| play(s, transport)).collect();
    let played: Vec<Vec<(Outcome, usize)>> = thread::scope(|scope| {
        let threads = TRANSPORTS.map(|transport| scope.spawn(move || all(transport)));
        threads.map(|thread| thread.join().unwrap()).into()
    });
    let mut wrong = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        write!(page, "| {} |", scenario.name).unwrap();
        for (transport, played) in TRANSPORTS.iter().zip(&played) {
            let (outcome, messages) = played[index];
            write!(page, " {}, {messages} |", outcome.told()).unwrap();
            if (outcome, messages) != (scenario.outcome, scenario.messages) {
                wrong.push(format!(
                    "{} over {transport}: {}, {messages} instead of {}, {}",
                    scenario.name,
                    outcome.told(),
                    scenario.outcome.told(),
                    scenario.messages
                ));
            }
        }
        page.push('\n');
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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
