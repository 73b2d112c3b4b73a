//! Cursors: where a watch goes on.

use bili_im_proto::{Cursor, Error, Input, Invalid};
use bili_im_sim::faults::{Kind, Rule, When};
use bili_im_tests::answers;

use crate::{
    by_hand::{FRESH, list, listed, page, told_by},
    program::{MINUTE, OWN, Program, account, stage, write},
};

#[test]
fn nothing_is_told_before_it_is_known_whose_login_it_is() {
    let pending = FRESH.replace(r#""1",0]"#, r#""1",0,true]"#);
    let mut asked = 0;
    let (told, ended) = told_by(&pending, 10, |seen, now| match seen.endpoint() {
        "nav" => {
            asked += 1;
            let another = String::from_utf8(answers::nav(7, 1).into_body()).unwrap();
            Some(if asked == 1 {
                "<html>".to_owned()
            } else {
                another
            })
        }
        "fetch_session_msgs" => page([2], now),
        _ => None,
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("Held"), "{told:?}");
    assert!(matches!(
        ended,
        Some(Error::Invalid(Invalid::ForeignCursor(_)))
    ));
}

#[test]
fn a_failed_session_is_remembered_across_a_restart_and_does_not_hold_the_mark() {
    let mut stage = stage();
    let account = account(1);
    let mut program = Program::start(&mut stage, &account);
    write(&mut stage, 2, OWN, "unreadable for long");
    let rule = Rule::new("fetch_session_msgs", When::Always, Kind::Html);
    stage.fault(rule);
    program.watch(&mut stage, MINUTE);
    stage.service.clear_faults();
    write(&mut stage, 3, OWN, "readable");
    program.watch(&mut stage, MINUTE * 2);
    // It is asked about again long after the lists mentioned it.
    let rule = Rule::new("fetch_session_msgs", When::Always, Kind::Html);
    stage.fault(rule);
    write(&mut stage, 4, OWN, "unreadable until the restart");
    program.watch(&mut stage, MINUTE);
    stage.service.clear_faults();
    stage.time.advance(MINUTE * 60);
    let before = stage.time.seen.len();
    program.crash(&account);
    program.watch(&mut stage, MINUTE);
    let told = program.words();
    for text in [
        "failed user 2",
        "unreadable for long",
        "recovered user 2",
        "readable",
        "unreadable until the restart",
        "recovered user 4",
    ] {
        assert!(told.iter().any(|word| word == text), "{text}: {told:?}");
    }
    // The mark went on meanwhile: the lists are asked from about then on.
    let asked = (stage.time.seen.iter().skip(before))
        .find_map(|seen| seen.number("begin_ts"))
        .unwrap();
    let an_hour_ago = stage.time.now.unix.0 - 3_700_000_000;
    assert!(asked + 120_000_000 > an_hour_ago, "{asked} {an_hour_ago}");
}

#[test]
fn a_session_dated_tomorrow_makes_no_message_of_today_old() {
    let mut stage = stage();
    let account = account(1);
    // The first list has a session dated tomorrow.
    let tomorrow = stage.time.now.unix.seconds().0 + 86_400;
    let cursor = stage.run_with(account.cursor_now(), |endpoint| {
        let body = list(&[listed(3, 1, tomorrow)], 0).filter(|_| endpoint == "new_sessions")?;
        Some(Input::Response(answers::answer(200, body)))
    });
    let cursor: Cursor = cursor.unwrap();
    let mut program = Program::resume(&account, cursor);
    write(&mut stage, 5, OWN, "now");
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.words(), ["now"], "{:?}", program.cursor);
}
