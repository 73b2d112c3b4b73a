//! What both adapters put on the wire, byte by byte.

use std::{collections::BTreeMap, thread, time::Duration};

use bili_im_proto::{Endpoint, SendMsg, Sent, SingleUnread};

use crate::peer::{Peer, Then, answer, both, send, unread};

fn header_lines(request: &[u8]) -> (String, BTreeMap<String, String>, Vec<u8>) {
    let end = request
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&request[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let mut headers = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let earlier = headers.insert(name.to_ascii_lowercase(), value.to_owned());
        assert_eq!(earlier, None, "{name} is there twice");
    }
    (first, headers, request[end + 4..].to_vec())
}

fn check_common_headers(headers: &BTreeMap<String, String>, peer: &Peer) {
    let version = env!("CARGO_PKG_VERSION");
    for (name, value) in [
        ("host", peer.address.to_string()),
        (
            "user-agent",
            format!("Mozilla/5.0 (compatible; bili-im/{version})"),
        ),
        ("referer", "https://message.bilibili.com/".to_owned()),
        ("origin", "https://message.bilibili.com".to_owned()),
        (
            "cookie",
            "SESSDATA=a%2Cb%2A; bili_jct=0123456789abcdef; DedeUserID=293793435".to_owned(),
        ),
    ] {
        assert_eq!(headers.get(name), Some(&value), "{name}");
    }
    assert_eq!(headers.get("transfer-encoding"), None);
    assert_eq!(headers.get("expect"), None);
}

#[test]
fn what_goes_out_is_what_was_signed_and_built() {
    let accepted = r#"{"code":0,"data":{"msg_key":7354295169819585966}}"#;
    for index in 0..2 {
        let peer = Peer::new([Then::Answer(answer(accepted))]);
        let origin = peer.origin("http");
        let adapter = &both(&origin)[index];
        let built = send(origin.clone());
        let target = built.request.uri().path_and_query().unwrap().to_string();
        let body = built.request.body().as_ref().to_vec();
        let response = adapter.exchange(built).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            SendMsg::response(&response).unwrap().msg_key.to_string(),
            "7354295169819585966"
        );
        let (first, headers, sent) = header_lines(&peer.seen()[0]);
        assert_eq!(first, format!("POST {target} HTTP/1.1"));
        assert!(target.starts_with("/web_im/v1/web_im/send_msg?w_dev_id="));
        assert_eq!(sent, body);
        check_common_headers(&headers, &peer);
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(headers["content-length"], body.len().to_string());
        let allowed = [
            "host",
            "user-agent",
            "referer",
            "origin",
            "cookie",
            "content-type",
            "content-length",
            "accept",
            "accept-encoding",
            "connection",
        ];
        for name in headers.keys() {
            assert!(
                allowed.contains(&name.as_str()),
                "{}: {name}",
                adapter.name()
            );
        }
    }
}

#[test]
fn a_get_has_no_body() {
    for index in 0..2 {
        let peer = Peer::new([Then::Answer(answer(
            r#"{"code":0,"data":{"follow_unread":6}}"#,
        ))]);
        let origin = peer.origin("http");
        let adapter = &both(&origin)[index];
        let built = unread(origin.clone());
        let target = built.request.uri().path_and_query().unwrap().to_string();
        let response = adapter.exchange(built).unwrap();
        assert_eq!(SingleUnread::response(&response).unwrap().follow_unread, 6);
        let (first, headers, body) = header_lines(&peer.seen()[0]);
        assert_eq!(first, format!("GET {target} HTTP/1.1"));
        assert_eq!(body, b"");
        check_common_headers(&headers, &peer);
        for name in ["content-length", "content-type"] {
            assert_eq!(headers.get(name), None, "{}", adapter.name());
        }
    }
}

#[test]
fn a_send_over_a_connection_that_was_used_before_goes_out_once() {
    for index in 0..2 {
        let peer = Peer::new([
            Then::Answer(answer("{}")),
            Then::Close(Vec::new()),
            Then::Answer(answer("{}")),
        ]);
        let origin = peer.origin("http");
        let adapter = &both(&origin)[index];
        adapter.exchange(unread(origin.clone())).unwrap();
        let failure = adapter.exchange(send(origin.clone())).unwrap_err();
        assert_eq!(failure.sent, Sent::Maybe, "{}", adapter.name());
        thread::sleep(Duration::from_millis(50));
        assert_eq!(peer.seen().len(), 2, "{}: sent again", adapter.name());
    }
}

#[test]
fn a_send_over_a_closed_connection_arrives_or_fails() {
    for index in 0..2 {
        let peer = Peer::new([
            // The answer says keep-alive; the connection is closed all the same.
            Then::Close(answer("{}")),
            Then::Answer(answer("{}")),
            Then::Answer(answer("{}")),
        ]);
        let origin = peer.origin("http");
        let adapter = &both(&origin)[index];
        adapter.exchange(unread(origin.clone())).unwrap();
        thread::sleep(Duration::from_millis(50));
        let outcome = adapter.exchange(send(origin.clone()));
        let arrived = peer.seen().len() - 1;
        match outcome {
            Ok(_) => assert_eq!(arrived, 1, "{}", adapter.name()),
            Err(failure) => {
                assert_eq!(arrived, 0, "{}", adapter.name());
                assert!(failure.head.is_none());
            }
        }
    }
}

#[test]
fn the_longest_answer_allowed_is_read() {
    let text = "a".repeat(1 << 16);
    let peer = Peer::new(vec![Then::Answer(answer(&text)); 2]);
    let origin = peer.origin("http");
    for adapter in both(&origin) {
        let response = adapter.exchange(unread(origin.clone())).unwrap();
        assert_eq!(response.body(), text.as_bytes(), "{}", adapter.name());
    }
}
