//! The Satori protocol.

use base64::{Engine, prelude::BASE64_STANDARD};
use bili_im_serve::Tokens;
use futures_util::{SinkExt, StreamExt};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::CloseFrame},
};

use crate::{
    events::write,
    stage::{FRIEND, Life, MAIN, Stage, count, limits, login_of},
};

const EVENT: u64 = 0;
const PING: u64 = 1;
const PONG: u64 = 2;
const IDENTIFY: u64 = 3;
const READY: u64 = 4;
const BOT: &str = "0123456789abcdef";

/// A connection of an application.
struct Socket<'a> {
    life: &'a Life,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl<'a> Socket<'a> {
    fn open(life: &'a Life) -> Self {
        let url = format!("ws://{}/satori/v1/events", life.address);
        let (stream, _) = life.wait(connect_async(url)).unwrap();
        Self { life, stream }
    }

    /// Opens and identifies; gives the logins too.
    fn identified(life: &'a Life, identify: Value) -> (Self, Value) {
        let mut socket = Self::open(life);
        socket.send(&json!({ "op": IDENTIFY, "body": identify }));
        let mut ready = socket.next();
        assert_eq!(ready["op"], READY);
        (socket, ready["body"]["logins"].take())
    }

    fn send(&mut self, signal: &Value) {
        let text = Message::text(signal.to_string());
        self.life.wait(self.stream.send(text)).unwrap();
    }

    fn received(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            match self.life.wait(self.stream.next()) {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    fn next(&mut self) -> Value {
        self.received().expect("the connection goes on")
    }

    fn event(&mut self) -> Value {
        let mut signal = self.next();
        assert_eq!(signal["op"], EVENT, "{signal}");
        signal["body"].take()
    }

    /// The next message: the event's `sn`, and what it says.
    fn message(&mut self) -> (u64, String) {
        let event = self.event();
        assert_eq!(event["type"], "message-created", "{event}");
        let content = event["message"]["content"].as_str().unwrap();
        (event["sn"].as_u64().unwrap(), content.to_owned())
    }

    /// The code with which the other side ends.
    fn ended(&mut self) -> Option<u16> {
        loop {
            match self.received() {
                Ok(_) => {}
                Err(frame) => return frame.map(|frame| frame.code.into()),
            }
        }
    }
}

fn answer(life: &Life, method: &str, params: &Value) -> (u16, Value) {
    let request = life.post(&format!("/satori/v1/{method}"));
    let request = request
        .header("satori-platform", "bilibili")
        .header("satori-user-id", "10001");
    let (status, text) = life.answer(request.body(params.to_string()));
    (status, serde_json::from_str(&text).unwrap_or_default())
}

fn call(life: &Life, method: &str, params: &Value) -> Value {
    let (status, answer) = answer(life, method, params);
    assert_eq!(status, 200, "{method}: {answer}");
    answer
}

fn say(life: &Life, content: &str) -> Value {
    let channel = format!("user:{FRIEND}");
    call(
        life,
        "message.create",
        &json!({ "channel_id": channel, "content": content }),
    )
}

/// A picture of one pixel.
fn pixel() -> Vec<u8> {
    let gif = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
    BASE64_STANDARD.decode(gif).unwrap()
}

#[test]
fn a_message_arrives_and_is_answered() {
    let stage = Stage::new();
    let life = stage.start();
    let (mut socket, logins) = Socket::identified(&life, json!({}));
    assert_eq!(logins[0]["user"]["id"], "10001");
    assert_eq!(logins[0]["status"], 1);
    write(&stage, &["a < b"]);
    let event = socket.event();
    assert_eq!(event["type"], "message-created");
    assert_eq!(event["channel"], json!({ "id": "user:10002", "type": 1 }));
    assert_eq!(event["user"]["id"], "10002");
    assert_eq!(event["message"]["content"], "a &lt; b");
    assert_eq!(event["login"]["user"]["id"], "10001");
    // Clients take it for online.
    assert!(event["login"].get("status").is_none(), "{event}");
    assert_eq!(event["_data"]["message"]["content"]["text"], "a < b");
    socket.send(&json!({ "op": PING }));
    assert_eq!(socket.next(), json!({ "op": PONG, "body": {} }));
    let sent = say(&life, "<at id=\"10002\" name=\"小明\"/>got it");
    assert_eq!(count(&stage, "@小明 got it"), 1);
    let list = json!({ "channel_id": "user:10002", "limit": 1 });
    let list = call(&life, "message.list", &list);
    assert_eq!(list["data"][0]["id"], sent[0]["id"]);
    assert_eq!(list["data"][0]["user"]["id"], "10001");
    // Its own message is not told to the bot: the next that it gets is the friend's.
    write(&stage, &["thanks"]);
    assert_eq!(socket.message().1, "thanks");
    life.stop();
}

#[test]
fn after_a_break_the_connection_goes_on_behind_what_was_received() {
    let stage = Stage::new();
    let life = stage.start();
    let (mut socket, _) = Socket::identified(&life, json!({}));
    write(&stage, &["one", "two"]);
    let (one, _) = socket.message();
    drop(socket);
    write(&stage, &["three"]);
    let (mut socket, _) = Socket::identified(&life, json!({ "sn": one }));
    assert_eq!(socket.message().1, "two");
    assert_eq!(socket.message().1, "three");
    drop(socket);
    life.kill();
    write(&stage, &["four"]);
    let life = stage.start();
    let (mut socket, _) = Socket::identified(&life, json!({ "sn": one }));
    for text in ["two", "three", "four"] {
        assert_eq!(socket.message().1, text);
    }
    let (mut fresh, _) = Socket::identified(&life, json!({}));
    write(&stage, &["five"]);
    assert_eq!(fresh.message().1, "five");
    drop((socket, fresh));
    life.stop();
}

#[test]
fn a_login_is_told_when_it_comes_changes_and_goes() {
    let stage = Stage::new();
    let life = stage.start();
    let (mut socket, _) = Socket::identified(&life, json!({}));
    write(&stage, &["first"]);
    let (first, _) = socket.message();
    let cookie = stage.login(Some(login_of(FRIEND)));
    life.add(stage.setup("second", cookie));
    let added = socket.event();
    assert_eq!(added["type"], "login-added", "{added}");
    assert_eq!(added["login"]["user"]["id"], "10002");
    // A client that comes again with this number has missed nothing.
    assert_eq!(added["sn"], first);
    let mut login = added;
    while login["login"]["status"] != 1 {
        login = socket.event();
    }
    life.wait(life.core.remove("second")).unwrap();
    let removed = std::iter::from_fn(|| Some(socket.event()));
    let mut removed = removed.skip_while(|event| event["type"] != "login-removed");
    assert_eq!(removed.next().unwrap()["login"]["user"]["id"], "10002");
    drop(socket);
    life.stop();
}

#[test]
fn images_are_sent_from_their_bytes() {
    let stage = Stage::new();
    let life = stage.start();
    let data = BASE64_STANDARD.encode(pixel());
    let sent = say(
        &life,
        &format!("look<img src=\"data:image/gif;base64,{data}\"/>"),
    );
    assert_eq!(sent.as_array().unwrap().len(), 2);
    let part = Part::bytes(pixel()).file_name("a.gif");
    let request = life.post("/satori/v1/upload.create");
    let request = request
        .header("satori-platform", "bilibili")
        .header("satori-user-id", "10001");
    let (status, text) = life.answer(request.multipart(Form::new().part("one", part)));
    assert_eq!(status, 200, "{text}");
    let uploaded: Value = serde_json::from_str(&text).unwrap();
    let address = uploaded["one"].as_str().unwrap();
    say(&life, &format!("<img src=\"{address}\"/>"));
    let list = json!({ "channel_id": "user:10002", "limit": 2 });
    let list = call(&life, "message.list", &list);
    let (one, two) = (&list["data"][0]["content"], &list["data"][1]["content"]);
    assert_eq!(one, two);
    assert!(
        one.as_str()
            .unwrap()
            .ends_with(" width=\"1\" height=\"1\"/>"),
        "{one}"
    );
    for src in [
        "https://example.com/a.png",
        "data:image/gif;base64,AAAA",
        "file:///etc/passwd",
    ] {
        let content = format!("<img src=\"{src}\"/>");
        let params = json!({ "channel_id": "user:10002", "content": content });
        assert_eq!(answer(&life, "message.create", &params).0, 400, "{src}");
    }
    life.stop();
}

#[test]
fn a_key_makes_it_safe_to_send_again() {
    let stage = Stage::new();
    let life = stage.start();
    let send = || {
        let params = json!({ "channel_id": "user:10002", "content": "one<message/>two" });
        let request = life.post("/satori/v1/message.create");
        let request = request
            .header("x-platform", "bilibili")
            .header("x-self-id", "10001")
            .header("idempotency-key", "k");
        life.answer(request.body(params.to_string()))
    };
    let sent = send();
    assert_eq!(sent.0, 200, "{}", sent.1);
    assert_eq!(send(), sent);
    for key in ["", "订单"] {
        let request = life.post("/satori/v1/login.get");
        let request = request
            .header("satori-platform", "bilibili")
            .header("satori-user-id", "10001")
            .header("idempotency-key", key);
        assert_eq!(life.answer(request).0, 400, "{key}");
    }
    assert_eq!((count(&stage, "one"), count(&stage, "two")), (1, 1));
    life.stop();
}

#[test]
fn messages_are_found_and_recalled() {
    let stage = Stage::new();
    let life = stage.start();
    let (mut socket, _) = Socket::identified(&life, json!({}));
    let sent = say(&life, "never mind");
    let one = json!({ "channel_id": "user:10002", "message_id": sent[0]["id"] });
    let found = call(&life, "message.get", &one);
    assert_eq!(found["content"], "never mind");
    call(&life, "message.delete", &one);
    let deleted = socket.event();
    assert_eq!(deleted["type"], "message-deleted", "{deleted}");
    assert_eq!(deleted["message"]["id"], sent[0]["id"]);
    let missing = json!({ "channel_id": "user:10002", "message_id": "1" });
    assert_eq!(answer(&life, "message.get", &missing).0, 404);
    drop(socket);
    life.stop();
}

#[test]
fn people_and_channels_are_told() {
    let stage = Stage::new();
    let life = stage.start();
    let user = call(&life, "user.get", &json!({ "user_id": "10002" }));
    assert_eq!(user["name"], "铁粉小明");
    let channel = json!({ "id": "user:10002", "type": 1 });
    let params = json!({ "user_id": "10002" });
    assert_eq!(call(&life, "user.channel.create", &params), channel);
    let named = call(&life, "channel.get", &json!({ "channel_id": "user:10002" }));
    assert_eq!(named["name"], "铁粉小明");
    let friends = call(&life, "friend.list", &json!({}));
    let ids: Vec<_> = friends["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["user"]["id"])
        .collect();
    assert!(ids.contains(&&json!("10002")), "{friends}");
    assert_eq!(call(&life, "login.get", &json!({}))["user"]["id"], "10001");
    life.stop();
}

#[test]
fn what_is_not_there_is_answered_as_the_protocol_says() {
    let stage = Stage::new();
    let life = stage.start();
    let none = json!({});
    for (method, params, status) in [
        ("reaction.create", &none, 404),
        ("no.such", &none, 404),
        ("guild.list", &none, 501),
        ("message.create", &none, 400),
        (
            "message.create",
            &json!({ "channel_id": "10002", "content": "x" }),
            400,
        ),
        (
            "message.create",
            &json!({ "channel_id": "user:10002", "content": " " }),
            400,
        ),
        (
            "message.list",
            &json!({ "channel_id": "user:10002", "direction": "after" }),
            400,
        ),
        ("user.get", &json!({ "user_id": "404404" }), 404),
        ("message.create", &json!([]), 400),
    ] {
        let answer = answer(&life, method, params);
        assert_eq!(answer.0, status, "{method}: {}", answer.1);
        assert!(answer.1["message"].is_string());
    }
    assert_eq!(life.answer(life.get("/satori/v1/login.get")).0, 405);
    assert_eq!(life.answer(life.post("/satori/v1/login.get")).0, 400);
    let other = life.post("/satori/v1/login.get");
    let other = other
        .header("satori-platform", "bilibili")
        .header("satori-user-id", "1");
    assert_eq!(life.answer(other).0, 403);
    life.stop();
}

#[test]
fn only_tokens_with_the_right_come_in() {
    let stage = Stage::new();
    let life = stage.start_with(limits(), |config| {
        let eye = "eye fedcba9876543210 read talkers=user:10003";
        config.tokens = Some(Tokens::parse(&format!("bot {BOT} write\n{eye}")).unwrap());
    });
    for identify in [
        json!({}),
        json!({ "token": "wrong" }),
        json!({ "token": "0123456789abcdeg" }),
    ] {
        let mut socket = Socket::open(&life);
        socket.send(&json!({ "op": IDENTIFY, "body": identify }));
        assert_eq!(socket.ended(), Some(3000));
    }
    let mut hasty = Socket::open(&life);
    hasty.send(&json!({ "op": PING }));
    assert_eq!(hasty.ended(), Some(1002));
    assert_eq!(answer(&life, "login.get", &json!({})).0, 401);
    let (mut bot, _) = Socket::identified(&life, json!({ "token": BOT }));
    let (mut eye, _) = Socket::identified(&life, json!({ "token": "fedcba9876543210" }));
    write(&stage, &["for the bot"]);
    assert_eq!(bot.message().1, "for the bot");
    eye.send(&json!({ "op": PING }));
    assert_eq!(eye.next()["op"], PONG, "it is told of nobody else");
    for (token, status) in [(BOT, 200), ("fedcba9876543210", 403)] {
        let request = life.post("/satori/v1/message.create").bearer_auth(token);
        let request = request
            .header("satori-platform", "bilibili")
            .header("satori-user-id", "10001");
        let body = json!({ "channel_id": "user:10002", "content": "by token" });
        assert_eq!(life.answer(request.body(body.to_string())).0, status);
    }
    let part = Part::bytes(pixel()).file_name("a.gif");
    let upload = life
        .post("/satori/v1/upload.create")
        .bearer_auth("fedcba9876543210");
    let upload = upload
        .header("satori-platform", "bilibili")
        .header("satori-user-id", "10001");
    let (status, _) = life.answer(upload.multipart(Form::new().part("one", part)));
    assert_eq!(status, 403);
    drop((bot, eye));
    life.stop();
}

#[test]
fn pages_of_a_browser_and_garbage_are_turned_away() {
    let stage = Stage::new();
    let life = stage.start();
    let url = format!("ws://{}/satori/v1/events", life.address);
    let mut request = url.into_client_request().unwrap();
    let origin = "https://evil.example".parse().unwrap();
    request.headers_mut().insert("origin", origin);
    assert!(life.wait(connect_async(request)).is_err());
    for garbage in ["", "{}", "[3]", "{\"op\":\"3\"}"] {
        let mut socket = Socket::open(&life);
        life.wait(socket.stream.send(Message::text(garbage)))
            .unwrap();
        assert_eq!(socket.ended(), Some(1002), "{garbage}");
    }
    let mut large = Socket::open(&life);
    // It may be closed before all is written.
    let _written = life.wait(large.stream.send(Message::text("x".repeat(1 << 20))));
    assert!(large.received().is_err());
    assert_eq!(life.state(MAIN), "working");
    life.stop();
}

#[test]
fn at_the_end_connections_are_told() {
    let stage = Stage::new();
    let life = stage.start();
    let url = format!("ws://{}/satori/v1/events", life.address);
    let (ready, is_ready) = std::sync::mpsc::channel();
    // With a runtime of its own, as another process has one.
    let told = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (mut stream, _) = connect_async(url).await.unwrap();
            let identify = json!({ "op": IDENTIFY }).to_string();
            stream.send(Message::text(identify)).await.unwrap();
            stream.next().await.unwrap().unwrap();
            ready.send(()).unwrap();
            stream.next().await
        })
    });
    is_ready.recv().unwrap();
    life.stop();
    let Some(Ok(Message::Close(Some(frame)))) = told.join().unwrap() else {
        panic!("it was not told");
    };
    assert_eq!(u16::from(frame.code), 1012);
}

#[test]
fn what_is_told_of_an_account_that_is_held_has_its_user() {
    let stage = Stage::new();
    let life = stage.start();
    let (mut socket, _) = Socket::identified(&life, json!({}));
    write(&stage, &["one", "two"]);
    let (one, _) = socket.message();
    socket.message();
    drop(socket);
    life.kill();
    // Nobody is logged in any more.
    let life = Life::empty(limits(), |_| {});
    life.add(stage.setup(MAIN, stage.login(None)));
    life.until(|life| life.state(MAIN) == "held");
    let (mut socket, logins) = Socket::identified(&life, json!({ "sn": one }));
    assert_eq!(logins[0]["user"]["id"], "10001");
    assert_eq!(logins[0]["status"], 0);
    let event = socket.event();
    assert_eq!(event["message"]["content"], "two");
    assert_eq!(event["login"]["user"]["id"], "10001");
    drop(socket);
    life.stop();
}

#[test]
fn those_who_do_not_say_who_they_are_keep_nobody_out() {
    let stage = Stage::new();
    let life = stage.start_with(limits(), |config| {
        config.tokens = Some(Tokens::parse(&format!("bot {BOT} write\n")).unwrap());
    });
    let strangers: Vec<_> = (0..16).map(|_| Socket::open(&life)).collect();
    let url = format!("ws://{}/satori/v1/events", life.address);
    let refused = life.wait(connect_async(&url)).unwrap_err().to_string();
    assert!(refused.contains("503"), "{refused}");
    // Whose headers have a token is no stranger.
    let mut request = url.into_client_request().unwrap();
    let token = format!("Bearer {BOT}").parse().unwrap();
    request.headers_mut().insert("authorization", token);
    let (stream, _) = life.wait(connect_async(request)).unwrap();
    let mut socket = Socket {
        life: &life,
        stream,
    };
    socket.send(&json!({ "op": IDENTIFY, "body": {} }));
    assert_eq!(socket.next()["op"], READY);
    drop(strangers);
    life.stop();
}
