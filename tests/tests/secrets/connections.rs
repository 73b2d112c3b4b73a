//! Both adapters over connections that break, redirect and set cookies.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use bili_im_proto::*;
use bili_im_tests::{
    Adapter, Authority,
    marks::{Marks, QR_KEY},
    peer::{Peer, Then, response},
};

use crate::{OTHER, check, cookie, credential, origin_of};

/// The values of a header in a request.
fn header<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn no_failed_exchange_shows_a_secret() {
    let marks = Marks::default();
    // Answers that break off, are no HTTP, or quote the request.
    let replies: [fn(&str) -> String; 5] = [
        |_| String::new(),
        |request| request.to_owned(),
        |request| format!("HTTP/1.1 {request}"),
        |request| format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{request}"),
        |request| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{request}"),
    ];
    for reply in replies {
        let cut = Peer::over(Cut, move |request| Then::Answer(reply(request)));
        for adapter in Adapter::both(&credential(), &origin_of(&cut)).unwrap() {
            let name = adapter.name();
            let unread = adapter.call(SingleUnread::new());
            assert!(
                matches!(unread, Err(Error::Transport(_))),
                "{name}: {unread:?}"
            );
            check(&marks, name, &unread);
            let poll = adapter.call(QrPoll::new(Secret::new(QR_KEY)));
            assert!(matches!(poll, Err(Error::Transport(_))), "{name}: {poll:?}");
            check(&marks, name, &poll);
        }
    }
    let nobody: Origin = "https://127.0.0.1:1".parse().unwrap();
    for adapter in Adapter::both(&credential(), &nobody).unwrap() {
        check(
            &marks,
            "nobody",
            &adapter.call(QrPoll::new(Secret::new(QR_KEY))),
        );
    }
}

/// A connection that is closed after the first answer.
struct Cut(TcpStream);

impl Read for Cut {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Cut {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.shutdown(std::net::Shutdown::Both)
    }
}

#[test]
fn no_redirect_takes_the_login_elsewhere() {
    let marks = Marks::default();
    let elsewhere = Arc::new(Peer::plain(|_| response("200 OK", "", "{}")));
    for status in ["301 A", "302 B", "303 C", "307 D", "308 E"] {
        let location = format!("Location: http://{}/x\r\n", elsewhere.address);
        let peer = Peer::plain(move |request| response(status, &location, request));
        for adapter in Adapter::both(&credential(), &origin_of(&peer)).unwrap() {
            check(&marks, status, &adapter.call(SingleUnread::new()));
            check(&marks, status, &adapter.call(UpdateAck::new(OTHER)));
        }
        for request in peer.seen() {
            assert_eq!(header(&request, "cookie"), [cookie()]);
        }
    }
    assert_eq!(elsewhere.seen(), [""; 0]);
}

#[test]
fn no_redirect_takes_the_login_out_of_tls() {
    let marks = Marks::default();
    let plain = Peer::plain(|_| response("200 OK", "", "{}"));
    let location = format!("Location: http://{}/x\r\n", plain.address);
    let authority = Authority::new().unwrap();
    let config = Arc::new(authority.vouch_for("localhost").unwrap());
    let secure = move |stream| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        rustls::StreamOwned::new(connection, stream)
    };
    let peer = Peer::over(secure, move |request| {
        Then::Answer(response("302 Found", &location, request))
    });
    let origin: Origin = format!("https://localhost:{}", peer.address.port())
        .parse()
        .unwrap();
    for adapter in Adapter::trusting(&authority, &credential(), &origin).unwrap() {
        check(&marks, adapter.name(), &adapter.call(SingleUnread::new()));
        check(&marks, adapter.name(), &adapter.call(UpdateAck::new(OTHER)));
    }
    assert!(peer.seen().len() >= 4, "{:?}", peer.seen());
    assert_eq!(plain.seen(), [""; 0]);
}

#[test]
fn a_client_of_the_real_service_sends_nothing_in_plain_text() {
    let marks = Marks::default();
    let plain = Peer::plain(|_| response("200 OK", "", "{}"));
    assert!("http://im.example".parse::<Origin>().is_err());
    let context = Context::new(DeviceId::from_random([7; 16]), UnixMicros(1))
        .with_credential(credential())
        .with_hosts(Hosts::single(origin_of(&plain)));
    let ureq = bili_im_ureq::Client::builder(credential()).build();
    let reqwest = Adapter::reqwest(|| bili_im_reqwest::Client::builder(credential()).build());
    for adapter in [Adapter::Ureq(ureq), reqwest.unwrap()] {
        let poll = QrPoll::new(Secret::new(QR_KEY)).request(&context).unwrap();
        for request in [SingleUnread::new().request(&context).unwrap(), poll] {
            let failure = adapter.exchange(Outgoing {
                request,
                max_body: 100,
                timeout: Duration::from_secs(20),
                effect: Effect::Read,
            });
            let failure = failure.unwrap_err();
            marks.check(adapter.name(), format!("{failure:?}"));
        }
    }
    assert_eq!(plain.seen(), [""; 0]);
}

#[test]
fn no_cookie_that_an_answer_sets_is_sent_on_or_kept() {
    let peer = Peer::plain(|_| {
        let set = "Set-Cookie: SESSDATA=evil; Path=/\r\nSet-Cookie: more=1; Domain=example.com\r\n";
        response("200 OK", set, r#"{"code":0,"data":{}}"#)
    });
    for adapter in Adapter::both(&credential(), &origin_of(&peer)).unwrap() {
        for _ in 0..2 {
            adapter.call(SingleUnread::new()).unwrap();
        }
        assert!(*adapter.account().credential() == credential());
    }
    let cookies: BTreeSet<String> = (peer.seen().iter())
        .map(|request| header(request, "cookie").join(" and "))
        .collect();
    assert_eq!(Vec::from_iter(cookies), [cookie()]);
}
