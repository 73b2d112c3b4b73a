//! Whole calls of endpoints, with the limits that calls have.

use bili_im_proto::{Content, Endpoint, Error, FetchSessionMsgs, SingleUnread, Uid};

use crate::{
    alone,
    attack::{BUFFERS, attack, both},
    server::{
        CHUNKED, GZIP,
        Move::{self, Bomb, Close, Flood, Say, SayTimes},
        UNTIL_CLOSED, hostile, say,
    },
};

/// Calls an endpoint over both adapters, with the limits that calls have.
fn call<E>(name: &str, moves: Vec<Move>, endpoint: E) -> [(Result<E::Response, Error>, usize); 2]
where
    E: Endpoint + Clone + Send + Sync + 'static,
    E::Response: Send + 'static,
{
    both(&hostile(moves)).map(|adapter| {
        let endpoint = endpoint.clone();
        attack(name, adapter, |adapter| adapter.call(endpoint))
    })
}

#[test]
fn a_call_reads_no_hundred_megabytes() {
    let _alone = alone();
    const LIMIT: usize = 8 << 20;
    for (name, moves) in [
        ("as they are", vec![UNTIL_CLOSED, Flood(b" ")]),
        (
            "in chunks",
            vec![CHUNKED, say("FFFFFFFFFFFFFFF\r\n"), Flood(b" ")],
        ),
        ("packed", vec![GZIP, Bomb, Close]),
    ] {
        for (result, heap) in call(name, moves, SingleUnread::new()) {
            let error = result.unwrap_err().to_string();
            assert!(
                error.contains("longer than 8388608 bytes"),
                "{name}: {error}"
            );
            assert!(heap <= 3 * LIMIT + BUFFERS, "{name} take {heap} bytes");
        }
    }
}

/// A page of messages, and an unknown field.
fn page(messages: &str, other: &str) -> Vec<Move> {
    let body = format!(
        r#"{{"code":0,"data":{{"messages":[{messages}],"has_more":0,"other":{other}}},"other":{other}}}"#
    );
    vec![UNTIL_CLOSED, Say(body.into_bytes().into()), Close]
}

fn message(content: &str, other: &str) -> String {
    format!(
        r#"{{"sender_uid":1,"msg_type":1,"msg_seqno":1,"msg_key":1,"other":{other},"content":{content}}}"#
    )
}

fn nested(open: &str, close: &str) -> String {
    const LEVELS: usize = 100_000;
    format!("{}0{}", open.repeat(LEVELS), close.repeat(LEVELS))
}

/// What reading one answer of a hundred thousand levels may take.
const LIMIT: usize = 8 << 20;

#[test]
fn a_page_is_read_whatever_is_nested_in_it() {
    let _alone = alone();
    let lists = nested("[", "]");
    let objects = nested(r#"{\"a\":"#, "}");
    let deep = nested(r#"{"a":["#, "]}");
    for (name, moves) in [
        (
            "a content",
            page(&message(&format!(r#""{lists}""#), "0"), "0"),
        ),
        (
            "a text",
            page(
                &message(&format!(r#""{{\"content\":{objects}}}""#), "0"),
                "0",
            ),
        ),
        ("no text", page(&message(&lists, "0"), "0")),
    ] {
        for (result, heap) in call(name, moves, FetchSessionMsgs::new(Uid(1))) {
            let read = result.unwrap_or_else(|error| panic!("{name}: {error}"));
            let content = read.messages[0].content();
            assert!(
                matches!(content, Content::Malformed { .. }),
                "{name}: {content:?}"
            );
            assert!(heap <= LIMIT, "{name} takes {heap} bytes");
        }
    }
    let hello = message(r#""{\"content\":\"hello\"}""#, &deep);
    for (result, heap) in call(
        "where nobody looks",
        page(&hello, &deep),
        FetchSessionMsgs::new(Uid(1)),
    ) {
        let content = result.unwrap().messages[0].content();
        assert_eq!(content, Content::Text("hello".to_owned()));
        assert!(heap <= LIMIT, "{heap} bytes");
    }
}

#[test]
fn a_deep_body_that_is_no_answer_is_unreadable() {
    let _alone = alone();
    for (name, body) in [
        ("lists", nested("[", "]")),
        ("objects cut short", "{\"data\":".repeat(100_000)),
    ] {
        let moves = vec![UNTIL_CLOSED, Say(body.into_bytes().into()), Close];
        for (result, heap) in call(name, moves, FetchSessionMsgs::new(Uid(1))) {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Unreadable(_)), "{name}: {error:?}");
            assert!(error.to_string().len() < 1000, "{name}");
            assert!(heap <= LIMIT, "{name} takes {heap} bytes");
        }
    }
}

#[test]
fn a_page_of_two_million_messages_is_refused() {
    let _alone = alone();
    let moves = vec![
        UNTIL_CLOSED,
        say("{\"code\":0,\"data\":{\"messages\":[{}"),
        SayTimes(2_000_000 / 10, b",{},{},{},{},{},{},{},{},{},{}"),
        say("]}}"),
        Close,
    ];
    for (result, heap) in call("a page", moves, FetchSessionMsgs::new(Uid(1))) {
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains("data.messages is missing, too long"),
            "{error}"
        );
        assert!(heap <= 32 << 20, "{heap} bytes");
    }
}
