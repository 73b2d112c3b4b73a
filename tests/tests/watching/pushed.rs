//! A watcher with a push connection: it asks at once after a hint, and seldom without one.

use std::time::Duration;

use bili_im_proto::{Account, Hints, Monotonic, Pacing, WatchOptions};
use bili_im_tests::{Stage, local_account};

use crate::program::{MINUTE, OWN, Program, login, stage, write};

const SECOND: Duration = Duration::from_secs(1);

/// A watcher at the service's pace, and the push connection, which lives.
fn pushed() -> (Stage, Program, Hints) {
    let mut stage = stage();
    let hints = Hints::new();
    let account: Account = local_account(login(), 1).pacing(Pacing::default()).build();
    let mut program = Program::pushed(&mut stage, &account, hints.clone());
    hints.live_until(Monotonic(MINUTE * 10_000));
    hints.hint();
    program.watch(&mut stage, MINUTE * 10);
    assert_eq!(program.words(), ["told"]);
    stage.time.seen.clear();
    (stage, program, hints)
}

fn hint(program: &mut Program, hints: &Hints) {
    hints.hint();
    program.wake();
}

#[test]
fn an_hour_without_news_costs_a_fifth_of_the_requests() {
    let (mut stage, mut program, hints) = pushed();
    program.watch(&mut stage, MINUTE * 60);
    let told = stage.time.seen.len();
    hints.ended("closed");
    program.wake();
    program.watch(&mut stage, MINUTE * 10);
    stage.time.seen.clear();
    program.watch(&mut stage, MINUTE * 60);
    let asked = stage.time.seen.len();
    assert!(told * 5 <= asked, "{told} and {asked} requests");
    assert!(asked > 150, "{asked} requests");
}

#[test]
fn a_message_whose_hint_is_lost_is_told_with_the_next_poll() {
    let (mut stage, mut program, _hints) = pushed();
    write(&mut stage, 2, OWN, "unannounced");
    program.watch(&mut stage, MINUTE * 3);
    assert_eq!(program.words(), ["told", "unannounced"]);
}

#[test]
fn a_connection_that_announces_nothing_is_not_relied_on() {
    let (mut stage, mut program, hints) = pushed();
    for text in ["one", "two"] {
        write(&mut stage, 2, OWN, text);
        program.watch(&mut stage, MINUTE * 5);
    }
    assert_eq!(program.words(), ["told", "one", "two", "asks"]);
    write(&mut stage, 2, OWN, "three");
    program.watch(&mut stage, SECOND * 25);
    assert_eq!(program.words().last().unwrap(), "three");
    hint(&mut program, &hints);
    program.watch(&mut stage, SECOND);
    assert_eq!(program.words().last().unwrap(), "told");
}

#[test]
fn a_connection_that_dies_without_a_word_is_not_waited_for() {
    let (mut stage, mut program, hints) = pushed();
    hints.live_until(Monotonic(stage.time.now.mono.0 + SECOND * 50));
    program.watch(&mut stage, SECOND * 51);
    write(&mut stage, 2, OWN, "later");
    program.watch(&mut stage, SECOND * 25);
    assert_eq!(program.words(), ["told", "asks", "later"]);
}

#[test]
fn a_busy_conversation_is_not_asked_for_at_every_message() {
    let (mut stage, mut program, hints) = pushed();
    for _ in 0..1800 {
        write(&mut stage, 2, OWN, "again");
        hint(&mut program, &hints);
        program.watch(&mut stage, SECOND * 2);
    }
    let polls = stage.time.count("new_sessions");
    assert!((300..=400).contains(&polls), "{polls} polls");
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.words().len(), 1 + 1800);
}

#[test]
fn unread_counts_are_told_beside_messages_at_once() {
    let mut stage = stage();
    let hints = Hints::new();
    let account = local_account(login(), 1).pacing(Pacing::default()).build();
    let cursor = stage.run(account.cursor_now()).unwrap();
    let options = WatchOptions::default().with_changes(true);
    let flow = account.watch_pushed(cursor.clone(), options, hints.clone());
    let mut program = Program::of(flow, cursor);
    hints.live_until(Monotonic(MINUTE * 10_000));
    program.watch(&mut stage, MINUTE * 10);
    write(&mut stage, 2, OWN, "hello");
    hint(&mut program, &hints);
    program.watch(&mut stage, SECOND * 3);
    assert!(
        program.words().contains(&"unread 4".to_owned()),
        "{:?}",
        program.words()
    );
}

#[test]
fn hints_of_nothing_tell_nothing_and_cost_little_more_than_asking() {
    let (mut stage, mut program, hints) = pushed();
    for _ in 0..3600 {
        hint(&mut program, &hints);
        program.watch(&mut stage, SECOND);
    }
    assert_eq!(program.words(), ["told"]);
    assert!(stage.time.count("new_sessions") <= 400);
    write(&mut stage, 2, OWN, "real");
    program.watch(&mut stage, SECOND * 25);
    assert_eq!(program.words(), ["told", "real"]);
}

#[test]
fn unread_counts_are_told_at_once_after_a_hint() {
    let mut stage = stage();
    let hints = Hints::new();
    let account = local_account(login(), 1).pacing(Pacing::default()).build();
    let cursor = stage.run(account.cursor_now()).unwrap();
    let flow = account.watch_unread_pushed(WatchOptions::default(), hints.clone());
    let mut program = Program::of(flow, cursor);
    hints.live_until(Monotonic(MINUTE * 10_000));
    program.watch(&mut stage, MINUTE);
    write(&mut stage, 2, OWN, "hello");
    program.watch(&mut stage, SECOND * 10);
    let before = program.words();
    hint(&mut program, &hints);
    program.watch(&mut stage, SECOND * 2);
    assert_eq!(before, ["told", "unread 3"]);
    assert_eq!(program.words(), ["told", "unread 3", "unread 4"]);
}
