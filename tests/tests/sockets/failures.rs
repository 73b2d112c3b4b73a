//! What both adapters say of exchanges that fail: whether the request may have been sent.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
};

use bili_im_proto::{Account, Hosts, Origin, Sent};
use bili_im_tests::{
    Adapter,
    peer::{Peer, Then, listen},
    tls_without_roots,
};

use crate::peer::{credential, failures, send};

#[test]
fn a_refused_connection_has_sent_nothing() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    for scheme in ["http", "https"] {
        for (name, failure) in failures(address, scheme) {
            assert_eq!(failure.sent, Sent::No, "{name}");
            assert!(failure.head.is_none());
        }
    }
}

/// A resolver that knows no name.
#[derive(Debug)]
struct NoNames;

impl ureq::unversioned::resolver::Resolver for NoNames {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: ureq::unversioned::transport::NextTimeout,
    ) -> Result<ureq::unversioned::resolver::ResolvedSocketAddrs, ureq::Error> {
        Err(ureq::Error::HostNotFound)
    }
}

impl reqwest::dns::Resolve for NoNames {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err("no such host".into()) })
    }
}

#[test]
fn an_unknown_host_name_has_sent_nothing() {
    let origin: Origin = "https://bili-im.invalid".parse().unwrap();
    let account = || {
        Account::builder(credential(), [0; 24])
            .hosts(Hosts::single(origin.clone()))
            .build()
    };
    let config = ureq::Agent::config_builder().proxy(None).build();
    let connector = ureq::unversioned::transport::DefaultConnector::default();
    let agent = ureq::Agent::with_parts(config, connector, NoNames);
    let http = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(Arc::new(NoNames))
        .tls_backend_preconfigured(tls_without_roots().unwrap())
        .build()
        .unwrap();
    for adapter in [
        Adapter::Ureq(bili_im_ureq::Client::from_agent(account(), agent)),
        Adapter::reqwest(|| bili_im_reqwest::Client::from_client(account(), http)).unwrap(),
    ] {
        let failure = adapter.exchange(send(&origin)).unwrap_err();
        assert_eq!(failure.sent, Sent::No, "{}", adapter.name());
    }
}

#[test]
fn a_tls_handshake_that_fails_has_sent_nothing() {
    for act in [
        // Not TLS at all.
        |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        },
        // A fatal alert.
        |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]);
        },
        // Closed or reset during the handshake.
        |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 16]);
        },
        |stream: TcpStream| drop(stream),
    ] as [fn(TcpStream); 4]
    {
        for (name, failure) in failures(listen(act), "https") {
            assert_eq!(failure.sent, Sent::No, "{name}");
        }
    }
}

#[test]
fn a_connection_reset_in_the_middle_of_a_request_is_never_an_answer() {
    // The first closes before reading. The second leaves data unread, which resets.
    for act in [
        |stream: TcpStream| drop(stream),
        |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 10]);
        },
    ] as [fn(TcpStream); 2]
    {
        for (name, failure) in failures(listen(act), "http") {
            // Whether the body was read depends on timing, so `sent` is not checked.
            assert!(failure.head.is_none(), "{name}");
        }
    }
}

#[test]
fn an_answer_cut_short_is_a_failure_with_its_head() {
    let chunked =
        "HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\nRetry-After: 5\r\n\r\n5\r\nab";
    let by_length =
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\nRetry-After: 5\r\n\r\n{\"code\":0";
    for bytes in [chunked, by_length] {
        let peer = Peer::scripted([0; 2].map(|_| Then::Close(bytes.to_owned())));
        for (name, failure) in failures(peer.address, "http") {
            assert_eq!(failure.sent, Sent::Maybe, "{name}");
            let head = failure.head.expect(name);
            assert_eq!(head.status, 502, "{name}");
            assert_eq!(head.headers["retry-after"], "5");
        }
    }
}
