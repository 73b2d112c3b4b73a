//! Lists of sessions that are short, full, odd or refused.

use std::time::Duration;

use bili_im_proto::{Pacing, SingleUnread, WatchOptions};
use bili_im_sim::Act;
use bili_im_tests::local_account;

use crate::{
    by_hand::{FRESH, list, listed, page, told_by},
    program::{MINUTE, OWN, Program, account, login, stage, write},
};

#[test]
fn a_full_list_is_gone_through_though_it_says_there_is_no_more() {
    let mut swept = 0;
    let (_, ended) = told_by(FRESH, 2, |seen, now| match seen.endpoint() {
        "new_sessions" => {
            let full: Vec<String> = (10..110).map(|uid| listed(uid, 1, now)).collect();
            list(&full, 0)
        }
        "get_sessions" => {
            swept += 1;
            None
        }
        _ => None,
    });
    assert_eq!(ended, None);
    assert!(swept >= 3, "{swept}");
}

#[test]
fn a_hundred_sessions_that_changed_in_one_moment_do_not_end_a_list() {
    let (told, _) = told_by(FRESH, 5, |seen, now| match seen.endpoint() {
        "new_sessions" => {
            let full: Vec<String> = (10..110).map(|uid| listed(uid, 1, now)).collect();
            list(&full, 1)
        }
        "get_sessions" if seen.number("session_type") == Some(1) => {
            let moment = (now - now % 60) * 1_000_000;
            let is_older = seen.number("end_ts").is_some_and(|end| end <= moment);
            if is_older {
                list(&[listed(2, 2, moment / 1_000_000 - 1)], 0)
            } else {
                let full: Vec<String> = (10..110)
                    .map(|uid| listed(uid, 1, moment / 1_000_000))
                    .collect();
                list(&full, 1)
            }
        }
        "fetch_session_msgs" if seen.number("talker_id") == Some(2) => page([2], now),
        _ => None,
    });
    assert!(told.iter().any(|word| word == "2"), "{told:?}");
}

#[test]
fn a_refused_list_does_not_keep_the_others_from_being_read() {
    let mut asked = 0;
    let (told, _) = told_by(FRESH, 100, |seen, now| match seen.endpoint() {
        "new_sessions" => list(&[], 0),
        "get_sessions" => match seen.number("session_type") {
            Some(1) => {
                asked += 1;
                let newest = if asked < 3 { 1 } else { 2 };
                list(&[listed(2, newest, now - 5000)], 0)
            }
            Some(2) => Some(r#"{"code":-400,"message":"no"}"#.to_owned()),
            _ => None,
        },
        "fetch_session_msgs" => page([2, 1], now),
        _ => None,
    });
    assert!(asked >= 3, "{asked}");
    assert!(told.iter().any(|word| word == "2"), "{told:?}");
}

#[test]
fn a_message_that_came_while_an_event_was_handled_overnight_is_told() {
    let mut stage = stage();
    let account = account(1);
    let options = WatchOptions::default().with_changes(true);
    let mut program = Program::with(&mut stage, &account, options);
    program.watch(&mut stage, MINUTE);
    let ack = Act::Ack {
        uid: bili_im_sim::Uid(OWN),
        talker: bili_im_sim::Talker::user(2),
        upto: None,
    };
    stage.act(ack);
    write(&mut stage, OWN, 2, "makes the session listed");
    let until = stage.time.now.mono.0 + MINUTE;
    let is_changed = |program: &Program| program.words().iter().any(|w| w.starts_with("changed"));
    while !is_changed(&program) {
        assert!(!program.turn(&mut stage, until));
    }
    // The machine sleeps for a night with that event in hand. Its monotonic clock stands still.
    stage.time.turn_wall_clock(4 * 3600);
    write(&mut stage, 3, OWN, "came in the night");
    stage.time.turn_wall_clock(4 * 3600);
    program.watch(&mut stage, MINUTE * 3);
    assert!(
        program
            .words()
            .iter()
            .any(|word| word == "came in the night")
    );
}

#[test]
fn reads_do_not_wait_behind_a_poll_that_is_not_due() {
    let mut stage = stage();
    let paced = local_account(login(), 1).pacing(Pacing::default());
    let account = paced.build();
    // It has polled just now, and polls again in six seconds.
    let mut program = Program::start(&mut stage, &account);
    let soon = stage.time.now.mono.0 + Duration::from_secs(1);
    while !program.turn(&mut stage, soon) {}
    let before = stage.time.now.mono;
    stage.run(account.call(SingleUnread::new())).unwrap();
    assert!(stage.time.now.mono.since(before) < Duration::from_secs(1));
}
