//! What the blocking client really puts on the wire, byte by byte, and what it makes of a wire that
//! breaks.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use bili_im_proto::{
    Error, FetchSessionMsgs, Input, MsgKey, RefusalKind, Sent, SingleUnread, Step, Talker, Uid,
};
use bili_im_tests::{CSRF, OWN_UID, answers, credential, plain};
use bili_im_ureq::Client;

/// What the listener does with one request, once it has read it.
#[derive(Clone)]
enum Act {
    /// Writes these bytes and closes.
    Write(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Closes before reading anything.
    Refuse,
    /// Writes a head and then bytes until the other side has had enough.
    Flood,
    /// Writes the answer and then listens no more.
    Last(Vec<u8>),
}

/// One request as it came over the wire.
#[derive(Debug, Clone)]
struct Heard {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Heard {
    fn endpoint(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The only value of a header.
    fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(other, _)| other == name);
        let (_, value) = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "{name} comes twice");
        value
    }
}

/// A listener on this machine that does what it is told.
struct Wire {
    origin: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// How many bytes a flood could write.
    flooded: Arc<Mutex<usize>>,
}

impl Wire {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(vec![]));
        let flooded = Arc::new(Mutex::new(0));
        let (log, count) = (Arc::clone(&heard), Arc::clone(&flooded));
        let mut acts: VecDeque<Act> = acts.into_iter().collect();
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let act = acts.pop_front().unwrap_or(Act::Close);
                if matches!(act, Act::Refuse) {
                    continue;
                }
                let Some(request) = read_request(&mut stream) else {
                    continue;
                };
                log.lock().unwrap().push(request);
                match act {
                    Act::Write(bytes) => drop(stream.write_all(&bytes)),
                    Act::Last(bytes) => {
                        drop(listener);
                        drop(stream.write_all(&bytes));
                        return;
                    }
                    Act::Flood => *count.lock().unwrap() = flood(&mut stream),
                    Act::Close | Act::Refuse => {}
                }
            }
        });
        Self {
            origin,
            heard,
            flooded,
        }
    }

    fn client(&self) -> Client {
        Client::builder(credential().unwrap())
            .endpoint(self.origin.parse().unwrap())
            .build()
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The requests to an endpoint.
    fn calls(&self, endpoint: &str) -> Vec<Heard> {
        let mut heard = self.heard();
        heard.retain(|request| request.endpoint() == endpoint);
        heard
    }
}

/// A request read by hand; `None` when the other side goes before it is whole.
fn read_request(stream: &mut TcpStream) -> Option<Heard> {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    let mut bytes = vec![];
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.extend(byte);
    }
    let head = String::from_utf8(bytes).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    assert_eq!(first.next(), Some("HTTP/1.1"));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(Heard {
        method,
        target,
        headers,
        body,
    })
}

fn flood(stream: &mut TcpStream) -> usize {
    const LIMIT: usize = 256 << 20;
    let chunk = [b' '; 1 << 16];
    let mut written = 0;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    if stream.write_all(head.as_bytes()).is_err() {
        return 0;
    }
    while written < LIMIT {
        match stream.write(&chunk) {
            Ok(bytes) => written += bytes,
            Err(_) => break,
        }
    }
    written
}

/// An answer as bytes.
fn bytes(answer: &bili_im_proto::http::Response<Vec<u8>>) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status(),
        answer.body().len()
    )
    .into_bytes();
    bytes.extend(answer.body());
    bytes
}

fn write(answer: &bili_im_proto::http::Response<Vec<u8>>) -> Act {
    Act::Write(bytes(answer))
}

fn nav() -> Act {
    write(&answers::nav(OWN_UID, 1))
}

fn page() -> Act {
    write(&answers::empty_page())
}

/// A client that knows its keys and the newest message of user 1: the next call goes out alone.
fn warmed(rest: impl IntoIterator<Item = Act>) -> (Wire, Client) {
    let wire = Wire::new(
        [nav(), page(), write(&answers::sent())]
            .into_iter()
            .chain(rest),
    );
    let client = wire.client();
    client.send_text(Uid(1), "the first").unwrap();
    assert_eq!(wire.heard().len(), 3);
    (wire, client)
}

#[test]
fn what_is_on_the_wire_is_what_was_signed_and_built() {
    let (wire, _client) = warmed([]);
    for request in wire.heard() {
        for name in ["host", "cookie", "user-agent", "referer", "origin"] {
            request.header(name);
        }
        assert_eq!(
            request.header("host"),
            wire.origin.trim_start_matches("http://")
        );
        assert_eq!(request.header("referer"), "https://message.bilibili.com/");
        assert_eq!(request.header("origin"), "https://message.bilibili.com");
        let agent = concat!(
            "Mozilla/5.0 (compatible; bili-im/",
            env!("CARGO_PKG_VERSION"),
            ")"
        );
        assert_eq!(request.header("user-agent"), agent);
        let cookie =
            format!("SESSDATA=a%2Cb%2Ac; bili_jct={CSRF}; DedeUserID={OWN_UID}; buvid3=B3");
        assert_eq!(request.header("cookie"), cookie);
        let mut names: Vec<&String> = request.headers.iter().map(|(name, _)| name).collect();
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "a header comes twice: {names:?}");
    }
    let targets: Vec<(String, String)> = (wire.heard().iter())
        .map(|request| (request.method.clone(), request.endpoint().to_owned()))
        .collect();
    let expected = [
        ("GET", "nav"),
        ("GET", "fetch_session_msgs"),
        ("POST", "send_msg"),
    ]
    .map(|(method, endpoint)| (method.to_owned(), endpoint.to_owned()));
    assert_eq!(targets, expected);

    let key = answers::mixin_key(1);
    for endpoint in ["fetch_session_msgs", "send_msg"] {
        for request in wire.calls(endpoint) {
            let query = request.query();
            assert!(plain::is_signed_with(query, &key), "{query}");
        }
    }
    let sends = wire.calls("send_msg");
    let send = sends.first().unwrap();
    assert_eq!(
        send.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(send.header("content-length"), send.body.len().to_string());
    let form = plain::form_pairs(&send.body);
    assert_eq!(
        plain::only(&form, "msg[content]"),
        Some(r#"{"content":"the first"}"#)
    );
    assert_eq!(plain::only(&form, "csrf"), Some(CSRF));
    let query = plain::query_pairs(send.query()).unwrap();
    for (in_query, in_body) in [
        ("w_sender_uid", "msg[sender_uid]"),
        ("w_receiver_id", "msg[receiver_id]"),
        ("w_dev_id", "msg[dev_id]"),
        ("wts", "msg[timestamp]"),
    ] {
        assert_eq!(plain::only(&query, in_query), plain::only(&form, in_body));
    }
    assert!(
        wire.calls("nav")
            .iter()
            .all(|request| request.body.is_empty())
    );
}

#[test]
fn the_bytes_of_a_request_go_out_as_the_flow_gave_them() {
    let wire = Wire::new([nav(), page(), write(&answers::sent())]);
    let client = wire.client();
    let odd = "a&b=c%20+\u{1}\"\\é👋\u{202e}!'()*";
    let text = bili_im_proto::Text::new(odd).unwrap();
    let mut flow = client.account().send(Talker::user(1), text);
    let mut built = vec![];
    let mut input = Input::Begin;
    let sent = loop {
        input = match flow.resume(client.now(), input) {
            Step::Send(outgoing) => {
                let target = outgoing.request.uri().path_and_query().unwrap().to_string();
                built.push((target, outgoing.request.body().as_ref().to_vec()));
                client
                    .exchange(outgoing)
                    .map_or_else(Input::Failed, Input::Response)
            }
            Step::WaitUntil(moment) => {
                thread::sleep(moment.since(client.now().mono));
                Input::Woken
            }
            Step::Item(never) => match never {},
            Step::Done(result) => break result.unwrap(),
        };
    };
    assert_eq!(sent.msg_key, MsgKey(answers::MSG_KEY));
    let heard: Vec<_> = (wire.heard().into_iter())
        .map(|request| (request.target, request.body))
        .collect();
    assert_eq!(heard, built);
    let form = plain::form_pairs(&heard.last().unwrap().1);
    let content: serde_json::Value =
        serde_json::from_str(plain::only(&form, "msg[content]").unwrap()).unwrap();
    assert_eq!(content, serde_json::json!({ "content": odd }));
}

#[test]
fn a_redirect_is_not_followed() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let elsewhere = Wire::new([write(&answers::sent())]);
        let redirect = |body: &str| {
            Act::Write(
                format!(
                    "HTTP/1.1 {status}\r\nLocation: {}/web_im/v1/web_im/send_msg\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    elsewhere.origin,
                    body.len()
                )
                .into_bytes(),
            )
        };
        let (wire, client) = warmed([redirect(""), redirect("")]);
        let error = client.unread().unwrap_err();
        assert!(matches!(error, Error::Unreadable(_)), "{status}: {error:?}");
        let error = client.send_text(Uid(1), "hi").unwrap_err();
        assert!(!matches!(error, Error::Transport(_)), "{status}: {error:?}");
        assert!(
            elsewhere.heard().is_empty(),
            "{status}: the cookie went elsewhere"
        );
        assert_eq!(wire.calls("send_msg").len(), 2, "{status}");
    }
}

#[test]
fn an_answer_without_end_is_an_error_and_not_read_to_its_end() {
    let wire = Wire::new([Act::Flood]);
    let client = wire.client();
    let error = client.unread().unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert!(flooded(&wire, client) < 64 << 20);
}

#[test]
fn the_bound_that_a_flow_sets_is_kept_to() {
    let wire = Wire::new([Act::Flood]);
    let client = wire.client();
    let mut flow = client.account().call(SingleUnread::new());
    let Step::Send(mut outgoing) = flow.resume(client.now(), Input::Begin) else {
        panic!("nothing is sent")
    };
    outgoing.max_body = 1000;
    let failure = client.exchange(outgoing).unwrap_err();
    assert!(failure.head.is_some_and(|head| head.status == 200));
    // What the two sockets hold is all that can have gone beyond the bound.
    let flooded = flooded(&wire, client);
    assert!(flooded < 16 << 20, "{flooded} bytes");
}

#[test]
fn an_answer_as_long_as_the_bound_is_read() {
    for (length, taken) in [(999, true), (1000, true), (1001, false)] {
        let wire = Wire::new([write(&answers::answer(200, vec![b'x'; length]))]);
        let client = wire.client();
        let mut flow = client.account().call(SingleUnread::new());
        let Step::Send(mut outgoing) = flow.resume(client.now(), Input::Begin) else {
            panic!("nothing is sent")
        };
        outgoing.max_body = 1000;
        assert_eq!(client.exchange(outgoing).is_ok(), taken, "{length} bytes");
    }
}

/// How much the listener could write until the client let go.
fn flooded(wire: &Wire, client: Client) -> usize {
    drop(client);
    let start = Instant::now();
    loop {
        let flooded = *wire.flooded.lock().unwrap();
        if flooded > 0 {
            return flooded;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the client holds on"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// A send that breaks in a way, read back from pages that do not have it.
fn broken_send(act: Act) -> (Wire, Error) {
    let (wire, client) = warmed([act].into_iter().chain(std::iter::repeat_n(page(), 20)));
    let error = client.send_text(Uid(1), "hi").unwrap_err();
    assert_eq!(
        wire.calls("send_msg").len() - 1,
        usize::from(!matches!(error, Error::Transport(_))),
        "a message must not be sent twice"
    );
    (wire, error)
}

#[test]
fn a_send_whose_answer_is_lost_or_cut_short_is_unconfirmed() {
    let whole = bytes(&answers::sent());
    let half = whole.get(..whole.len() - 20).unwrap().to_vec();
    let head_only = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cod".to_vec();
    for (name, act) in [
        ("closed", Act::Close),
        ("half of the body", Act::Write(half)),
        ("no body", Act::Write(head_only)),
        ("a broken chunk", Act::Write(chunked)),
        ("half of the head", Act::Write(b"HTTP/1.1 200 O".to_vec())),
        ("no HTTP", Act::Write(b"hello\r\n\r\n".to_vec())),
        (
            "a page of HTML",
            write(&answers::answer(200, "<html></html>")),
        ),
        ("HTTP 502", write(&answers::answer(502, "<html></html>"))),
        ("-504", write(&answers::refused(-504))),
    ] {
        let (_, error) = broken_send(act);
        assert!(matches!(error, Error::Unconfirmed(_)), "{name}: {error:?}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains(CSRF) && !shown.contains("a%2Cb"),
            "{name}: {shown}"
        );
    }
}

#[test]
fn a_send_that_is_refused_is_told_as_refused_even_when_the_page_behind_it_breaks_off() {
    let cut = b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 5000\r\n\r\n<html>".to_vec();
    let (_, error) = broken_send(Act::Write(cut));
    assert_eq!(error.kind(), Some(RefusalKind::RiskControl), "{error:?}");
}

#[test]
fn a_connection_that_is_refused_sent_nothing() {
    let wire = Wire::new([nav(), page(), Act::Last(bytes(&answers::sent()))]);
    let client = wire.client();
    client.send_text(Uid(1), "the first").unwrap();
    let error = client.send_text(Uid(1), "hi").unwrap_err();
    let Error::Transport(transport) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(transport.sent, Sent::No);
    assert!(error.took_no_effect());
    assert_eq!(wire.calls("send_msg").len(), 1);
}

#[test]
fn a_read_that_breaks_is_a_failure_and_no_success() {
    let whole = bytes(&answers::success(r#"{"follow_unread":3}"#));
    let half = whole.get(..whole.len() - 5).unwrap().to_vec();
    for act in [Act::Close, Act::Write(half), Act::Refuse] {
        let wire = Wire::new([act]);
        let error = wire.client().unread().unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{error:?}");
    }
}

#[test]
fn a_kept_connection_that_the_other_side_has_closed_is_no_lost_message() {
    // Keep-alive is announced, and the connection closed all the same.
    let keep = |answer: &bili_im_proto::http::Response<Vec<u8>>| {
        let text = String::from_utf8(bytes(answer)).unwrap();
        Act::Write(
            text.replace("Connection: close", "Connection: keep-alive")
                .into_bytes(),
        )
    };
    let wire = Wire::new([
        keep(&answers::nav(OWN_UID, 1)),
        keep(&answers::empty_page()),
        keep(&answers::sent()),
        keep(&answers::sent()),
    ]);
    let client = wire.client();
    client.send_text(Uid(1), "one").unwrap();
    thread::sleep(Duration::from_millis(50));
    client.send_text(Uid(1), "two").unwrap();
    assert_eq!(wire.calls("send_msg").len(), 2);
}

#[test]
fn statuses_are_answers_and_not_errors_of_the_client() {
    for (status, kind) in [
        (401, RefusalKind::NotLoggedIn),
        (412, RefusalKind::RiskControl),
        (429, RefusalKind::RateLimited),
        (503, RefusalKind::Service),
    ] {
        let wire = Wire::new([write(&answers::answer(status, "<html></html>"))]);
        let error = wire.client().unread().unwrap_err();
        assert_eq!(error.kind(), Some(kind), "{status}");
    }
}

#[test]
fn a_page_is_read_over_the_wire() {
    let messages = answers::page(
        1,
        1_700_000_000,
        &[(false, 9, 2, "你好"), (true, 8, 1, "hi")],
    );
    let wire = Wire::new([nav(), write(&messages)]);
    let page = wire.client().call(FetchSessionMsgs::new(Uid(1))).unwrap();
    assert_eq!(page.messages.len(), 2);
    assert_eq!(
        page.messages.first().map(|message| message.key),
        Some(MsgKey(9))
    );
}
