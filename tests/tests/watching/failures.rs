//! Answers that fail.

use std::time::Duration;

use bili_im_proto::{EventKind, Input};
use bili_im_sim::faults::{Kind, PageBody, Rule, VoucherPlace, When};
use bili_im_tests::answers;

use crate::{
    by_hand::{FRESH, list, listed, page, told_by},
    program::{MINUTE, OWN, Program, account, code, fault, held, stage, write},
};

#[test]
fn a_session_that_fails_delays_no_other_and_is_read_later() {
    let mut stage = stage();
    let account = account(1);
    let mut program = Program::start(&mut stage, &account);
    let start = stage.time.now.unix.seconds().0;
    for uid in [2, 3, 4] {
        write(&mut stage, uid, OWN, "hello");
    }
    let broken = Rule::new("fetch_session_msgs", When::Once, Kind::BreakOff);
    fault(&mut stage, broken);
    let until = stage.time.now.mono.0 + MINUTE;
    while program.told.len() < 3 {
        assert!(!program.turn(&mut stage, until), "{:?}", program.told);
    }
    // The failure is told, and the other sessions' messages.
    assert!(matches!(
        program.told[0].kind,
        EventKind::SessionFailed { .. }
    ));
    program.crash(&account);
    program.watch(&mut stage, MINUTE);
    assert_eq!(program.seqnos(), held(&stage, start));
}

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
fn a_session_that_was_refused_once_is_read_later() {
    for number in [-403, -400, -404, -500] {
        let mut stage = stage();
        let account = account(1);
        let mut program = Program::start(&mut stage, &account);
        let start = stage.time.now.unix.seconds().0;
        write(&mut stage, 2, OWN, "hello");
        let kind = code(number);
        let refused = Rule::new("fetch_session_msgs", When::Once, kind);
        fault(&mut stage, refused);
        program.watch(&mut stage, MINUTE * 5);
        assert_eq!(program.seqnos(), held(&stage, start), "{number}");
    }
}

#[test]
fn a_lost_login_and_risk_control_end_the_watch() {
    for (kind, ends) in [
        (code(-101), true),
        (Kind::Voucher(VoucherPlace::Body), true),
        (
            Kind::Http {
                status: 502,
                body: PageBody::Html,
                retry_after: None,
            },
            false,
        ),
    ] {
        let mut stage = stage();
        let account = account(1);
        let mut program = Program::start(&mut stage, &account);
        program.watch(&mut stage, MINUTE);
        fault(&mut stage, Rule::new("new_sessions", When::Once, kind));
        program.watch(&mut stage, MINUTE);
        assert_eq!(program.running.result.is_some(), ends);
        assert_eq!(program.told.len(), usize::from(!ends));
    }
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
