//! Frames of a push connection, and what else happens to a session.

use std::time::Duration;

use bili_im_proto::{Monotonic, PushEvent, PushInput, PushSession, PushStep, is_treacherous};

use crate::{
    bytes::Bytes,
    flows::{SECRETS, account, start},
};

/// The answers to the calls of a session, after which it listens.
const ANSWERS: [&[u8]; 2] = [
    b"\x12\x25/bilibili.broadcast.v1.Broadcast/Auth",
    b"\x12\x2a/bilibili.broadcast.v1.Broadcast/Subscribe",
];

/// The most steps that a session takes until it waits or connects, when all goes well.
const REST: usize = 10;

/// Of each input the first byte says what it is, and for a frame two more its length.
pub fn frames(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut session = account(false).build().push_session();
    let mut now = start();
    let mut step = session.resume(now, PushInput::Begin);
    let mut longest = 0;
    while !bytes.is_empty() {
        let choice = bytes.byte();
        let input = match (&step, choice & 15) {
            (PushStep::Connect(_), 0..=11) => PushInput::Connected,
            (_, 0..=3) => {
                let length = u16::from_le_bytes([bytes.byte(), bytes.byte()]);
                PushInput::Frame(bytes.take(length.into()))
            }
            (PushStep::WaitUntil(_), 4..=7) => PushInput::Frame(ANSWERS[usize::from(choice & 1)]),
            (PushStep::WaitUntil(until), 8) => {
                now.mono = now.mono.max(*until);
                PushInput::Woken
            }
            (_, 9) => {
                now.mono = Monotonic(Duration::from_millis(bytes.number()));
                PushInput::Woken
            }
            (_, 12) => PushInput::Closed(String::from_utf8_lossy(bytes.take(9)).into_owned()),
            (_, 13) => PushInput::Connected,
            (_, 14) => PushInput::Begin,
            _ => PushInput::Woken,
        };
        if let PushInput::Frame(frame) = input {
            longest = longest.max(frame.len());
        }
        step = session.resume(now, input);
        check(&session, &step, longest);
    }
    come_to_rest(&mut session, longest);
}

fn come_to_rest(session: &mut PushSession, longest: usize) {
    for _ in 0..REST {
        let step = session.resume(start(), PushInput::Woken);
        check(session, &step, longest);
        if let PushStep::WaitUntil(_) = step {
            return;
        }
    }
    panic!("it does not come to rest");
}

/// A step is small, shows no secret, and its cause can be printed.
fn check(session: &PushSession, step: &PushStep, longest: usize) {
    let shown = format!("{step:?} {session:?}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
    match step {
        PushStep::Connect(request) => assert_eq!(request.uri(), "http://127.0.0.1:1/sub"),
        PushStep::Send(frame) => assert!(frame.len() < longest + 300),
        PushStep::Event(PushEvent::Closed { cause, .. }) => {
            assert!(
                cause.len() < 2500 && !cause.contains(is_treacherous),
                "{cause:?}"
            );
        }
        _ => {}
    }
}
