//! The pace of requests, and how long an account is held back (docs/protocol.md §14).

use std::time::Duration;

use bili_im_proto::{Account, Error, Input, RefusalKind, SingleUnread};
use bili_im_sim::faults::{Kind, Rule, VoucherPlace, When};
use bili_im_tests::{Seen, Timeline, answers};

use crate::{
    by_hand::{DAY, HOUR, MINUTE, START, paced, send, sends, unpaced, unread, well},
    simulated::{FRIEND, code, http, restart, text, warm_stage, written},
};

/// What a call comes to that is told `answer`; or that nothing was sent, by an account that is held
/// back.
fn retry_after(
    account: &Account,
    time: &mut Timeline,
    answer: Option<http::Response<Vec<u8>>>,
) -> Duration {
    let before = time.seen.len();
    let result = time.run(account.call(SingleUnread::new()), |seen: &Seen| {
        let answer = answer.clone();
        Input::Response(answer.unwrap_or_else(|| panic!("{} is called", seen.endpoint())))
    });
    assert_eq!(time.seen.len() - before, usize::from(answer.is_some()));
    match result {
        Err(Error::RateLimited(limited)) => limited.retry_after,
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_fast_is_told_with_a_wait_that_doubles_to_half_an_hour() {
    let account = paced();
    let mut time = Timeline::new(START);
    let mut waits = vec![];
    for _ in 0..9 {
        let wait = retry_after(&account, &mut time, Some(answers::refused(-799)));
        // Meanwhile nothing is sent, and nothing sleeps.
        let before = time.now.mono;
        let left = retry_after(&account, &mut time, None);
        assert_eq!(time.now.mono, before);
        assert!(left <= wait && left > Duration::ZERO);
        time.advance(wait.saturating_sub(Duration::from_millis(1)));
        retry_after(&account, &mut time, None);
        time.advance(Duration::from_millis(1));
        waits.push(wait.as_secs_f64());
    }
    for (wait, least) in waits.iter().zip([
        30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0, 1800.0,
    ]) {
        assert!(
            (least..=least * 1.25).contains(wait),
            "{wait} s, not {least} s: {waits:?}"
        );
    }
    unread(&account, &mut time, well(1)).unwrap();
    let wait = retry_after(&account, &mut time, Some(answers::refused(-799)));
    assert!(wait < MINUTE, "a success ends the doubling: {wait:?}");
}

#[test]
fn the_jitter_of_a_wait_comes_from_the_seed() {
    let wait = |seed: u8| {
        let credential = bili_im_tests::credential().unwrap();
        let account = Account::builder(credential, [seed; 24]).build();
        retry_after(
            &account,
            &mut Timeline::new(START),
            Some(answers::refused(-799)),
        )
    };
    assert_eq!(wait(1), wait(1));
    assert!(
        (2..9).any(|seed| wait(seed) != wait(1)),
        "there is no jitter"
    );
}

#[test]
fn a_wait_that_the_service_asks_for_is_obeyed() {
    for (answer, account) in [
        (answers::answer(429, ""), paced()),
        (answers::refused(-509), paced()),
        (answers::answer(429, "<html>"), unpaced()),
    ] {
        let mut time = Timeline::new(START);
        let answer = answers::with_header(answer, "retry-after", "5000");
        let wait = retry_after(&account, &mut time, Some(answer));
        assert!(wait >= Duration::from_secs(5000), "{wait:?}");
        time.advance(Duration::from_secs(4999));
        retry_after(&account, &mut time, None);
        time.advance(wait);
        unread(&account, &mut time, well(1)).unwrap();
    }
}

#[test]
fn after_21046_nothing_is_sent_for_a_day() {
    let account = paced();
    let mut time = Timeline::new(START);
    let error = send(&account, &mut time, sends(1, || answers::refused(21046))).unwrap_err();
    let Error::RateLimited(limited) = error else {
        panic!("{error:?}")
    };
    assert!(limited.retry_after >= DAY);
    let sent = time.count("send_msg");
    for _ in 0..3 {
        time.advance(8 * HOUR - Duration::from_secs(1));
        let error = send(&account, &mut time, well(1)).unwrap_err();
        assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
        assert_eq!(time.count("send_msg"), sent);
        // Reading is still allowed.
        unread(&account, &mut time, well(1)).unwrap();
    }
    time.advance(HOUR);
    send(&account, &mut time, well(1)).unwrap();
}

#[test]
fn risk_control_stops_the_account_until_the_stop_is_lifted() {
    for kind in [
        Kind::Voucher(VoucherPlace::Body),
        Kind::Voucher(VoucherPlace::Code),
        Kind::Voucher(VoucherPlace::Header),
        http(412),
        code(-412),
    ] {
        let (mut stage, account) = warm_stage();
        stage.fault(Rule::new("send_msg", When::Once, kind.clone()));
        let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{kind:?}: {error}");
        assert_eq!(error.kind(), Some(RefusalKind::RiskControl), "{kind:?}");
        stage.time.seen.clear();
        let other_process = restart(&stage, &account, 2);
        for error in [
            stage.run(account.send(FRIEND, text("hi"))).unwrap_err(),
            stage.run(account.call(SingleUnread::new())).unwrap_err(),
            stage.run(account.profile()).unwrap_err(),
            stage.run(other_process.profile()).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Stopped(_)), "{kind:?}: {error}");
        }
        assert_eq!(stage.time.seen.len(), 0, "{kind:?}");
        account.lift_stop();
        let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
        assert_eq!(written(&stage, "hi"), [sent.msg_key], "{kind:?}");
    }
}
