//! Watches that are told of news by push. Their polls are a day apart.

use bili_im_sim::faults::{Kind, PageBody, Rule, When};
use serde_json::json;

use crate::{
    running::Running,
    support::{Stage, status, until},
};

const SELDOM: &str = "watch --interval 80000";

/// What people read on stderr once push tells of news.
const TOLD: &str = "news are told at once, by push\n";

/// A watch that is told of news by push.
fn told(stage: &Stage, args: &str) -> Running {
    let watch = Running::start(&mut stage.command(args));
    // Once more than before there was a connection.
    let (counted, times) = if args.starts_with("unread") {
        ("single_unread", 2)
    } else {
        ("new_sessions", 3)
    };
    until(|| connections(stage) > 0 && stage.asked(counted) >= times);
    watch
}

fn connections(stage: &Stage) -> usize {
    let snapshot = stage.snapshot();
    (snapshot.accounts.iter())
        .map(|account| account.push_connections)
        .sum()
}

#[test]
fn people_are_told_at_once_and_it_says_so() {
    let stage = Stage::demo();
    let mut watch = told(&stage, SELDOM);
    for text in ["one", "two"] {
        stage.write(10002, text);
        assert!(watch.line().ends_with(text));
    }
    assert_eq!(watch.kill(), TOLD);
    until(|| connections(&stage) == 0);
}

#[test]
fn scripts_get_events_and_nothing_else() {
    let stage = Stage::demo();
    let mut watch = told(&stage, "watch --json --interval 80000");
    stage.write(10002, "hi");
    assert_eq!(watch.json()["event"], json!("message"));
    assert_eq!(watch.kill(), "");
}

#[test]
fn unread_counts_are_told_at_once() {
    let stage = Stage::demo();
    let mut watch = told(&stage, "unread --watch --interval 80000");
    watch.line();
    stage.write(10002, "new");
    assert_eq!(watch.line(), "followed 3, others 0, groups 1");
    assert_eq!(watch.kill(), TOLD);
}

#[test]
fn without_push_it_says_that_it_asks() {
    let stage = Stage::demo().with_fault("sub", status(403, PageBody::Html, None));
    let mut watch = Running::start(&mut stage.command("watch --interval 0.05"));
    until(|| stage.asked("sub") > 0 && stage.asked("new_sessions") > 3);
    stage.write(10002, "hi");
    assert!(watch.line().ends_with("hi"));
    assert_eq!(
        watch.kill(),
        "asks for news now and then, there is no push: the service answered 403 Forbidden\n"
    );
}

#[test]
fn the_curious_see_what_happens_on_the_connection() {
    let stage = Stage::demo();
    let mut watch = told(&stage, "watch --verbose --interval 80000");
    stage.fault(Rule::new("WatchNotify", When::Nth(2), Kind::Garbage));
    stage.write(10002, "one");
    assert!(watch.line().ends_with("one"));
    stage.write(10002, "two");
    assert!(watch.line().ends_with("two"));
    let err = watch.kill();
    let lines = [
        "push: connected",
        TOLD.trim_end(),
        "push: something new",
        "push: closed, again in ",
        "asks for news now and then, there is no push: a frame",
    ];
    for line in lines {
        assert!(err.contains(line), "{line:?} is not in {err}");
    }
}

#[cfg(unix)]
#[test]
fn a_push_does_not_keep_an_answer_that_waits_from_ending() {
    let stage = Stage::demo();
    let cursor = stage.cursor();
    let cursor = ["--cursor", cursor.to_str().unwrap()];
    let answer = ["--reply-stdout", "--exec", "echo", "--", "answer"];
    let watch = ["watch", "--interval", "80000"];
    let mut watch = Running::start(&mut stage.command(&[&watch[..], &cursor, &answer].concat()));
    until(|| connections(&stage) > 0 && stage.asked("new_sessions") >= 3);
    stage.fault_once("send_msg", status(429, PageBody::default(), Some(300)));
    stage.write(10002, "one");
    stage.until_asked_once("send_msg");
    stage.write(10002, "two");
    // Time for the push to arrive. When it does not, this shows nothing, and does not fail.
    std::thread::sleep(std::time::Duration::from_millis(300));
    watch.signal("TERM");
    assert_eq!(watch.end().code, 0);
    let stored = stage.stored().pop().unwrap();
    assert!(stored.starts_with(r#"{"reply""#), "{stored}");
}

#[test]
fn who_wants_no_push_gets_none() {
    let stage = Stage::demo();
    let mut watch = stage.watch("");
    stage.write(10002, "hi");
    assert!(watch.line().ends_with("hi"));
    assert_eq!((watch.kill(), stage.asked("sub")), (String::new(), 0));
}
