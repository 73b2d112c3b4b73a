//! Options of a watch.

use bili_im_proto::{Error, Event, EventKind, WatchOptions};
use bili_im_sim::{
    Act,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{Running, Stage, faults::code};

use crate::program::{MINUTE, OWN, Program, account, stage, write};

/// A message of a user whom the service took for a spammer.
fn write_intercepted(stage: &mut Stage, text: &str) {
    let intercept = Act::Intercept {
        uid: bili_im_sim::Uid(OWN),
        other: bili_im_sim::Uid(4),
    };
    stage.act(intercept);
    write(stage, 4, OWN, text);
}

#[test]
fn intercepted_sessions_are_told_of_when_asked_for() {
    for (is_wanted, expected) in [(true, &["psst"][..]), (false, &[])] {
        let mut stage = stage();
        let account = account(1);
        let options = WatchOptions::default().with_intercepted(is_wanted);
        let mut program = Program::with(&mut stage, &account, options);
        write_intercepted(&mut stage, "psst");
        program.watch(&mut stage, MINUTE);
        assert_eq!(program.words(), expected);
    }
}

#[test]
fn changes_are_told_when_asked_for() {
    let mut stage = stage();
    let account = account(1);
    let options = WatchOptions::default().with_changes(true);
    let mut program = Program::with(&mut stage, &account, options);
    program.watch(&mut stage, MINUTE);
    // The first count is told.
    assert_eq!(program.words(), ["unread 3"]);
    write(&mut stage, 2, OWN, "hello");
    program.watch(&mut stage, MINUTE * 3);
    let ack = Act::Ack {
        uid: bili_im_sim::Uid(OWN),
        talker: bili_im_sim::Talker::user(2),
        upto: None,
    };
    stage.act(ack);
    write(&mut stage, OWN, 2, "from the phone");
    program.watch(&mut stage, MINUTE * 3);
    let mut told = program.words();
    told.sort();
    told.dedup();
    assert_eq!(
        told,
        [
            "changed user 2",
            "from the phone",
            "hello",
            "unread 1",
            "unread 3",
            "unread 4"
        ]
    );
    // Changes are not stored.
    let is_change = |event: &&Event| {
        matches!(
            event.kind,
            EventKind::SessionChanged { .. } | EventKind::UnreadChanged { .. }
        )
    };
    assert!(
        program
            .told
            .iter()
            .filter(is_change)
            .all(|event| event.position.is_none())
    );
}

#[test]
fn counts_are_told_at_first_and_when_they_change() {
    let mut stage = stage();
    let account = account(1);
    let cursor = stage.run(account.cursor_now()).unwrap();
    let mut program = Program::resume(&account, cursor);
    program.running =
        Running::new(account.watch_unread(WatchOptions::default().with_interval(MINUTE)));
    program.watch(&mut stage, MINUTE * 3);
    write(&mut stage, 2, OWN, "hello");
    program.watch(&mut stage, MINUTE * 3);
    assert_eq!(program.words(), ["unread 3", "unread 4"]);
    let lost = Rule::new("single_unread", When::Once, code(-101));
    stage.fault(lost);
    program.watch(&mut stage, MINUTE * 3);
    assert!(matches!(
        program.running.result,
        Some(Err(Error::Refused(_)))
    ));
}

#[test]
fn unread_counts_that_fail_delay_no_message() {
    let mut stage = stage();
    let account = account(1);
    let options = WatchOptions::default().with_changes(true);
    let mut program = Program::with(&mut stage, &account, options);
    let rule = Rule::new("single_unread", When::Always, Kind::Html);
    stage.fault(rule);
    for _ in 0..5 {
        write(&mut stage, 2, OWN, "hello");
        program.watch(&mut stage, MINUTE);
    }
    let told = program.words();
    assert_eq!(told.iter().filter(|word| *word == "hello").count(), 5);
    assert!(
        !told.iter().any(|word| word.starts_with("Held")),
        "{told:?}"
    );
}

#[test]
fn a_refused_list_of_intercepted_sessions_delays_no_message() {
    let mut stage = stage();
    let account = account(1);
    let options = WatchOptions::default().with_intercepted(true);
    let mut program = Program::with(&mut stage, &account, options);
    let refused = code(-400);
    stage.fault(Rule::new("get_sessions", When::Always, refused));
    for minute in 1..=20 {
        write(&mut stage, 2, OWN, "hello");
        program.watch(&mut stage, MINUTE);
        let told = program.words();
        let hellos = told.iter().filter(|word| *word == "hello").count();
        assert_eq!(hellos, minute, "{told:?}");
    }
    let told = program.words();
    let held = told.iter().filter(|word| word.starts_with("Held")).count();
    assert!((1..=8).contains(&held), "{held}");
    // Intercepted messages are told once the list works again.
    write_intercepted(&mut stage, "psst");
    program.watch(&mut stage, MINUTE);
    stage.service.clear_faults();
    program.watch(&mut stage, MINUTE * 6);
    assert!(program.words().iter().any(|word| word == "psst"));
}
