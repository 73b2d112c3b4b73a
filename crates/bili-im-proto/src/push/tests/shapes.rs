//! Every shape of a notification, and what it tells.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Talker, Uid,
    push::{
        frame::{Frame, MAX_FRAME},
        notification::News,
        tests::wire::{NOTIFY, bytes, frame, message, number, told_of},
    },
};

const OWN: Option<Uid> = Some(Uid(5));

/// The body of a notification to the account.
fn body(payload: impl AsRef<[u8]>) -> Vec<u8> {
    message([number(1, 5), number(2, 1), bytes(3, payload)])
}

fn user(id: u64) -> News {
    News::Changed(Some(Talker::user(id)))
}

fn group(id: u64) -> News {
    News::Changed(Some(Talker::group(id)))
}

/// A whole message with a text.
fn instant(sender: u64, receiver_type: u64, receiver: u64, msg_type: u64) -> Vec<u8> {
    let fields = message([
        number(1, sender),
        number(2, receiver_type),
        number(3, receiver),
        number(4, 9),
        number(5, msg_type),
        bytes(6, "{\"content\":\"hi\"}"),
        number(7, 4),
        number(13, 1),
        bytes(16, "1_2"),
        number(17, 7),
    ]);
    bytes(2, fields)
}

/// A command for a conversation: 1 with a user, 2 with a group, and others.
fn command(kind: u64, session: u64, id: u64) -> Vec<u8> {
    let session = bytes(session, number(1, id));
    bytes(4, bytes(kind, bytes(1, session)))
}

/// Payloads and what they tell.
fn payloads() -> Vec<(&'static str, Vec<u8>, News)> {
    let seqno = number(1, 12);
    let total_unread = bytes(4, bytes(1, ""));
    let quick_link = bytes(4, bytes(3, ""));
    let of_group = message([number(1, 1), number(2, 8), number(3, 2)]);
    vec![
        ("a user", told_of(1, 7), user(7)),
        ("a group", bytes(3, of_group), group(8)),
        ("to the account", instant(7, 1, 5, 1), user(7)),
        ("of the account", instant(5, 1, 7, 1), user(7)),
        ("to a group", instant(7, 2, 8, 1), group(8)),
        ("of strangers", instant(7, 1, 9, 1), News::Changed(None)),
        (
            "of an unknown kind",
            instant(7, 3, 9, 1),
            News::Changed(None),
        ),
        ("fetch of a user", command(4, 1, 7), user(7)),
        ("fetch of a group", command(4, 2, 8), group(8)),
        (
            "fetch of folded ones",
            command(4, 3, 1),
            News::Changed(None),
        ),
        ("list, a user", command(2, 1, 7), user(7)),
        ("list, of nobody", command(2, 1, 0), News::Changed(None)),
        ("unread", total_unread.clone(), News::UnreadChanged),
        ("quick link", quick_link.clone(), News::Nothing),
        (
            "an unknown command",
            bytes(4, bytes(9, "")),
            News::Changed(None),
        ),
        ("a like", told_of(108, 7), News::Nothing),
        ("113", told_of(113, 7), News::Nothing),
        ("114", told_of(114, 7), News::Nothing),
        ("115", instant(7, 1, 5, 115), News::Nothing),
        ("109", told_of(109, 7), user(7)),
        (
            "a like and its count",
            message([told_of(108, 7), quick_link]),
            News::Nothing,
        ),
        (
            "a message and its count",
            message([
                seqno.clone(),
                told_of(1, 7),
                total_unread,
                command(2, 1, 7),
                instant(7, 1, 5, 1),
            ]),
            user(7),
        ),
        (
            "two talkers",
            message([command(4, 1, 7), command(4, 1, 8)]),
            News::Changed(None),
        ),
        ("only a number", seqno, News::Changed(None)),
        ("nothing", Vec::new(), News::Changed(None)),
        (
            "unknown fields",
            message([bytes(99, "?"), told_of(1, 7)]),
            user(7),
        ),
        (
            "texts that are none",
            message([bytes(2, bytes(6, [0xff, 0xfe])), told_of(108, 7)]),
            News::Changed(None),
        ),
        ("no message", vec![0xff; 9], News::Changed(None)),
    ]
}

#[test]
fn every_payload_is_understood() {
    for (name, payload, news) in payloads() {
        assert_eq!(News::read(&body(payload), OWN), news, "{name}");
    }
}

#[test]
fn the_base64_text_of_a_payload_tells_the_same() {
    for (name, payload, news) in payloads() {
        let text = STANDARD.encode(&payload);
        for text in [text.trim_end_matches('='), &text] {
            for payload_type in [0, 1] {
                let body = message([body(text), number(4, payload_type)]);
                assert_eq!(News::read(&body, OWN), news, "{name}: {text}");
            }
        }
    }
}

#[test]
fn a_plain_payload_that_claims_to_be_base64_is_read_all_the_same() {
    for (name, payload, news) in payloads() {
        let body = message([body(payload), number(4, 1)]);
        assert_eq!(News::read(&body, OWN), news, "{name}");
    }
}

#[test]
fn what_is_for_another_account_is_nothing() {
    let for_uid = |uid, cmd| message([number(1, uid), number(2, cmd), bytes(3, told_of(1, 7))]);
    for (uid, cmd, own, news) in [
        (5, 1, OWN, user(7)),
        (6, 1, OWN, News::Nothing),
        (6, 1, None, user(7)),
        (0, 1, OWN, user(7)),
        (5, 2, OWN, News::KickedOut),
        (6, 2, OWN, News::Nothing),
        (5, 3, OWN, user(7)),
    ] {
        assert_eq!(News::read(&for_uid(uid, cmd), own), news, "{uid} {cmd}");
    }
}

#[test]
fn what_cannot_be_read_is_a_change() {
    for body in [&b""[..], b"\xff\xff", b"\x1a\x7f", b"not a message"] {
        assert_eq!(News::read(body, OWN), News::Changed(None), "{body:?}");
    }
}

#[test]
fn a_notification_of_more_than_32_kib_only_says_that_something_changed() {
    let padded = |length: usize| body([told_of(1, 7), bytes(99, vec![0; length])].concat());
    assert_eq!(News::read(&padded(32_000), OWN), user(7));
    assert_eq!(News::read(&padded(33_000), OWN), News::Changed(None));
}

#[test]
fn a_frame_is_read_whatever_its_texts_are() {
    let text = [0xff, 0xfe];
    let status = message([number(1, 0), bytes(2, text), bytes(3, "details")]);
    let options = message([bytes(4, status), bytes(5, text), number(6, 1)]);
    let body = message([bytes(1, text), bytes(2, "x")]);
    let frame = message([bytes(1, options), bytes(2, NOTIFY), bytes(3, body)]);
    let frame = Frame::read(&frame).unwrap();
    assert!(frame.is_notification());
    assert_eq!((frame.code(), frame.value()), (0, &b"x"[..]));
}

#[test]
fn a_frame_of_256_kib_is_read_and_a_longer_one_refused() {
    let padded = |length: usize| {
        let empty = frame(NOTIFY, &[], &[]);
        // The length of the padding itself takes three bytes, and its tag one.
        message([empty.clone(), bytes(9, vec![0; length - empty.len() - 4])])
    };
    assert_eq!(padded(MAX_FRAME).len(), MAX_FRAME);
    assert!(Frame::read(&padded(MAX_FRAME)).is_ok());
    assert!(Frame::read(&padded(MAX_FRAME + 1)).is_err());
}
