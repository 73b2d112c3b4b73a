//! Every message is sent once.

use bili_im_sim::faults::{Kind, Rule, When};
use serde_json::{Value, json};

use crate::stage::{FRIEND, Life, STRANGER, Stage, count, to};

fn message(text: &str, key: &str) -> Value {
    json!({ "talker": to(FRIEND), "text": text, "idempotency_key": key })
}

fn send(life: &Life, text: &str, key: &str) -> Value {
    life.done("send", message(text, key))
}

#[test]
fn the_same_key_sends_once_also_after_a_restart() {
    let stage = Stage::new();
    let life = stage.start();
    let sent = send(&life, "only once", "k1");
    assert_eq!(send(&life, "only once", "k1"), sent);
    life.kill();
    let life = stage.start();
    assert_eq!(send(&life, "only once", "k1"), sent);
    assert_eq!(count(&stage, "only once"), 1);
    let other = life.call("send", message("another text", "k1"));
    assert_eq!(other["error"]["data"]["kind"], "Usage", "{other}");
    let second = send(&life, "only once", "k2");
    assert_ne!(second["msg_key"], sent["msg_key"]);
    assert_eq!(count(&stage, "only once"), 2);
    life.stop();
}

#[test]
fn a_send_whose_answer_is_lost_is_read_back() {
    let stage = Stage::new();
    let life = stage.start();
    stage
        .live
        .fault(Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect());
    let sent = send(&life, "lost answer", "k");
    assert_eq!(sent["read_back"], true);
    assert_eq!(send(&life, "lost answer", "k"), sent);
    assert_eq!(count(&stage, "lost answer"), 1);
    life.stop();
}

#[test]
fn a_send_that_a_crash_interrupted_is_confirmed_and_not_repeated() {
    let stage = Stage::new();
    let life = stage.start();
    stage
        .live
        .fault(Rule::new("send_msg", When::Once, Kind::Stall).after_effect());
    let request = life.post("/rpc").header("content-type", "application/json");
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "send", "params": message("hung", "k") });
    let begun = request.body(call.to_string()).send();
    life.wait(async { drop(tokio::spawn(begun)) });
    life.until(|_| count(&stage, "hung") == 1);
    life.kill();
    let life = stage.start();
    let sent = send(&life, "hung", "k");
    assert_eq!(sent["read_back"], true, "{sent}");
    assert_eq!(send(&life, "hung", "k"), sent);
    assert_eq!(count(&stage, "hung"), 1);
    assert_eq!(stage.live.requests("send_msg"), 1);
    life.stop();
}

#[test]
fn two_calls_with_one_key_at_once_share_one_send() {
    let stage = Stage::new();
    let life = stage.start();
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "send", "params": message("twice", "k") });
    let request = || {
        let request = life.post("/rpc").header("content-type", "application/json");
        request.body(call.to_string()).send()
    };
    let (one, two) = life.wait(async { tokio::join!(request(), request()) });
    let (one, two) = life.wait(async { (one.unwrap().text().await, two.unwrap().text().await) });
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(count(&stage, "twice"), 1);
    life.stop();
}

#[test]
fn a_refusal_is_kept_under_its_key_and_a_failure_before_sending_is_not() {
    let stage = Stage::new();
    let life = stage.start();
    let code = |code| Kind::Code {
        code,
        message: None,
    };
    stage
        .live
        .fault(Rule::new("send_msg", When::Once, code(21_037)));
    let refused = life.call("send", message("refused", "k"));
    assert_eq!(refused["error"]["data"]["code"], 21_037, "{refused}");
    assert_eq!(life.call("send", message("refused", "k")), refused);
    assert_eq!(stage.live.requests("send_msg"), 1);
    stage
        .live
        .fault(Rule::new("fetch_session_msgs", When::First(3), code(-503)));
    let params = json!({ "talker": to(STRANGER), "text": "later", "idempotency_key": "k2" });
    let failed = life.call("send", params.clone());
    assert!(failed["error"].is_object(), "{failed}");
    life.done("send", params);
    assert_eq!(count(&stage, "later"), 1);
    life.stop();
}
