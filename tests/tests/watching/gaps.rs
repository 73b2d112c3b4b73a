//! Gaps: messages that came since the last look, read page by page.

use std::{collections::BTreeSet, time::Duration};

use bili_im_proto::Input;
use bili_im_tests::answers;

use crate::{
    by_hand::{FRESH, bounds, list, listed, numbers, page, told_by},
    program::{MINUTE, OWN, Program, account, held, stage, write},
};

#[test]
fn everything_that_came_meanwhile_is_told_in_order() {
    let mut stage = stage();
    let account = account(1);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.time.now.unix.seconds().0;
    stage.time.advance(Duration::from_secs(3 * 24 * 60 * 60));
    for index in 0..2500 {
        write(&mut stage, 2, OWN, &format!("message {index}"));
    }
    write(&mut stage, 4, OWN, "a first word");
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.seqnos(), held(&stage, start));
    assert_eq!(program.told.len(), 2501);
}

#[test]
fn a_message_that_is_listed_before_it_can_be_read_is_told_later() {
    let mut stage = stage();
    let account = account(1);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.time.now.unix.seconds().0;
    write(&mut stage, 2, OWN, "early");
    let until = stage.time.now.mono.0 + MINUTE;
    // The first answer about the session does not show it yet.
    while program.running.asks() != Some("fetch_session_msgs") {
        assert!(!program.turn(&mut stage, until));
    }
    program
        .running
        .bring(Input::Response(answers::empty_page()));
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.seqnos(), held(&stage, start));
    assert_eq!(program.told.len(), 1);
}

#[test]
fn an_empty_second_page_is_asked_for_again() {
    let mut hiccups = 2;
    let (told, _) = told_by(FRESH, 5, |seen, now| match seen.endpoint() {
        "new_sessions" => list(&[listed(2, 501, now)], 0),
        "fetch_session_msgs" => {
            let (begin, end) = bounds(seen, 501);
            if end != 502 && hiccups > 0 {
                hiccups -= 1;
                return page([], now);
            }
            page((begin + 1..end).rev().take(200), now)
        }
        _ => None,
    });
    let all: Vec<String> = (2..=501).map(|seqno| seqno.to_string()).collect();
    assert_eq!(told, all);
}

#[test]
fn an_empty_page_is_asked_for_again_wherever_it_comes() {
    // The newest page, a short page with more before it, and one long after the listing.
    for (empty_ones, size, minutes) in [(0..1, 200, 5), (1..3, 30, 5), (15..17, 30, 90)] {
        let mut asked = 0;
        let (told, _) = told_by(FRESH, minutes, |seen, now| match seen.endpoint() {
            "new_sessions" => list(&[listed(2, 501, now)], 0),
            "fetch_session_msgs" => {
                let (begin, end) = bounds(seen, 501);
                asked += 1;
                if empty_ones.contains(&(asked - 1)) {
                    return page([], now);
                }
                let short = page((begin + 1..end).rev().take(size), now)?;
                Some(short.replace(r#""has_more":0"#, r#""has_more":1"#))
            }
            _ => None,
        });
        assert_eq!(told, numbers(2..=501), "{empty_ones:?}");
    }
}

#[test]
fn an_empty_page_in_the_middle_of_a_gap_is_asked_for_again_for_minutes() {
    let mut began = None;
    let (told, _) = told_by(FRESH, 30, |seen, now| match seen.endpoint() {
        "new_sessions" => list(&[listed(2, 501, now)], 0),
        "fetch_session_msgs" => {
            let (begin, end) = bounds(seen, 501);
            if end != 502 && now < *began.get_or_insert(now) + 300 {
                return page([], now);
            }
            page((begin + 1..end).rev().take(200), now)
        }
        _ => None,
    });
    assert_eq!(told, numbers(2..=501));
}

#[test]
fn a_page_that_is_empty_when_read_again_is_asked_for_again() {
    // More pages than are kept: some are read again on the way forward. That fails for a while.
    let mut ends = BTreeSet::new();
    let mut began = None;
    let mut hiccups = 0;
    let (told, _) = told_by(FRESH, 30, |seen, now| match seen.endpoint() {
        "new_sessions" => list(&[listed(2, 3001, now)], 0),
        "fetch_session_msgs" => {
            let (begin, end) = bounds(seen, 3001);
            let is_again = !ends.insert(end) && end == 3002;
            if is_again && now < *began.get_or_insert(now) + 90 {
                return Some("<html>".to_owned());
            }
            if is_again && hiccups < 3 {
                hiccups += 1;
                return page([], now);
            }
            page((begin + 1..end).rev().take(200), now)
        }
        _ => None,
    });
    assert_eq!(hiccups, 3);
    let told: Vec<_> = (told.into_iter())
        .filter(|word| word.parse::<u64>().is_ok())
        .collect();
    assert_eq!(told, numbers(2..=3001));
}
