//! Who may come in, and what clients can do to the process.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use bili_im_archive::{Archive, Queue};
use bili_im_serve::{Config, Core, ServeError, Server, Tokens};
use serde_json::{Value, json};

use crate::stage::{FRIEND, Life, MAIN, STRANGER, Stage, clock, limits, to};

const WRITER: &str = "writer-0123456789abcdef";
const READER: &str = "reader-0123456789abcdef";
const NARROW: &str = "narrow-0123456789abcdef";

fn guarded(stage: &Stage) -> Life {
    stage.start_with(limits(), |config| {
        let tokens = format!(
            "writer {WRITER} write\nreader {READER} read\n\
             narrow {NARROW} write accounts=main talkers=user:{FRIEND}\n"
        );
        config.tokens = Some(Tokens::parse(&tokens).unwrap());
        config.hosts = vec!["bots.example".to_owned()];
    })
}

fn call_as(life: &Life, token: &str, method: &str, params: Value) -> Value {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let request = life.post("/rpc").header("content-type", "application/json");
    let request = request.bearer_auth(token).body(call.to_string());
    serde_json::from_str(&life.answer(request).1).unwrap()
}

#[test]
fn a_page_in_a_browser_may_do_nothing_and_neither_may_another_host() {
    let stage = Stage::new();
    let life = stage.start();
    for path in ["/healthz", "/metrics", "/events"] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("host", "evil.example"),
            ("host", "localhost:1"),
        ] {
            let (status, _) = life.answer(life.get(path).header(name, value));
            assert_eq!(status, 403, "{path} {name} {value}");
        }
    }
    let own = format!("http://localhost:{}", life.address.port());
    assert_eq!(
        life.answer(life.get("/healthz").header("origin", own)).0,
        200
    );
    let form = life
        .post("/rpc")
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(life.answer(form).0, 415);
    life.stop();
}

#[test]
fn a_door_opens_to_its_tokens() {
    let stage = Stage::new();
    let life = guarded(&stage);
    for path in ["/events", "/metrics"] {
        assert_eq!(life.page(path).0, 401, "{path}");
        let wrong = life.get(path).bearer_auth("writer-0123456789abcdee");
        let (status, words) = life.answer(wrong);
        assert_eq!(
            (status, &*words),
            (401, "this token is not known\n"),
            "{path}"
        );
    }
    let (status, page) = life.page("/healthz");
    assert_eq!((status, page.contains("main")), (200, false), "{page}");
    let (_, page) = life.answer(life.get("/healthz").bearer_auth(READER));
    assert!(page.contains("main"), "{page}");
    let named = life.get("/healthz").header("host", "bots.example");
    assert_eq!(life.answer(named).0, 200);

    life.stop();
}

#[test]
fn a_token_may_call_and_read_what_its_line_says() {
    let stage = Stage::new();
    let life = guarded(&stage);
    let message = |uid| json!({ "talker": to(uid), "text": "hi", "idempotency_key": "k" });
    assert_eq!(
        call_as(&life, READER, "send", message(FRIEND))["error"]["code"],
        -32001
    );
    assert!(call_as(&life, READER, "unread", json!({}))["result"].is_object());
    assert_eq!(
        call_as(&life, NARROW, "send", message(STRANGER))["error"]["code"],
        -32001
    );
    for (method, params) in [
        ("unread", json!({})),
        ("accounts.remove", json!({ "account": MAIN })),
    ] {
        let refused = &call_as(&life, NARROW, method, params)["error"];
        assert_eq!(refused["code"], -32001, "{refused}");
        let words = "this needs a token for all conversations (without talkers=)";
        assert_eq!(refused["message"], words, "{method}");
    }
    let refused = &call_as(&life, NARROW, "accounts.list", json!({}))["error"];
    assert!(refused.is_null(), "{refused}");
    let ack = json!({ "consumer": "mine", "id": 1 });
    call_as(&life, NARROW, "events.ack", ack.clone());
    call_as(&life, READER, "events.ack", ack);
    let list = call_as(&life, NARROW, "consumers.list", json!({}));
    let list = list["result"]["consumers"].to_string();
    assert!(
        list.contains("narrow/mine") && !list.contains("reader"),
        "{list}"
    );
    let other = json!({ "consumer": "reader/mine" });
    let other = call_as(&life, NARROW, "consumers.remove", other);
    assert_eq!(other["error"]["code"], -32001, "{other}");
    let sent = call_as(&life, NARROW, "send", message(FRIEND));
    assert!(sent["result"].is_object(), "{sent}");
    // Keys of two tokens are different.
    let other = call_as(&life, WRITER, "send", message(FRIEND));
    assert_ne!(other["result"]["msg_key"], sent["result"]["msg_key"]);
    assert_eq!(life.answer(life.get("/metrics").bearer_auth(NARROW)).0, 403);

    let mut told = life.told(life.get("/events").bearer_auth(NARROW));
    stage.live.write(STRANGER, "not for the narrow one");
    stage.live.write(FRIEND, "for the narrow one");
    // Its own messages are told too.
    let texts = std::iter::repeat_with(|| told.texts(&life, 1).remove(0).1);
    let other = texts.into_iter().find(|text| text != "hi");
    assert_eq!(other.as_deref(), Some("for the narrow one"));

    let (_, page) = life.answer(life.get("/metrics").bearer_auth(WRITER));
    for secret in [
        WRITER,
        READER,
        NARROW,
        "sim-10001",
        "10001",
        "10002",
        "hi\n",
    ] {
        assert!(!page.contains(secret), "{secret}: {page}");
    }
    life.stop();
}

#[test]
fn beyond_this_machine_it_takes_tokens_and_the_word() {
    let stage = Stage::new();
    let life = stage.start();
    for (expose, tokens) in [(false, true), (true, false)] {
        let mut config = Config::new((Ipv4Addr::UNSPECIFIED, 0).into());
        config.expose = expose;
        config.tokens = tokens.then(|| Tokens::parse(&format!("a {WRITER} read")).unwrap());
        let bound = life.wait(Server::bind(Core::new(limits()), config));
        assert!(matches!(bound, Err(ServeError::Exposed(_))), "{bound:?}");
    }
    life.stop();
}

#[test]
fn garbage_is_answered_and_closed() {
    let stage = Stage::new();
    let life = stage.start();
    let post = |body: String| {
        let request = life.post("/rpc").header("content-type", "application/json");
        life.answer(request.body(body))
    };
    assert!(post("{".to_owned()).1.contains("-32700"));
    assert!(post("[]".to_owned()).1.contains("-32600"));
    assert!(post("[".repeat(100_000)).1.contains("-32700"));
    assert_eq!(post(format!("\"{}\"", "x".repeat(9 << 20))).0, 413);
    let many = vec![json!({}); 51];
    assert!(post(json!(many).to_string()).1.contains("-32600"));
    for call in [
        json!(1),
        json!({ "jsonrpc": "1.0" }),
        json!({ "jsonrpc": "2.0", "id": [], "method": "x" }),
    ] {
        assert_eq!(life.post_json(&call)["error"]["code"], -32600, "{call}");
    }
    assert_eq!(life.call("no.such", json!({}))["error"]["code"], -32601);
    for params in [
        json!({}),
        json!({ "talker": 5, "text": "x" }),
        json!({ "talker": { "nobody": 1 }, "text": "x" }),
        json!({ "talker": to(FRIEND), "text": 5 }),
        json!({ "talker": to(FRIEND), "text": "x", "more": 1 }),
        json!([1]),
    ] {
        assert_eq!(
            life.call("send", params.clone())["error"]["code"],
            -32602,
            "{params}"
        );
    }
    assert_eq!(life.answer(life.get("/events?consumer=a/b")).0, 400);
    assert_eq!(
        life.answer(life.get("/events").header("last-event-id", "x"))
            .0,
        400
    );
    for bytes in [
        &b"\x16\x03\x01\x02garbage\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        &[b'a'; 100_000],
    ] {
        let mut stream = TcpStream::connect(life.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        // The server may close before all is written.
        let _written = stream.write_all(bytes);
        let _closing = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(life.page("/healthz").0, 200);
    life.stop();
}

#[test]
fn clients_that_hang_are_closed_and_keep_nobody_out_for_long() {
    let stage = Stage::new();
    let mut limits = limits();
    limits.connections = 2;
    limits.patience = Duration::from_millis(300);
    let life = stage.start_with(limits, |_| {});
    let hang = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(life.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    let host = life.address;
    let body = format!(
        "POST /rpc HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: 9\r\n\r\n{{"
    );
    let hung = [hang(b"GET /heal"), hang(body.as_bytes()), hang(b"")];
    assert_eq!(life.page("/healthz").0, 200);
    drop(hung);
    life.stop();
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    let stage = Stage::new();
    let mut limits = limits();
    limits.patience = Duration::from_millis(300);
    limits.streams = 1;
    // More than the connection holds.
    let archive = stage.setup(MAIN, stage.login(None)).archive;
    let mut queue = Queue::new(Archive::create(archive).unwrap(), clock).unwrap();
    let event = json!({ "event": "other", "text": "x".repeat(100_000) }).to_string();
    for id in 1..=200 {
        queue.push(id, None, &event, None).unwrap();
    }
    drop(queue);
    let life = stage.start_with(limits, |_| {});
    let mut asleep = TcpStream::connect(life.address).unwrap();
    let request = format!(
        "GET /events HTTP/1.1\r\nhost: {}\r\nlast-event-id: 0\r\n\r\n",
        life.address
    );
    asleep.write_all(request.as_bytes()).unwrap();
    asleep.read_exact(&mut [0; 1]).unwrap();
    assert_eq!(life.page("/events").0, 503);
    life.until(|life| {
        let request = life.get("/events");
        life.wait(async { request.send().await.unwrap().status() }) == 200
    });
    life.stop();
}
