//! `unread --watch`, and the behaviour of all watching commands.

use bili_im_sim::faults::{Kind, Rule, VoucherPlace, When};
use serde_json::json;

use crate::{
    running::Running,
    support::{FRIEND, Stage, until},
};

/// A short interval, so that tests are quick.
const OFTEN: &[&str] = &["unread", "--watch", "--interval", "0.05"];

/// An interval longer than any test.
const SELDOM: &[&str] = &["unread", "--watch", "--interval", "80000"];

#[test]
fn there_is_a_line_at_first_and_whenever_it_changes() {
    let stage = Stage::demo();
    let mut people = Running::start(&mut stage.command(OFTEN));
    let mut scripts = Running::start(&mut stage.command(&[OFTEN, &["--json"]].concat()));
    assert_eq!(
        people.line(),
        stage
            .run(&["unread"])
            .out
            .replace('\n', ", ")
            .trim_end_matches(", ")
    );
    assert_eq!(scripts.json(), stage.json(&["unread"]));
    let asked = stage.asked("single_unread");
    until(|| stage.asked("single_unread") > asked + 4);
    stage.write(10002, "new");
    assert_eq!(people.line(), "followed 3, others 0, groups 1");
    assert_eq!(scripts.json()["follow_unread"], json!(3));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_while_it_sleeps() {
    for signal in ["INT", "TERM"] {
        let stage = Stage::demo();
        let mut watch = Running::start(&mut stage.command(SELDOM));
        watch.line();
        watch.signal(signal);
        let ran = watch.end();
        assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_while_a_request_hangs() {
    let stage = Stage::demo().with_fault("single_unread", Kind::Stall);
    let mut watch = Running::start(&mut stage.command(OFTEN));
    until(|| stage.asked("single_unread") == 1);
    watch.signal("TERM");
    let ran = watch.end();
    assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_while_another_command_has_the_account() {
    let stage = Stage::demo();
    let mut watch = Running::start(&mut stage.command(OFTEN));
    watch.line();
    stage.fault(Rule::new("user/cards", When::Always, Kind::Stall));
    let _other = Running::start(&mut stage.command(&["who", FRIEND]));
    until(|| stage.asked("cards") == 1);
    watch.signal("TERM");
    assert_eq!(watch.end().code, 0);
}

#[test]
fn it_ends_when_nobody_reads_any_more() {
    let stage = Stage::demo();
    let mut watch = Running::start(&mut stage.command(OFTEN));
    watch.line();
    watch.turn_away();
    // The first line after the reader is gone may still fit into the pipe. The second cannot be
    // written.
    for _ in 0..2 {
        stage.write(10002, "new");
        let asked = stage.asked("single_unread");
        until(|| watch.has_ended() || stage.asked("single_unread") > asked + 2);
    }
    let ran = watch.end();
    assert_eq!((ran.code, &*ran.err), (0, ""));
}

#[test]
fn other_commands_of_the_account_go_on_beside_it() {
    let stage = Stage::demo();
    let mut watch = Running::start(&mut stage.command(SELDOM));
    watch.line();
    assert_eq!(stage.run(&["send", FRIEND, "hi"]).code, 0);
    let mut often = Running::start(&mut stage.command(OFTEN));
    often.line();
    for _ in 0..5 {
        assert_eq!(stage.run(&["send", FRIEND, "hi"]).code, 0);
    }
    assert_eq!(stage.asked("nav"), 1, "they share the keys");
}

#[test]
fn what_other_commands_are_told_holds_for_it_too() {
    let stage = Stage::demo();
    let mut watch = Running::start(&mut stage.command(&[OFTEN, &["--json"]].concat()));
    watch.line();
    stage.fault(Rule::new(
        "fetch_session_msgs",
        When::Once,
        Kind::Voucher(VoucherPlace::Body),
    ));
    (stage.run(&["history", FRIEND, "--paced"])).failed(5, "risk control");
    let error = watch.end().error();
    assert_eq!(error["kind"], "RiskControl");
    assert!(error["retry_after_seconds"].as_u64().unwrap() > 1000);
}

#[test]
fn a_login_that_is_lost_ends_it() {
    let stage = Stage::demo();
    let mut watch = Running::start(&mut stage.command(OFTEN));
    watch.line();
    stage.fault(Rule::new(
        "single_unread",
        When::Always,
        Kind::Code {
            code: -101,
            message: None,
        },
    ));
    watch.end().failed(3, "not logged in");
}

#[test]
fn trouble_of_the_service_is_told_and_waited_out() {
    let stage = Stage::demo();
    stage.fault(Rule::new("single_unread", When::Once, Kind::BreakOff));
    let mut watch = Running::start(&mut stage.command(OFTEN));
    watch.line();
    watch.kill();
    let told = watch.complaints();
    assert!(told.starts_with("warning: not counted now: "), "{told}");
}
