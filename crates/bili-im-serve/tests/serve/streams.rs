//! JSON-RPC over WebSockets and lines.

use bili_im_serve::Tokens;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::stage::{FRIEND, Life, Stage, count, limits, to};

fn call(id: u64, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

/// The answers to lines, by their ids.
fn answers(life: &Life, lines: &str) -> Vec<Value> {
    let (mut ours, theirs) = duplex(1 << 16);
    let (input, output) = tokio::io::split(theirs);
    let text = life.wait(async {
        ours.write_all(lines.as_bytes()).await.unwrap();
        ours.shutdown().await.unwrap();
        life.core.serve_lines(input, output).await.unwrap();
        let mut text = String::new();
        ours.read_to_string(&mut text).await.unwrap();
        text
    });
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut answers: Vec<Value> = answers.collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    answers
}

#[test]
fn lines_are_answered_until_there_are_no_more() {
    let stage = Stage::new();
    let life = stage.start();
    let params = json!({ "talker": to(FRIEND), "text": "by line", "idempotency_key": "k" });
    let send = call(1, "send", &params);
    let answers = answers(
        &life,
        &format!("{send}\n{}\nno JSON\n", call(2, "whoami", &json!({}))),
    );
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["error"]["code"], -32700);
    assert_eq!(answers[1]["result"]["talker"], to(FRIEND));
    assert_eq!(answers[2]["result"]["uid"], "10001");
    assert_eq!(count(&stage, "by line"), 1);
    life.stop();
}

#[test]
fn calls_wait_for_an_account_that_is_starting() {
    let stage = Stage::new();
    let life = Life::empty(limits(), |_| {});
    life.add(stage.setup("main", stage.login(Some(bili_im_tests::demo_login()))));
    let answers = answers(&life, &call(1, "whoami", &json!({})));
    assert_eq!(answers[0]["result"]["uid"], "10001", "{answers:?}");
    life.stop();
}

#[test]
fn a_line_that_is_too_long_is_the_last() {
    let stage = Stage::new();
    let mut limits = limits();
    limits.body = 1000;
    let life = stage.start_with(limits, |_| {});
    let long = "x".repeat(2000);
    let answers = answers(
        &life,
        &format!("{long}\n{}\n", call(1, "whoami", &json!({}))),
    );
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["error"]["message"], "this is too long");
    life.stop();
}

#[test]
fn a_socket_answers_calls_at_once() {
    let stage = Stage::new();
    let token = "0123456789abcdef";
    let life = stage.start_with(limits(), |config| {
        config.tokens = Some(Tokens::parse(&format!("eye {token} read")).unwrap());
    });
    let request = || {
        let url = format!("ws://{}/rpc", life.address);
        url.into_client_request().unwrap()
    };
    assert!(
        life.wait(connect_async(request())).is_err(),
        "without a token"
    );
    let mut allowed = request();
    let bearer = format!("Bearer {token}").parse().unwrap();
    allowed.headers_mut().insert("authorization", bearer);
    let (mut socket, _) = life.wait(connect_async(allowed)).unwrap();
    for id in 0..40 {
        let text = call(id, "whoami", &json!({}));
        life.wait(socket.send(Message::text(text))).unwrap();
    }
    let mut ids: Vec<u64> = Vec::new();
    for _ in 0..40 {
        let message = life.wait(socket.next()).unwrap().unwrap();
        let answer: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        assert_eq!(answer["result"]["uid"], "10001");
        ids.push(answer["id"].as_u64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, Vec::from_iter(0..40));
    let send = call(1, "send", &json!({ "talker": to(FRIEND), "text": "x" }));
    life.wait(socket.send(Message::text(send))).unwrap();
    let message = life.wait(socket.next()).unwrap().unwrap();
    assert!(message.to_text().unwrap().contains("-32001"), "{message}");
    drop(socket);
    life.stop();
}
