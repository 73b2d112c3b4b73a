//! `unread --watch`, and the behaviour of all watching commands.

use bili_im_sim::faults::{Kind, Rule, When};
use serde_json::{Value, json};

use crate::{
    running::Running,
    support::{Stage, code, until, voucher},
};

/// A short interval, so that tests are quick.
const OFTEN: &str = "unread --watch --no-push --interval 0.05";

/// An interval longer than any test.
const SELDOM: &str = "unread --watch --no-push --interval 80000";

/// A watch that has counted once.
fn counting(stage: &Stage, args: &str) -> Running {
    let mut watch = Running::start(&mut stage.command(args));
    watch.line();
    watch
}

#[test]
fn there_is_a_line_at_first_and_whenever_it_changes() {
    let stage = Stage::demo();
    let mut people = Running::start(&mut stage.command(OFTEN));
    let mut scripts = Running::start(&mut stage.command(&format!("{OFTEN} --json")));
    let counts = stage.done("unread");
    assert_eq!(people.line(), counts.trim_end().replace('\n', ", "));
    assert_eq!(scripts.json(), stage.json("unread"));
    let asked = stage.asked("single_unread");
    until(|| stage.asked("single_unread") > asked + 4);
    stage.write(10002, "new");
    assert_eq!(people.line(), "followed 3, others 0, groups 1");
    assert_eq!(scripts.json()["follow_unread"], json!(3));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_every_watch_while_it_sleeps_and_while_a_request_hangs() {
    for (args, endpoint, asked) in [
        (SELDOM, "single_unread", 1),
        ("watch --no-push --interval 0.05", "new_sessions", 2),
    ] {
        for (signal, hangs) in [
            ("INT", false),
            ("TERM", false),
            ("INT", true),
            ("TERM", true),
        ] {
            let stage = Stage::demo();
            if hangs {
                stage.fault(Rule::new(endpoint, When::Always, Kind::Stall));
            }
            let mut watch = Running::start(&mut stage.command(args));
            if args == SELDOM && !hangs {
                watch.line();
            }
            until(|| stage.asked(endpoint) >= if hangs { 1 } else { asked });
            watch.signal(signal);
            let ran = watch.end();
            let case = format!("{args}, {signal}, hangs: {hangs}");
            assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""), "{case}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_while_another_command_has_the_account() {
    let stage = Stage::demo();
    let mut watch = counting(&stage, OFTEN);
    stage.fault(Rule::new("user/cards", When::Always, Kind::Stall));
    let _other = Running::start(&mut stage.command("who 10002"));
    stage.until_asked_once("cards");
    watch.signal("TERM");
    assert_eq!(watch.end().code, 0);
}

#[test]
fn it_ends_when_nobody_reads_any_more() {
    let stage = Stage::demo();
    let mut watch = counting(&stage, OFTEN);
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
    let _seldom = counting(&stage, SELDOM);
    let _often = counting(&stage, OFTEN);
    for _ in 0..5 {
        stage.done("send 10002 hi");
    }
    assert_eq!(stage.asked("nav"), 1, "they share the keys");
}

#[test]
fn what_other_commands_are_told_holds_for_it_too() {
    let stage = Stage::demo();
    let mut watch = counting(&stage, &format!("{OFTEN} --json"));
    stage.fault_once("fetch_session_msgs", voucher());
    (stage.run("history 10002 --paced")).failed(5, "risk control");
    let error = watch.end().error();
    assert_eq!(error["kind"], "RiskControl");
    assert!(error["retry_after_seconds"].as_u64().unwrap() > 1000);
}

#[test]
fn a_login_that_is_lost_ends_it() {
    let stage = Stage::demo();
    let mut watch = counting(&stage, OFTEN);
    stage.fault(Rule::new("single_unread", When::Always, code(-101)));
    watch.end().failed(3, "not logged in");
}

#[test]
fn trouble_of_the_service_is_told_and_waited_out() {
    let stage = Stage::demo();
    stage.fault_once("single_unread", Kind::BreakOff);
    let told = counting(&stage, OFTEN).kill();
    assert!(told.starts_with("warning: not counted now: "), "{told}");
}

#[test]
fn a_check_says_why_the_site_shows_none() {
    let stage = Stage::demo();
    assert_eq!(stage.json("unread --check")["hidden"], Value::Null);
    stage.done("mute 10002");
    stage.done("mute --group 20001");
    let muted = "all are in muted sessions";
    assert_eq!(stage.json("unread --check")["hidden"], muted);
    stage.done("settings set msg_notify=3");
    let out = stage.done("unread --check");
    assert!(
        out.ends_with("\nthe site shows none of them: notifications are off\n"),
        "{out}"
    );
}
