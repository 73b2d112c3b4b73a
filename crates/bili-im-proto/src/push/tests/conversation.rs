//! The order of a connection, and how it ends.

use crate::{
    Now, PushEvent, PushInput, PushStep, Talker,
    push::tests::{
        driver::{Driver, SECRETS, builder, connect, event, seconds, sent, until},
        wire::{
            AUTH, HEARTBEAT, MESSAGE_ACK, NOTIFY, SUBSCRIBE, answer, bytes, frame, kick, message,
            notification, number, told_of,
        },
    },
};

const CHANGED: PushEvent = PushEvent::Changed(Some(Talker::user(7)));

#[test]
fn a_session_authenticates_subscribes_and_is_live() {
    let mut driver = Driver::new();
    driver.begin();
    let auth = sent(driver.resume(PushInput::Connected));
    assert_eq!(auth.text(2), AUTH);
    assert_eq!(auth.message(1).number(2), Some(1));
    let name = "type.googleapis.com/bilibili.broadcast.v1.AuthReq";
    assert_eq!(auth.message(3).text(1), name);
    let guid = auth.message(3).message(2).text(1);
    assert_eq!(guid.len(), 36);
    assert_eq!(guid.as_bytes()[14], b'4', "{guid}");

    assert_eq!(driver.wait(), seconds(10));
    let subscribe = sent(driver.frame(&answer(AUTH, 0)));
    assert_eq!(subscribe.text(2), SUBSCRIBE);
    assert_eq!(subscribe.message(1).number(2), Some(2));
    let name = "type.googleapis.com/bilibili.broadcast.v1.TargetPath";
    assert_eq!(subscribe.message(3).text(1), name);
    assert_eq!(subscribe.message(3).message(2).text(1), NOTIFY);

    assert_eq!(driver.wait(), seconds(10));
    assert!(!driver.is_live());
    assert_eq!(driver.hints(), 0);
    let step = driver.frame(&answer(SUBSCRIBE, 0));
    assert_eq!(event(step), PushEvent::Live);
    assert!(driver.is_live());
    assert_eq!(driver.hints(), 1, "something may have been missed");
    assert_eq!(driver.wait(), seconds(20));
}

#[test]
fn a_notification_is_an_event_and_a_hint() {
    let mut driver = Driver::live();
    let step = driver.frame(&notification(&told_of(1, 7)));
    assert_eq!(event(step), CHANGED);
    assert_eq!(driver.hints(), 2);
    driver.wait();
    let unread = bytes(4, bytes(1, ""));
    let step = driver.frame(&notification(&unread));
    assert_eq!(event(step), PushEvent::UnreadChanged);
    assert_eq!(driver.hints(), 3);
    driver.wait();
    until(driver.frame(&notification(&told_of(108, 7))));
    until(driver.frame(&frame("/another.Path", &[], b"x")));
    assert_eq!(driver.hints(), 3);
}

#[test]
fn a_notification_before_the_subscription_is_answered_counts() {
    let mut driver = Driver::new();
    driver.begin();
    sent(driver.resume(PushInput::Connected));
    driver.wait();
    sent(driver.frame(&answer(AUTH, 0)));
    driver.wait();
    let step = driver.frame(&notification(&told_of(1, 7)));
    assert_eq!(event(step), CHANGED);
    driver.pass(seconds(3));
    assert_eq!(driver.wait(), seconds(7), "the deadline stays");
}

#[test]
fn a_notification_is_acknowledged_once_when_it_asks_for_it() {
    let mut driver = Driver::live();
    let options = message([number(1, 77), number(3, 1), bytes(5, "o"), number(7, 3)]);
    let body = message([number(1, 5), number(2, 1), bytes(3, told_of(1, 7))]);
    let ack = sent(driver.frame(&frame(NOTIFY, &options, &body)));
    assert_eq!(ack.text(2), MESSAGE_ACK);
    assert_eq!(ack.message(1).number(2), Some(3));
    let name = "type.googleapis.com/bilibili.broadcast.v1.MessageAckReq";
    assert_eq!(ack.message(3).text(1), name);
    let request = ack.message(3).message(2);
    assert_eq!((request.number(1), request.number(4)), (Some(77), Some(3)));
    assert_eq!(
        (request.text(2), request.text(3)),
        ("o".into(), NOTIFY.into())
    );
    assert_eq!(event(driver.resume(PushInput::Woken)), CHANGED);
    driver.wait();
    until(driver.frame(&frame(HEARTBEAT, &options, &[])));
}

#[test]
fn a_heartbeat_goes_out_every_twenty_seconds() {
    let mut driver = Driver::live();
    for sequence in 3..9 {
        let heartbeat = sent(driver.wake());
        assert_eq!(heartbeat.text(2), HEARTBEAT);
        assert_eq!(heartbeat.message(1).number(2), Some(sequence));
        assert_eq!(driver.wait(), seconds(20));
        driver.pass(seconds(1));
        until(driver.frame(&answer(HEARTBEAT, 0)));
        assert_eq!(driver.wait(), seconds(19));
    }
}

#[test]
fn frames_do_not_put_a_heartbeat_off() {
    let mut driver = Driver::live();
    let other = frame("/another.Path", &[], b"x");
    for _ in 0..19 {
        driver.pass(seconds(1));
        until(driver.frame(&other));
    }
    driver.pass(seconds(1));
    assert_eq!(sent(driver.frame(&other)).text(2), HEARTBEAT);
}

#[test]
fn two_unanswered_heartbeats_end_the_connection() {
    let mut driver = Driver::live();
    sent(driver.wake());
    sent(driver.wake());
    driver.wait();
    until(driver.frame(&answer(HEARTBEAT, 0)));
    sent(driver.wake());
    sent(driver.wake());
    let step = driver.wake();
    assert!(matches!(step, PushStep::Close), "{step:?}");
    let (cause, _) = driver.ended(step);
    assert_eq!(cause, "heartbeats were not answered");
    assert!(!driver.is_live());
}

#[test]
fn a_connection_counts_as_live_for_fifty_seconds_after_a_frame() {
    let mut driver = Driver::live();
    driver.pass(seconds(15));
    until(driver.frame(&frame("/another.Path", &[], b"x")));
    driver.pass(seconds(49));
    assert!(driver.is_live());
    driver.pass(seconds(1));
    assert!(!driver.is_live());
}

#[test]
fn a_call_that_is_not_answered_within_ten_seconds_ends_the_connection() {
    for (answered, cause) in [
        (&[][..], "Auth was not answered"),
        (&[AUTH], "Subscribe was not answered"),
    ] {
        let mut driver = Driver::new();
        driver.begin();
        sent(driver.resume(PushInput::Connected));
        for path in answered {
            driver.wait();
            sent(driver.frame(&answer(path, 0)));
        }
        driver.wait();
        driver.pass(seconds(9));
        until(driver.frame(&answer(HEARTBEAT, 0)));
        driver.pass(seconds(1));
        let step = driver.resume(PushInput::Woken);
        assert!(matches!(step, PushStep::Close), "{step:?}");
        assert_eq!(driver.ended(step).0, cause);
        assert_eq!(driver.hints(), 0);
    }
}

#[test]
fn a_call_that_is_refused_ends_the_connection() {
    for (answered, refused, cause) in [
        (&[][..], AUTH, "Auth was refused with -101"),
        (&[AUTH], SUBSCRIBE, "Subscribe was refused with -101"),
    ] {
        let mut driver = Driver::new();
        driver.begin();
        sent(driver.resume(PushInput::Connected));
        for path in answered {
            driver.wait();
            sent(driver.frame(&answer(path, 0)));
        }
        driver.wait();
        let step = driver.frame(&answer(refused, -101));
        assert!(matches!(step, PushStep::Close), "{step:?}");
        assert_eq!(driver.ended(step).0, cause);
    }
}

#[test]
fn a_lost_connection_is_opened_again() {
    let mut driver = Driver::live();
    let step = driver.resume(PushInput::Closed("reset".to_owned()));
    assert!(!driver.is_live());
    assert_eq!(driver.ended(step).0, "reset");
    connect(driver.wake());
    driver.go_live();
    assert!(driver.is_live());
    assert_eq!(
        driver.hints(),
        2,
        "something may have been missed meanwhile"
    );
}

#[test]
fn a_connection_may_be_lost_at_every_step() {
    let lost = || PushInput::Closed("reset".to_owned());
    for steps in 0..7 {
        let mut driver = Driver::new();
        driver.begin();
        let inputs = [
            PushInput::Connected,
            PushInput::Woken,
            PushInput::Frame(&answer(AUTH, 0)),
            PushInput::Woken,
            PushInput::Frame(&answer(SUBSCRIBE, 0)),
            PushInput::Woken,
        ];
        for input in inputs.into_iter().take(steps) {
            driver.resume(input);
        }
        let step = driver.resume(lost());
        assert_eq!(driver.ended(step).0, "reset");
        connect(driver.wake());
    }
}

#[test]
fn being_kicked_out_closes_and_waits_for_minutes() {
    let mut driver = Driver::live();
    let step = driver.frame(&kick());
    assert_eq!(event(step), PushEvent::KickedOut);
    assert!(!driver.is_live());
    let step = driver.resume(PushInput::Woken);
    assert!(matches!(step, PushStep::Close), "{step:?}");
    let (cause, wait) = driver.ended(step);
    assert_eq!(cause, "kicked out");
    assert!(
        wait >= seconds(8 * 60) && wait <= seconds(12 * 60),
        "{wait:?}"
    );
}

#[test]
fn a_frame_that_cannot_be_read_closes_and_is_not_quoted() {
    let giant = vec![b'x'; crate::PushSession::MAX_FRAME + 1];
    for garbage in [&b"quotable garbage"[..], &giant, b"\xff", b"\x0a\x7f"] {
        let mut driver = Driver::live();
        let step = driver.frame(garbage);
        assert!(matches!(step, PushStep::Close), "{step:?}");
        let (cause, _) = driver.ended(step);
        assert!(cause.starts_with("a frame "), "{cause}");
        assert!(!cause.contains("quotable"), "{cause}");
    }
}

#[test]
fn a_cause_is_short_and_shows_neither_escapes_nor_the_login() {
    let [sessdata, _] = SECRETS;
    for (told, shown) in [
        ("\u{1b}[31mreset".to_owned(), "\\u{1b}[31mreset".to_owned()),
        ("a".repeat(1000), "a".repeat(200)),
        (format!("no {sessdata}"), "the connection ended".to_owned()),
    ] {
        let mut driver = Driver::live();
        let step = driver.resume(PushInput::Closed(told));
        assert_eq!(driver.ended(step).0, shown);
    }
}

#[test]
fn a_dropped_session_ends_its_hints() {
    let driver = Driver::live();
    let hints = driver.session.hints();
    assert!(hints.read().live_until(driver.now.mono).is_some());
    let now = driver.now.mono;
    drop(driver);
    assert!(hints.read().live_until(now).is_none());
}

#[test]
fn the_pacing_of_the_account_does_not_hold_frames_back() {
    let account = builder().build();
    let mut session = account.push_session();
    let mut now = Now::default();
    connect(session.resume(now, PushInput::Begin));
    sent(session.resume(now, PushInput::Connected));
    until(session.resume(now, PushInput::Woken));
    now.mono = now.mono.after(seconds(1));
    sent(session.resume(now, PushInput::Frame(&answer(AUTH, 0))));
}

#[test]
fn wrong_use_is_harmless() {
    let mut driver = Driver::new();
    driver.begin();
    // Connecting is not answered.
    let step = driver.resume(PushInput::Woken);
    assert_eq!(driver.ended(step).0, "connecting was interrupted");
    // A frame, an end and a connection while there is none.
    let wait = driver.wait();
    let garbage = vec![0xff; 9];
    for input in [
        PushInput::Begin,
        PushInput::Frame(&garbage),
        PushInput::Frame(&kick()),
        PushInput::Connected,
        PushInput::Closed("again".to_owned()),
    ] {
        assert_eq!(until(driver.resume(input)).since(driver.now.mono), wait);
    }
    assert_eq!(driver.hints(), 0);
    connect(driver.wake());
    driver.go_live();
    // Woken too early, begun again, connected twice.
    for input in [PushInput::Woken, PushInput::Begin, PushInput::Connected] {
        driver.pass(seconds(1));
        until(driver.resume(input));
    }
    assert_eq!(driver.wait(), seconds(17));
    // A frame while something is to be taken: it is dropped, but may have told of a change.
    let told = notification(&told_of(1, 7));
    event(driver.frame(&told));
    let hints = driver.hints();
    until(driver.frame(&told));
    assert_eq!(driver.hints(), hints + 1);
    // A clock that goes back.
    let latest = driver.now;
    driver.now = Now::default();
    until(driver.frame(&answer(HEARTBEAT, 0)));
    driver.now = latest;
    driver.pass(seconds(49));
    assert!(driver.is_live());
}

#[test]
fn nothing_shows_the_login_or_a_frame() {
    let mut driver = Driver::new();
    let mut shown = format!("{:?}", driver.session);
    let step = driver.resume(PushInput::Begin);
    shown += &format!("{step:?}");
    shown += &format!("{:?}", connect(step));
    let secret = notification(&bytes(2, bytes(6, "topsecretmessage")));
    shown += &format!("{:?}", driver.resume(PushInput::Connected));
    driver.go_on();
    shown += &format!("{:?}", PushInput::Frame(&secret));
    shown += &format!("{:?}", driver.frame(&secret));
    shown += &format!("{:?} {:#?}", driver.session, driver.session);
    for secret in SECRETS.into_iter().chain(["topsecret", "AuthReq"]) {
        assert!(!shown.contains(secret), "{shown}");
    }
}
