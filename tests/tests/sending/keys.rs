//! When signing keys are fetched, and what a stale signature costs (docs/protocol.md §4).

use std::{cell::Cell, time::Duration};

use bili_im_proto::{Error, FetchSessionMsgs, Input, MsgKey, RefusalKind, Uid};
use bili_im_sim::{
    StaleSignature,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{Running, Seen, Stage, Timeline, Turn, answers, local_account, plain};

use crate::{
    by_hand::{
        DAY, HOUR, MINUTE, START, fetch, is_signed_on, paced, send, sends, unpaced, unread, well,
        with_keys_of_age,
    },
    simulated::{FRIEND, login, stage, stage_with, text, warm, warm_stage, written},
};

#[test]
fn keys_are_fetched_once_and_kept() {
    let account = unpaced();
    let mut time = Timeline::new(START);
    for _ in 0..3 {
        send(&account, &mut time, well(1)).unwrap();
        fetch(&account, &mut time, well(2)).unwrap();
        time.advance(HOUR);
    }
    assert_eq!(time.count("nav"), 1);
    assert_eq!(time.seen[0].endpoint(), "nav");
    for seen in &time.seen[1..] {
        assert!(is_signed_on(seen, 1), "{}", seen.query());
    }
}

#[test]
fn an_unsigned_call_needs_no_keys() {
    let account = unpaced();
    let mut time = Timeline::new(START);
    unread(&account, &mut time, well(1)).unwrap();
    assert_eq!(time.count("nav"), 0);
    assert_eq!(time.seen[0].parameter("w_rid"), None);
}

#[test]
fn flows_of_one_account_share_one_fetch_of_the_keys() {
    let account = unpaced();
    let mut stage = Stage::of(well(1));
    let mut first = Running::new(account.call(FetchSessionMsgs::new(Uid(1))));
    let mut second = Running::new(account.clone().call(FetchSessionMsgs::new(Uid(2))));
    stage.turn(&mut first);
    assert_eq!(first.asks(), Some("nav"));
    stage.turn(&mut second);
    assert!(matches!(second.turn, Turn::Waits(_)), "{second:?}");
    stage.finish(&mut first).unwrap();
    stage.finish(&mut second).unwrap();
    assert_eq!(stage.time.count("nav"), 1);
    let pages = stage.time.calls("fetch_session_msgs");
    assert_eq!(pages.len(), 2);
    assert!(pages.iter().all(|seen| is_signed_on(seen, 1)));
}

#[test]
fn a_flow_dropped_while_it_fetches_the_keys_delays_no_other() {
    let account = unpaced();
    let mut stage = Stage::of(well(1));
    let mut first = Running::new(account.call(FetchSessionMsgs::new(Uid(1))));
    stage.turn(&mut first);
    assert_eq!(first.asks(), Some("nav"));
    drop(first);
    stage
        .run(account.call(FetchSessionMsgs::new(Uid(1))))
        .unwrap();
    assert_eq!(stage.time.count("nav"), 1);
}

#[test]
fn keys_are_refreshed_when_a_day_old_and_not_before() {
    let (account, mut time) = with_keys_of_age(DAY - Duration::from_secs(1));
    send(&account, &mut time, well(2)).unwrap();
    assert_eq!(time.count("nav"), 0);

    let (account, mut time) = with_keys_of_age(DAY);
    send(&account, &mut time, well(2)).unwrap();
    assert_eq!(time.count("nav"), 1);
    assert_eq!(time.seen[0].endpoint(), "nav");
    assert!(is_signed_on(time.calls("send_msg")[0], 2));
}

/// The kind that each of `answers::stale` is reported as.
const KINDS: [RefusalKind; 5] = [
    RefusalKind::RiskControl,
    RefusalKind::RiskControl,
    RefusalKind::RiskControl,
    RefusalKind::Forbidden,
    RefusalKind::BadRequest,
];

#[test]
fn a_stale_signature_is_made_anew_exactly_once() {
    let seconds = Duration::from_secs;
    for ((name, refusal), kind) in answers::stale().into_iter().zip(KINDS) {
        for (case, age, day, refusals, calls, succeeds) in [
            ("refused once", HOUR, 2, 1, (1, 2), true),
            ("refused again", HOUR, 2, 9, (1, 2), false),
            ("the keys did not change", HOUR, 1, 9, (1, 1), false),
            (
                "fetched within the minute",
                MINUTE - seconds(2),
                2,
                9,
                (0, 1),
                false,
            ),
            (
                "fetched a minute ago",
                MINUTE + seconds(1),
                2,
                9,
                (1, 2),
                false,
            ),
        ] {
            let (account, mut time) = with_keys_of_age(age);
            let mut left = refusals;
            let service = sends(day, || {
                left -= 1;
                if left >= 0 {
                    refusal.clone()
                } else {
                    answers::sent()
                }
            });
            let outcome = send(&account, &mut time, service);
            let told = format!("{name}, {case}: {outcome:?}");
            assert_eq!((time.count("nav"), time.count("send_msg")), calls, "{told}");
            match outcome {
                Ok(()) => assert!(succeeds, "{told}"),
                Err(error) => {
                    assert!(!succeeds && matches!(error, Error::Refused(_)), "{told}");
                    assert_eq!(error.kind(), Some(kind), "{told}");
                }
            }
            if let [first, again] = time.calls("send_msg")[..] {
                assert!(is_signed_on(first, 1) && is_signed_on(again, 2), "{told}");
                let content = |seen: &Seen| seen.field("msg[content]").unwrap();
                assert_eq!(content(first), content(again), "{told}");
            }
        }
    }
}

#[test]
fn a_call_refused_for_another_reason_is_not_repeated() {
    for refusal in [
        answers::refused(21047),
        answers::refused(-101),
        answers::refused(-111),
        answers::refused(-412),
        answers::answer(412, "<html>"),
    ] {
        let (account, mut time) = with_keys_of_age(HOUR);
        assert!(send(&account, &mut time, sends(2, || refusal.clone())).is_err());
        assert_eq!((time.count("nav"), time.count("send_msg")), (0, 1));
    }
    // An unsigned call cannot have a stale signature.
    let (account, mut time) = with_keys_of_age(HOUR);
    let error = unread(&account, &mut time, |_| {
        Input::Response(answers::refused(-400))
    });
    assert_eq!(error.unwrap_err().kind(), Some(RefusalKind::BadRequest));
    assert_eq!(time.seen.len(), 1);
}

#[test]
fn when_the_keys_cannot_be_fetched_anew_the_refusal_is_reported() {
    for trouble in [
        answers::answer(502, "<html>"),
        answers::refused(-500),
        answers::success("{}"),
    ] {
        let (account, mut time) = with_keys_of_age(HOUR);
        let service = |seen: &Seen| {
            Input::Response(match seen.endpoint() {
                "nav" => trouble.clone(),
                "send_msg" => answers::refused(-400),
                _ => answers::empty_page(),
            })
        };
        let error = send(&account, &mut time, service).unwrap_err();
        assert_eq!(error.kind(), Some(RefusalKind::BadRequest));
        assert_eq!(time.count("send_msg"), 1);
    }
}

#[test]
fn a_call_that_waited_while_another_fetched_new_keys_is_not_repeated_with_them() {
    let account = paced();
    let day = Cell::new(1);
    let mut stage = Stage::of(|seen: &Seen| Input::Response(answers::well(seen, day.get())));
    for peer in [1, 2] {
        stage
            .run(account.call(FetchSessionMsgs::new(Uid(peer))))
            .unwrap();
        stage.run(account.send(Uid(peer), text("hi"))).unwrap();
    }
    stage.time.advance(HOUR);
    stage.time.seen.clear();
    day.set(2);

    // One is sent and refused. The other waits its second meanwhile.
    let mut first = Running::new(account.send(Uid(1), text("one")));
    let mut second = Running::new(account.send(Uid(2), text("two")));
    stage.turn_until(&mut first, |first| first.asks() == Some("send_msg"));
    stage.turn_until(&mut second, |second| matches!(second.turn, Turn::Waits(_)));
    first.bring(Input::Response(answers::refused(-400)));
    // The first learns the keys of day 2 and waits for its turn to repeat.
    stage.turn_until(&mut first, |first| matches!(first.turn, Turn::Waits(_)));
    assert_eq!(stage.time.count("nav"), 1);

    stage.turn_until(&mut second, |second| second.asks() == Some("send_msg"));
    let query = second
        .outgoing()
        .and_then(|outgoing| outgoing.request.uri().query());
    assert!(plain::is_signed_with(
        query.unwrap(),
        &answers::mixin_key(2)
    ));
    // These keys are seconds old, so a refusal does not come from them.
    second.bring(Input::Response(answers::refused(-400)));
    let error = stage.finish(&mut second).unwrap_err();
    assert_eq!(error.kind(), Some(RefusalKind::BadRequest));
}

#[test]
fn the_simulated_service_accepts_what_was_signed_anew() {
    use StaleSignature::{BadRequest, Forbidden, RiskControl, Voucher};
    for stale in [Voucher, RiskControl, Forbidden, BadRequest] {
        let mut stage = stage_with(|options| options.stale_signature = stale);
        let account = warm(&mut stage);
        // The keys change after the read that precedes a send.
        stage.fault(Rule::new("send_msg", When::Once, Kind::RotateKeys));
        let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
        assert_eq!(written(&stage, "hi"), [sent.msg_key], "{stale:?}");
        let names = stage.time.seen.iter().map(|seen| seen.endpoint());
        let names: Vec<_> = names.filter(|&name| name != "fetch_session_msgs").collect();
        assert_eq!(names, ["send_msg", "nav", "send_msg"], "{stale:?}");
    }
}

#[test]
fn keys_that_are_missing_once_are_asked_for_again() {
    let mut stage = stage();
    let account = local_account(login(), 1).build();
    let mut preparing = Running::new(account.prepare_send(FRIEND, text("hi")));
    while preparing.outgoing().is_none() {
        stage.turn(&mut preparing);
    }
    let keyless = br#"{"code":0,"data":{"isLogin":true,"mid":10001}}"#;
    preparing.bring(Input::Response(http::Response::new(keyless.to_vec())));
    while preparing.result.is_none() {
        stage.turn(&mut preparing);
    }
    preparing.result.unwrap().unwrap();
}

#[test]
fn a_clock_and_keys_that_are_both_wrong_cost_one_refusal() {
    let (mut stage, account) = warm_stage();
    stage.run(account.send(FRIEND, text("before"))).unwrap();
    stage.time.advance(Duration::from_secs(100));
    stage.service.rotate_keys();
    stage.service.skew_clock(3600);
    stage.run(account.recall(FRIEND, MsgKey(5))).unwrap_err();
    assert_eq!(stage.time.count("nav"), 1);
    stage.run(account.send(FRIEND, text("hi"))).unwrap();
}
