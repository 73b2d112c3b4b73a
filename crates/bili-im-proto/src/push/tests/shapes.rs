//! Every shape of a notification, and what it tells.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Talker, Uid,
    push::{
        frame::{Frame, MAX_FRAME},
        notification::News,
        tests::wire::{NOTIFY, body, bytes, frame, number, told_of},
    },
};

const OWN: Option<Uid> = Some(Uid(5));

const SOMETHING: News = News::Changed(None);

fn user(id: u64) -> News {
    News::Changed(Some(Talker::user(id)))
}

/// A whole message with a text.
fn instant(sender: u64, receiver_type: u64, receiver: u64, msg_type: u64) -> Vec<u8> {
    let fields = [
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
    ];
    bytes(2, fields.concat())
}

/// A command for a conversation: 1 with a user, 2 with a group, and others.
fn command(kind: u64, session: u64, id: u64) -> Vec<u8> {
    let session = bytes(session, number(1, id));
    bytes(4, bytes(kind, bytes(1, session)))
}

/// Payloads and what they tell.
fn payloads() -> Vec<(&'static str, Vec<u8>, News)> {
    let group = News::Changed(Some(Talker::group(8)));
    let of_group = bytes(3, [number(1, 1), number(2, 8), number(3, 2)].concat());
    let seqno = number(1, 12);
    let total_unread = bytes(4, bytes(1, ""));
    let quick_link = bytes(4, bytes(3, ""));
    let message_and_count = [
        seqno.clone(),
        told_of(1, 7),
        total_unread.clone(),
        command(2, 1, 7),
        instant(7, 1, 5, 1),
    ];
    let no_texts = [bytes(2, bytes(6, [0xff, 0xfe])), told_of(108, 7)].concat();
    let like_and_count = [told_of(108, 7), quick_link.clone()].concat();
    let two_talkers = [command(4, 1, 7), command(4, 1, 8)].concat();
    let unknown_fields = [bytes(99, "?"), told_of(1, 7)].concat();
    vec![
        ("a user", told_of(1, 7), user(7)),
        ("a group", of_group, group),
        ("to the account", instant(7, 1, 5, 1), user(7)),
        ("of the account", instant(5, 1, 7, 1), user(7)),
        ("to a group", instant(7, 2, 8, 1), group),
        ("of strangers", instant(7, 1, 9, 1), SOMETHING),
        ("of an unknown kind", instant(7, 3, 9, 1), SOMETHING),
        ("fetch of a user", command(4, 1, 7), user(7)),
        ("fetch of a group", command(4, 2, 8), group),
        ("fetch of folded ones", command(4, 3, 1), SOMETHING),
        ("list, a user", command(2, 1, 7), user(7)),
        ("list, of nobody", command(2, 1, 0), SOMETHING),
        ("unread", total_unread, News::UnreadChanged),
        ("quick link", quick_link, News::Nothing),
        ("an unknown command", bytes(4, bytes(9, "")), SOMETHING),
        ("a like", told_of(108, 7), News::Nothing),
        ("113", told_of(113, 7), News::Nothing),
        ("114", told_of(114, 7), News::Nothing),
        ("115", instant(7, 1, 5, 115), News::Nothing),
        ("109", told_of(109, 7), user(7)),
        ("a like and its count", like_and_count, News::Nothing),
        ("a message, its count", message_and_count.concat(), user(7)),
        ("two talkers", two_talkers, SOMETHING),
        ("only a number", seqno, SOMETHING),
        ("nothing", Vec::new(), SOMETHING),
        ("unknown fields", unknown_fields, user(7)),
        ("texts that are none", no_texts, SOMETHING),
        ("no message", vec![0xff; 9], SOMETHING),
    ]
}

#[test]
fn every_payload_is_understood_plain_or_base64_whatever_it_claims_to_be() {
    for (name, payload, news) in payloads() {
        let text = STANDARD.encode(&payload);
        let unpadded = text.trim_end_matches('=');
        for form in [&payload[..], text.as_bytes(), unpadded.as_bytes()] {
            for payload_type in [vec![], number(4, 0), number(4, 1)] {
                let body = [body(form), payload_type].concat();
                assert_eq!(News::read(&body, OWN), news, "{name}: {form:?}");
            }
        }
    }
}

#[test]
fn what_is_for_another_account_is_nothing() {
    for (uid, cmd, own, news) in [
        (5, 1, OWN, user(7)),
        (6, 1, OWN, News::Nothing),
        (6, 1, None, user(7)),
        (0, 1, OWN, user(7)),
        (5, 2, OWN, News::KickedOut),
        (6, 2, OWN, News::Nothing),
        (5, 3, OWN, user(7)),
    ] {
        let body = [number(1, uid), number(2, cmd), bytes(3, told_of(1, 7))].concat();
        assert_eq!(News::read(&body, own), news, "{uid} {cmd}");
    }
}

#[test]
fn what_cannot_be_read_or_is_longer_than_32_kib_is_a_change() {
    for body in [&b""[..], b"\xff\xff", b"\x1a\x7f", b"not a message"] {
        assert_eq!(News::read(body, OWN), SOMETHING, "{body:?}");
    }
    for (padding, news) in [(32_000, user(7)), (33_000, SOMETHING)] {
        let body = body([told_of(1, 7), bytes(99, vec![0; padding])].concat());
        assert_eq!(News::read(&body, OWN), news);
    }
}

#[test]
fn a_frame_is_read_whatever_its_texts_are() {
    let text = [0xff, 0xfe];
    let status = [number(1, 0), bytes(2, text), bytes(3, "details")].concat();
    let options = [bytes(4, status), bytes(5, text), number(6, 1)].concat();
    let body = [bytes(1, text), bytes(2, "x")].concat();
    let frame = [bytes(1, options), bytes(2, NOTIFY), bytes(3, body)].concat();
    let frame = Frame::read(&frame).unwrap();
    assert!(frame.is_notification());
    assert_eq!((frame.code(), frame.value()), (0, &b"x"[..]));
}

#[test]
fn a_frame_of_256_kib_is_read_and_a_longer_one_refused() {
    let empty = frame(NOTIFY, &[], &[]);
    for (length, is_read) in [(MAX_FRAME, true), (MAX_FRAME + 1, false)] {
        // The length of the padding itself takes three bytes, and its tag one.
        let padding = bytes(9, vec![0; length - empty.len() - 4]);
        let frame = [&empty[..], &padding].concat();
        assert_eq!(frame.len(), length);
        assert_eq!(Frame::read(&frame).is_ok(), is_read);
    }
}
