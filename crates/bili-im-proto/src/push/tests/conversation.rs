//! The handshake and the order of a connection, and how it ends.

use http::Request;

use crate::{
    Hosts, PushEvent, PushInput, PushSession, Talker,
    push::tests::{
        driver::{Driver, SECRETS, builder, connect, event, seconds, sent, until},
        wire::{
            AUTH, HEARTBEAT, MESSAGE_ACK, NOTIFY, SUBSCRIBE, answer, body, bytes, frame, kick,
            notification, number, told_of,
        },
    },
};

const CHANGED: PushEvent = PushEvent::Changed(Some(Talker::user(7)));

fn other_frame() -> Vec<u8> {
    frame("/another.Path", &[], b"x")
}

fn header<'a>(request: &'a Request<()>, name: &str) -> &'a str {
    let values: Vec<_> = request.headers().get_all(name).iter().collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0].to_str().unwrap()
}

#[test]
fn the_handshake_asks_the_real_service_for_a_websocket() {
    let request = Driver::new().begin();
    assert_eq!(request.method(), "GET");
    let address = "https://broadcast.chat.bilibili.com:7826/sub";
    assert_eq!(request.uri(), address);
    for (name, value) in [
        ("host", "broadcast.chat.bilibili.com:7826"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "proto"),
        ("origin", "https://message.bilibili.com"),
    ] {
        assert_eq!(header(&request, name), value);
    }
    assert!(header(&request, "user-agent").contains("bili-im/"));
    let [sessdata, bili_jct] = SECRETS;
    let cookie = header(&request, "cookie");
    for (name, value) in [
        ("SESSDATA", sessdata),
        ("bili_jct", bili_jct),
        ("DedeUserID", "5"),
    ] {
        assert!(cookie.contains(&format!("{name}={value}")), "{name}");
    }
    assert!(request.headers()["cookie"].is_sensitive());
}

#[test]
fn every_connection_has_a_key_of_sixteen_bytes_of_its_own_from_the_entropy() {
    let mut driver = Driver::new();
    let first = driver.begin();
    driver.lost("refused");
    let second = connect(driver.wake());
    let [same, other] = [7, 8].map(|entropy| Driver::of(builder(entropy)).begin());
    let keys = [&first, &second, &other, &same].map(|r| header(r, "sec-websocket-key"));
    for key in keys {
        assert!(key.len() == 24 && key.ends_with("=="), "{key}");
    }
    let [first, second, other, same] = keys;
    assert_eq!(first, same);
    assert!(first != second && first != other, "{keys:?}");
}

#[test]
fn a_websocket_library_gets_the_scheme_it_wants() {
    let local = Hosts::single("http://127.0.0.1:1".parse().unwrap());
    for (builder, address) in [
        (builder(7).hosts(local), "ws://127.0.0.1:1/sub"),
        (builder(7), "wss://broadcast.chat.bilibili.com:7826/sub"),
    ] {
        let request = Driver::of(builder).begin();
        assert_eq!(PushSession::with_websocket_scheme(request).uri(), address);
    }
}

#[test]
fn a_session_authenticates_subscribes_and_is_live_without_pacing() {
    let mut driver = Driver::new();
    driver.begin();
    let auth = sent(driver.resume(PushInput::Connected)).request(AUTH, 1, "AuthReq");
    let guid = auth.text(1);
    assert_eq!((guid.len(), guid.as_bytes()[14]), (36, b'4'), "{guid}");

    assert_eq!(driver.wait(), seconds(10));
    let subscribe = sent(driver.frame(&answer(AUTH, 0)));
    let subscribe = subscribe.request(SUBSCRIBE, 2, "TargetPath");
    assert_eq!(subscribe.text(1), NOTIFY);

    assert_eq!(driver.wait(), seconds(10));
    assert_eq!((driver.is_live(), driver.hints()), (false, 0));
    assert_eq!(event(driver.frame(&answer(SUBSCRIBE, 0))), PushEvent::Live);
    assert!(driver.is_live());
    assert_eq!(driver.hints(), 1, "something may have been missed");
    assert_eq!(driver.wait(), seconds(20));
}

#[test]
fn a_notification_is_an_event_and_a_hint() {
    let mut driver = Driver::live();
    let unread = bytes(4, bytes(1, ""));
    for (payload, told) in [(told_of(1, 7), CHANGED), (unread, PushEvent::UnreadChanged)] {
        let hints = driver.hints();
        assert_eq!(event(driver.frame(&notification(&payload))), told);
        assert_eq!(driver.hints(), hints + 1);
        driver.wait();
    }
    until(driver.frame(&notification(&told_of(108, 7))));
    until(driver.frame(&other_frame()));
    assert_eq!(driver.hints(), 3);
}

#[test]
fn a_notification_before_the_subscription_is_answered_counts() {
    let mut driver = Driver::answered(1);
    assert_eq!(event(driver.frame(&notification(&told_of(1, 7)))), CHANGED);
    driver.pass(seconds(3));
    assert_eq!(driver.wait(), seconds(7), "the deadline stays");
}

#[test]
fn a_notification_is_acknowledged_once_when_it_asks_for_it() {
    let mut driver = Driver::live();
    let options = [number(1, 77), number(3, 1), bytes(5, "o"), number(7, 3)].concat();
    let ack = sent(driver.frame(&frame(NOTIFY, &options, &body(told_of(1, 7)))));
    let ack = ack.request(MESSAGE_ACK, 3, "MessageAckReq");
    assert_eq!((ack.number(1), ack.number(4)), (77, 3));
    assert_eq!((ack.text(2), ack.text(3)), ("o", NOTIFY));
    assert_eq!(event(driver.resume(PushInput::Woken)), CHANGED);
    driver.wait();
    until(driver.frame(&frame(HEARTBEAT, &options, &[])));
}

#[test]
fn a_heartbeat_goes_out_every_twenty_seconds() {
    let mut driver = Driver::live();
    for sequence in 3..9 {
        sent(driver.wake()).request(HEARTBEAT, sequence, "HeartbeatReq");
        assert_eq!(driver.wait(), seconds(20));
        driver.pass(seconds(1));
        until(driver.frame(&answer(HEARTBEAT, 0)));
        assert_eq!(driver.wait(), seconds(19));
    }
}

#[test]
fn two_unanswered_heartbeats_end_the_connection() {
    let mut driver = Driver::live();
    for _ in 0..2 {
        until(driver.frame(&answer(HEARTBEAT, 0)));
        sent(driver.wake());
        sent(driver.wake());
        driver.wait();
    }
    let step = driver.wake();
    assert_eq!(driver.closed(&step).1, "heartbeats were not answered");
    assert!(!driver.is_live());
}

#[test]
fn a_connection_counts_as_live_for_fifty_seconds_after_a_frame() {
    let mut driver = Driver::live();
    driver.pass(seconds(15));
    until(driver.frame(&other_frame()));
    driver.pass(seconds(49));
    assert!(driver.is_live());
    driver.pass(seconds(1));
    assert!(!driver.is_live());
}

#[test]
fn a_call_that_is_refused_or_not_answered_within_ten_seconds_ends_the_connection() {
    for (answered, path, name) in [(0, AUTH, "Auth"), (1, SUBSCRIBE, "Subscribe")] {
        let mut driver = Driver::answered(answered);
        driver.pass(seconds(9));
        until(driver.frame(&answer(HEARTBEAT, 0)));
        driver.pass(seconds(1));
        let step = driver.resume(PushInput::Woken);
        assert_eq!(driver.closed(&step).1, format!("{name} was not answered"));
        assert_eq!(driver.hints(), 0);

        let mut driver = Driver::answered(answered);
        let step = driver.frame(&answer(path, -101));
        let cause = format!("{name} was refused with -101");
        assert_eq!(driver.closed(&step).1, cause);
    }
}

#[test]
fn a_connection_may_be_lost_at_every_step_and_is_opened_again() {
    let [auth, subscribe] = [AUTH, SUBSCRIBE].map(|path| answer(path, 0));
    for steps in 0..7 {
        let mut driver = Driver::new();
        driver.begin();
        let inputs = [
            PushInput::Connected,
            PushInput::Woken,
            PushInput::Frame(&auth),
            PushInput::Woken,
            PushInput::Frame(&subscribe),
            PushInput::Woken,
        ];
        for input in inputs.into_iter().take(steps) {
            driver.resume(input);
        }
        let hints = driver.hints();
        assert_eq!(driver.lost("reset").1, "reset");
        assert!(!driver.is_live());
        connect(driver.wake());
        driver.go_on(2);
        assert!(driver.is_live());
        let missed = "something may have been missed meanwhile";
        assert_eq!(driver.hints(), hints + 1, "{missed}");
    }
}

#[test]
fn being_kicked_out_closes_and_waits_for_minutes() {
    let mut driver = Driver::live();
    assert_eq!(event(driver.frame(&kick())), PushEvent::KickedOut);
    assert!(!driver.is_live());
    let step = driver.resume(PushInput::Woken);
    let (wait, cause) = driver.closed(&step);
    assert_eq!(cause, "kicked out");
    let minutes = wait.as_secs() / 60;
    assert!((8..12).contains(&minutes), "{wait:?}");
}

#[test]
fn a_frame_that_cannot_be_read_closes_and_is_not_quoted() {
    let giant = vec![b'x'; PushSession::MAX_FRAME + 1];
    for garbage in [&b"quotable garbage"[..], &giant, b"\xff", b"\x0a\x7f"] {
        let mut driver = Driver::live();
        let step = driver.frame(garbage);
        let (_, cause) = driver.closed(&step);
        assert!(cause.starts_with("a frame "), "{cause}");
        assert!(!cause.contains("quotable"), "{cause}");
    }
}

#[test]
fn a_cause_is_short_and_shows_neither_escapes_nor_the_login() {
    let login = format!("no {}", SECRETS[0]);
    for (told, shown) in [
        ("\u{1b}[31mreset", "\\u{1b}[31mreset"),
        (&"a".repeat(1000), &"a".repeat(200)),
        (&login, "the connection ended"),
    ] {
        assert_eq!(Driver::live().lost(told).1, shown);
    }
}

#[test]
fn a_dropped_session_ends_its_hints() {
    let Driver { session, now } = Driver::live();
    let hints = session.hints();
    assert!(hints.read().live_until(now.mono).is_some());
    drop(session);
    assert!(hints.read().live_until(now.mono).is_none());
}

#[test]
fn wrong_use_is_harmless() {
    let mut driver = Driver::new();
    driver.begin();
    // Connecting is not answered.
    let step = driver.resume(PushInput::Woken);
    let (wait, cause) = driver.closed(&step);
    assert_eq!(cause, "connecting was interrupted");
    // A frame, an end and a connection while there is none.
    for input in [
        PushInput::Begin,
        PushInput::Frame(&[0xff; 9]),
        PushInput::Frame(&kick()),
        PushInput::Connected,
        PushInput::Closed("again".to_owned()),
    ] {
        assert_eq!(until(driver.resume(input)).since(driver.now.mono), wait);
    }
    assert_eq!(driver.hints(), 0);
    connect(driver.wake());
    driver.go_on(2);
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
    let latest = std::mem::take(&mut driver.now);
    until(driver.frame(&answer(HEARTBEAT, 0)));
    driver.now = latest;
    driver.pass(seconds(49));
    assert!(driver.is_live());
}
