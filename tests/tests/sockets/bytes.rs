//! What both adapters put on the wire, byte by byte.

use std::{collections::BTreeMap, thread, time::Duration};

use bili_im_proto::{Endpoint, Outgoing, SendMsg, Sent, SingleUnread};
use bili_im_tests::peer::{Peer, Then, origin};

use crate::peer::{answer, both, send, unread, with_each};

/// The body of the only request that a peer saw, and its headers but for those that every request
/// has. Its first line, its host and its body are those of `built`.
fn own_headers(peer: &Peer, built: &Outgoing) -> BTreeMap<String, String> {
    let seen = peer.seen();
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let request = &built.request;
    let target = request.uri().path_and_query().unwrap();
    let first = format!("{} {target} HTTP/1.1", request.method());
    assert_eq!(lines.next(), Some(&*first));
    assert_eq!(body.as_bytes(), request.body().as_ref());
    let mut headers = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let earlier = headers.insert(name.to_ascii_lowercase(), value.to_owned());
        assert_eq!(earlier, None, "{name} is there twice");
    }
    let address = peer.address.to_string();
    let agent = format!(
        "Mozilla/5.0 (compatible; bili-im/{})",
        env!("CARGO_PKG_VERSION")
    );
    for (name, value) in [
        ("host", &*address),
        ("user-agent", &agent),
        ("referer", "https://message.bilibili.com/"),
        ("origin", "https://message.bilibili.com"),
        (
            "cookie",
            "SESSDATA=a%2Cb%2A; bili_jct=0123456789abcdef; DedeUserID=293793435",
        ),
    ] {
        assert_eq!(headers.remove(name).as_deref(), Some(value), "{name}");
    }
    headers.retain(|name, _| !matches!(&**name, "accept" | "accept-encoding" | "connection"));
    headers
}

#[test]
fn what_goes_out_is_what_was_signed_and_built() {
    let accepted = answer(r#"{"code":0,"data":{"msg_key":7354295169819585966}}"#);
    with_each(&[Then::Answer(accepted)], |adapter, origin, peer| {
        let response = adapter.exchange(send(origin)).unwrap();
        assert_eq!(response.status(), 200);
        let sent = SendMsg::response(&response).unwrap();
        assert_eq!(sent.msg_key.to_string(), "7354295169819585966");
        let built = send(origin);
        let path = "/web_im/v1/web_im/send_msg?w_dev_id=";
        assert!(built.request.uri().to_string().contains(path));
        let length = built.request.body().as_ref().len().to_string();
        let wanted = [
            ("content-length", &*length),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            own_headers(peer, &built),
            wanted.into(),
            "{}",
            adapter.name()
        );
    });
}

#[test]
fn a_get_has_no_body() {
    let counts = answer(r#"{"code":0,"data":{"follow_unread":6}}"#);
    with_each(&[Then::Answer(counts)], |adapter, origin, peer| {
        let response = adapter.exchange(unread(origin)).unwrap();
        assert_eq!(SingleUnread::response(&response).unwrap().follow_unread, 6);
        let own = own_headers(peer, &unread(origin));
        assert_eq!(own, BTreeMap::new(), "{}", adapter.name());
    });
}

#[test]
fn a_send_over_a_connection_that_was_used_before_goes_out_once() {
    let answer = || Then::Answer(answer("{}"));
    let script = [answer(), Then::Close(String::new()), answer()];
    with_each(&script, |adapter, origin, peer| {
        adapter.exchange(unread(origin)).unwrap();
        let failure = adapter.exchange(send(origin)).unwrap_err();
        assert_eq!(failure.sent, Sent::Maybe, "{}", adapter.name());
        thread::sleep(Duration::from_millis(50));
        assert_eq!(peer.seen().len(), 2, "{}: sent again", adapter.name());
    });
}

#[test]
fn a_send_over_a_closed_connection_arrives_or_fails() {
    // The answer says keep-alive; the connection is closed all the same.
    let closed = Then::Close(answer("{}"));
    let answer = || Then::Answer(answer("{}"));
    with_each(&[closed, answer(), answer()], |adapter, origin, peer| {
        adapter.exchange(unread(origin)).unwrap();
        thread::sleep(Duration::from_millis(50));
        let outcome = adapter.exchange(send(origin));
        let arrived = peer.seen().len() - 1;
        match outcome {
            Ok(_) => assert_eq!(arrived, 1, "{}", adapter.name()),
            Err(failure) => {
                assert_eq!(arrived, 0, "{}", adapter.name());
                assert!(failure.head.is_none());
            }
        }
    });
}

#[test]
fn the_longest_answer_allowed_is_read() {
    let text = "a".repeat(1 << 16);
    let peer = Peer::scripted([0; 2].map(|_| Then::Answer(answer(&text))));
    let origin = origin("http", peer.address);
    for adapter in both(&origin) {
        let response = adapter.exchange(unread(&origin)).unwrap();
        assert_eq!(response.body(), text.as_bytes(), "{}", adapter.name());
    }
}
