//! Answers that fail.

use std::time::Duration;

use bili_im_proto::Input;
use bili_im_tests::answers;

use crate::{
    by_hand::{FRESH, list, listed, page, told_by},
    program::{OWN, Program, account, stage, write},
};

#[test]
fn a_session_that_stays_unreadable_delays_no_other() {
    let mut stage = stage();
    let account = account(1);
    let mut program = Program::start(&mut stage, &account);
    write(&mut stage, 2, OWN, "hello");
    let mut asked = 0;
    let until = stage.time.now.mono.0 + Duration::from_secs(1200);
    let mut written = 0;
    loop {
        if program.turn(&mut stage, until) {
            break;
        }
        let Some(outgoing) = program.running.outgoing() else {
            continue;
        };
        let uri = outgoing.request.uri().to_string();
        if uri.contains("fetch_session_msgs") && uri.contains("talker_id=2&") {
            let page = answers::answer(200, "<html>");
            program.running.bring(Input::Response(page));
            asked += 1;
        } else if uri.contains("new_sessions") {
            write(&mut stage, 3, OWN, "more");
            written += 1;
        }
    }
    let from_others = program.told.iter().filter(|event| event.position.is_some());
    assert!(written > 50, "polled {written} times");
    assert!(from_others.count() >= written - 1);
    assert!(asked < 15, "asked {asked} times about what fails");
}

#[test]
fn an_answer_without_keys_does_not_end_the_watch() {
    let mut asked = 0;
    let (told, ended) = told_by(FRESH, 10, |seen, now| match seen.endpoint() {
        "nav" => {
            asked += 1;
            let keyless = r#"{"code":0,"data":{"isLogin":true,"mid":1,"uname":"n"}}"#;
            (asked <= 3).then(|| keyless.to_owned())
        }
        "new_sessions" => list(&[listed(2, 2, now)], 0),
        "fetch_session_msgs" => page([2], now),
        _ => None,
    });
    assert_eq!(ended, None);
    assert!(told.iter().any(|word| word == "2"), "{told:?}");
}
