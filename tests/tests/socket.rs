//! What both adapters put on the wire, byte by byte, and what they say of exchanges that fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use bili_im_proto::{
    Account, Body, Context, Credential, DeviceId, Effect, Endpoint, Failure, Hosts, MyGroupUnread,
    Origin, Outgoing, SendMsg, Sent, SigningKeys, SingleUnread, Text, Uid, UnixSeconds,
    http::Request,
};
use bili_im_tests::Adapter;

/// Long enough for anything that comes at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Short enough to wait for what never comes.
const IMPATIENCE: Duration = Duration::from_millis(300);

/// What becomes of a request that was read to its end.
#[derive(Clone)]
enum Then {
    Answer(Vec<u8>),
    /// The connection is closed after these bytes.
    Close(Vec<u8>),
    Stall,
    /// Bytes without end.
    Flood,
}

/// A listener that writes down what it reads.
struct Peer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Peer {
    fn new(script: impl IntoIterator<Item = Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (noted, script) = (Arc::clone(&noted), Arc::clone(&script));
                thread::spawn(move || serve(stream.unwrap(), &noted, &script));
            }
        });
        Self { address, seen }
    }

    /// A listener that does this to every connection.
    fn doing(act: fn(TcpStream)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                thread::spawn(move || act(stream.unwrap()));
            }
        });
        Self {
            address,
            seen: Arc::default(),
        }
    }

    fn seen(&self) -> Vec<Vec<u8>> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn origin(&self, scheme: &str) -> Origin {
        format!("{scheme}://{}", self.address).parse().unwrap()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Vec<u8>>>, script: &Mutex<VecDeque<Then>>) {
    while let Some(request) = read_request(&mut stream) {
        seen.lock().unwrap().push(request);
        let then = script.lock().unwrap().pop_front();
        match then {
            Some(Then::Answer(bytes)) => stream.write_all(&bytes).unwrap(),
            Some(Then::Close(bytes)) => {
                let _ = stream.write_all(&bytes);
                return;
            }
            Some(Then::Stall) => thread::sleep(PATIENCE),
            Some(Then::Flood) => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                while stream.write_all(b"8\r\naaaaaaaa\r\n").is_ok() {}
                return;
            }
            None => return,
        }
    }
}

/// One request, with its body as long as it says.
fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes.clone())
        .unwrap()
        .to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    bytes.extend(body);
    Some(bytes)
}

fn answer(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn credential() -> Credential {
    Credential::new("a%2Cb%2A", "0123456789abcdef", Uid(293_793_435)).unwrap()
}

fn context(origin: Origin) -> Context {
    let keys = SigningKeys::from_urls(
        "7cd084941338484aae1ad9425b84077c",
        "4932caff0ff746eab6f01bf08b70ac45",
    );
    Context::new(
        DeviceId::from_random([7; 16]),
        UnixSeconds(1_626_181_379).micros(),
    )
    .with_credential(credential())
    .with_keys(keys.unwrap())
    .with_hosts(Hosts::single(origin))
}

fn outgoing(request: Request<Body>, timeout: Duration) -> Outgoing {
    Outgoing {
        request,
        max_body: 1 << 16,
        timeout,
        effect: Effect::Once,
    }
}

/// A send, every byte of whose body needs care.
fn send(origin: Origin, timeout: Duration) -> Outgoing {
    let text = Text::new("a + b & c=d 100% *~ 你好\n\u{10ffff}").unwrap();
    let request = SendMsg::new(Uid(1), text)
        .request(&context(origin))
        .unwrap();
    outgoing(request, timeout)
}

fn unread(origin: Origin, timeout: Duration) -> Outgoing {
    outgoing(
        SingleUnread::new().request(&context(origin)).unwrap(),
        timeout,
    )
}

fn both(origin: &Origin) -> [Adapter; 2] {
    Adapter::both(&credential(), origin).unwrap()
}

/// How a send fails in both adapters, over connections of that scheme.
fn failures(peer: &Peer, scheme: &str, timeout: Duration) -> Vec<(&'static str, Failure)> {
    let origin = peer.origin(scheme);
    both(&origin)
        .into_iter()
        .map(|adapter| {
            let name = adapter.name();
            let outcome = adapter.exchange(send(origin.clone(), timeout));
            let failure = outcome.expect_err(name);
            for secret in ["a%2Cb", "0123456789abcdef", "w_rid"] {
                assert!(!format!("{failure:?}").contains(secret), "{failure:?}");
            }
            (name, failure)
        })
        .collect()
}

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
        let built = send(origin.clone(), PATIENCE);
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
        let built = unread(origin.clone(), PATIENCE);
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
fn a_refused_connection_has_sent_nothing() {
    let peer = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Peer {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        }
    };
    for scheme in ["http", "https"] {
        for (name, failure) in failures(&peer, scheme, PATIENCE) {
            assert_eq!(failure.sent, Sent::No, "{name}");
            assert!(failure.head.is_none());
        }
    }
}

/// Knows no name; nobody else is asked.
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
fn a_name_that_nobody_knows_has_sent_nothing() {
    let origin: Origin = "https://bili-im.invalid".parse().unwrap();
    let account = || {
        Account::builder(credential(), [0; 24])
            .hosts(Hosts::single(origin.clone()))
            .build()
    };
    let config = ureq::Agent::config_builder().proxy(None).build();
    let connector = ureq::unversioned::transport::DefaultConnector::default();
    let agent = ureq::Agent::with_parts(config, connector, NoNames);
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(rustls::RootCertStore::empty())
    .with_no_client_auth();
    let http = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(Arc::new(NoNames))
        .tls_backend_preconfigured(tls)
        .build()
        .unwrap();
    for adapter in [
        Adapter::Ureq(bili_im_ureq::Client::from_agent(account(), agent)),
        Adapter::reqwest(|| bili_im_reqwest::Client::from_client(account(), http)).unwrap(),
    ] {
        let failure = adapter
            .exchange(send(origin.clone(), PATIENCE))
            .unwrap_err();
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
        let peer = Peer::doing(act);
        for (name, failure) in failures(&peer, "https", PATIENCE) {
            assert_eq!(failure.sent, Sent::No, "{name}");
        }
    }
}

#[test]
fn a_tls_handshake_that_hangs_has_sent_nothing() {
    let peer = Peer::doing(|stream| {
        thread::sleep(PATIENCE);
        drop(stream);
    });
    let start = Instant::now();
    for (name, failure) in failures(&peer, "https", IMPATIENCE) {
        assert_eq!(failure.sent, Sent::No, "{name}");
    }
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn a_request_read_to_its_end_without_an_answer_may_have_been_sent() {
    for then in [
        Then::Close(Vec::new()),
        Then::Close(b"HTTP/1.1 20".to_vec()),
        Then::Close(b"nonsense\r\n\r\n".to_vec()),
    ] {
        let peer = Peer::new(vec![then; 2]);
        for (name, failure) in failures(&peer, "http", PATIENCE) {
            assert_eq!(failure.sent, Sent::Maybe, "{name}");
            assert!(failure.head.is_none(), "{name}");
        }
        assert_eq!(peer.seen().len(), 2, "each was sent once");
    }
}

#[test]
fn a_connection_reset_in_the_middle_of_a_request_is_never_an_answer() {
    // Without having read anything, and with data unread: the first is a close, the second a reset.
    for act in [
        |stream: TcpStream| drop(stream),
        |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 10]);
        },
    ] as [fn(TcpStream); 2]
    {
        let peer = Peer::doing(act);
        for (name, failure) in failures(&peer, "http", PATIENCE) {
            // Whether the body was taken off its hands is a matter of luck; certainty is not claimed.
            assert!(failure.head.is_none(), "{name}");
        }
    }
}

#[test]
fn an_answer_that_never_comes_may_have_been_sent() {
    let peer = Peer::new([Then::Stall, Then::Stall]);
    let start = Instant::now();
    for (name, failure) in failures(&peer, "http", IMPATIENCE) {
        assert_eq!(failure.sent, Sent::Maybe, "{name}");
    }
    assert!(start.elapsed() < PATIENCE / 2);
    assert_eq!(peer.seen().len(), 2);
}

#[test]
fn an_answer_cut_short_is_a_failure_with_its_head() {
    let chunked =
        b"HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\nRetry-After: 5\r\n\r\n5\r\nab";
    let by_length =
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\nRetry-After: 5\r\n\r\n{\"code\":0";
    for bytes in [chunked.to_vec(), by_length.to_vec()] {
        let peer = Peer::new(vec![Then::Close(bytes); 2]);
        for (name, failure) in failures(&peer, "http", PATIENCE) {
            assert_eq!(failure.sent, Sent::Maybe, "{name}");
            let head = failure.head.expect(name);
            assert_eq!(head.status, 502, "{name}");
            assert_eq!(head.headers["retry-after"], "5");
        }
    }
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let long = answer(&"a".repeat((1 << 16) + 1));
    for then in [Then::Flood, Then::Answer(long)] {
        let peer = Peer::new(vec![then; 2]);
        for (name, failure) in failures(&peer, "http", PATIENCE) {
            assert_eq!(failure.sent, Sent::Maybe, "{name}");
            assert_eq!(failure.head.expect(name).status, 200);
        }
    }
}

#[test]
fn the_longest_answer_allowed_is_read() {
    let text = "a".repeat(1 << 16);
    let peer = Peer::new(vec![Then::Answer(answer(&text)); 2]);
    let origin = peer.origin("http");
    for adapter in both(&origin) {
        let response = adapter.exchange(unread(origin.clone(), PATIENCE)).unwrap();
        assert_eq!(response.body(), text.as_bytes(), "{}", adapter.name());
    }
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let other = Peer::new([]);
        let elsewhere = format!("http://{}/elsewhere", other.address);
        let redirect =
            format!("HTTP/1.1 {status}\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
        let peer = Peer::new(vec![Then::Answer(redirect.into_bytes()); 8]);
        let origin = peer.origin("http");
        for adapter in both(&origin) {
            for outgoing in [
                send(origin.clone(), PATIENCE),
                unread(origin.clone(), PATIENCE),
            ] {
                let response = adapter.exchange(outgoing).unwrap();
                assert_eq!(
                    response.status().as_str(),
                    status.split_once(' ').unwrap().0,
                    "{}",
                    adapter.name()
                );
            }
        }
        assert_eq!((peer.seen().len(), other.seen().len()), (4, 0));
    }
}

#[test]
fn refusals_by_status_are_answers() {
    for status in [
        "400 Bad Request",
        "412 Precondition Failed",
        "429 Too Many Requests",
        "502 Bad Gateway",
    ] {
        let bytes = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno").into_bytes();
        let peer = Peer::new(vec![Then::Answer(bytes); 2]);
        let origin = peer.origin("http");
        for adapter in both(&origin) {
            let response = adapter.exchange(send(origin.clone(), PATIENCE)).unwrap();
            assert_eq!(
                response.status().as_str(),
                status.split_once(' ').unwrap().0,
                "{}",
                adapter.name()
            );
            assert_eq!(response.body(), b"no");
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
        adapter.exchange(unread(origin.clone(), PATIENCE)).unwrap();
        let failure = adapter
            .exchange(send(origin.clone(), PATIENCE))
            .unwrap_err();
        assert_eq!(failure.sent, Sent::Maybe, "{}", adapter.name());
        thread::sleep(Duration::from_millis(50));
        assert_eq!(peer.seen().len(), 2, "{}: sent again", adapter.name());
    }
}

#[test]
fn a_connection_that_was_closed_meanwhile_loses_no_send() {
    for index in 0..2 {
        let peer = Peer::new([
            // Kept alive in words only.
            Then::Close(answer("{}")),
            Then::Answer(answer("{}")),
            Then::Answer(answer("{}")),
        ]);
        let origin = peer.origin("http");
        let adapter = &both(&origin)[index];
        adapter.exchange(unread(origin.clone(), PATIENCE)).unwrap();
        thread::sleep(Duration::from_millis(50));
        let outcome = adapter.exchange(send(origin.clone(), PATIENCE));
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
fn a_call_over_a_whole_client_is_the_same_in_both() {
    let body = r#"{"code":0,"data":{"unread_count":2}}"#;
    let peer = Peer::new(vec![Then::Answer(answer(body)); 2]);
    let origin = peer.origin("http");
    for adapter in both(&origin) {
        assert_eq!(adapter.call(MyGroupUnread).unwrap().unread_count, 2);
    }
    let seen = peer.seen();
    let (one, other) = (header_lines(&seen[0]), header_lines(&seen[1]));
    assert_eq!(one.0, other.0);
}
