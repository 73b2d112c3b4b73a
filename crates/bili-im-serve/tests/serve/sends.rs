//! Every message is sent once.

use bili_im_sim::faults::{Kind, Rule, VoucherPlace, When};
use bili_im_tests::demo_login;
use serde_json::{Value, json};

use crate::stage::{FRIEND, Life, MAIN, STRANGER, Stage, count, limits, to};

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}

fn message(text: &str, key: &str) -> Value {
    json!({ "talker": to(FRIEND), "text": text, "idempotency_key": key })
}

fn send(life: &Life, text: &str, key: &str) -> Value {
    life.done("send", message(text, key))
}

/// The same result, as an earlier call had it.
fn stored(result: &Value) -> Value {
    let mut result = result.clone();
    result["stored"] = json!(true);
    result
}

#[test]
fn the_same_key_sends_once_also_after_a_restart() {
    let stage = Stage::new();
    let life = stage.start();
    let sent = send(&life, "only once", "k1");
    assert_eq!(send(&life, "only once", "k1"), stored(&sent));
    life.kill();
    let life = stage.start();
    assert_eq!(send(&life, "only once", "k1"), stored(&sent));
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
    assert_eq!(send(&life, "lost answer", "k"), stored(&sent));
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
    assert_eq!(send(&life, "hung", "k"), stored(&sent));
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
    stage
        .live
        .fault(Rule::new("send_msg", When::Once, code(21_037)));
    let refused = life.call("send", message("refused", "k"));
    assert_eq!(refused["error"]["data"]["code"], 21_037, "{refused}");
    let again = life.call("send", message("refused", "k"));
    assert_eq!(again["error"]["data"], stored(&refused["error"]["data"]));
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

#[test]
fn a_send_that_stops_the_account_holds_it_at_once_and_is_made_later_with_its_key() {
    let stage = Stage::new();
    let login = stage.login(Some(demo_login()));
    let life = Life::empty(limits(), |_| {});
    life.add(stage.setup(MAIN, login.clone()));
    for (fault, why, goes_on) in [
        (Kind::Voucher(VoucherPlace::Code), "stopped", "resume"),
        (code(-101), "logged_out", "accounts.restart"),
    ] {
        life.until(|life| life.state(MAIN) == "working");
        let text = format!("after {goes_on}");
        stage.live.fault(Rule::new("send_msg", When::Once, fault));
        if why == "logged_out" {
            login.set_to(None);
        }
        let refused = life.call("send", message(&text, why));
        assert_eq!(
            refused["error"]["data"]["endpoint"], "send_msg",
            "{refused}"
        );
        let accounts = life.done("accounts.list", json!({}));
        assert_eq!(accounts["accounts"][0]["why"], why, "{accounts}");
        assert_eq!(life.page("/healthz").0, 503);
        let held = life.call("send", message(&text, why));
        let words = held["error"]["message"].as_str().unwrap();
        assert!(words.starts_with("the account is held: "), "{held}");
        login.set(demo_login());
        life.done(goes_on, json!({}));
        life.until(|life| life.state(MAIN) == "working");
        let sent = send(&life, &text, why);
        assert!(sent["stored"].is_null(), "{sent}");
        assert_eq!(count(&stage, &text), 1);
    }
    life.stop();
}
