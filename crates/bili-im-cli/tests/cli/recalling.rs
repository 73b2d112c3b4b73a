//! `recall`.

use serde_json::json;

use crate::support::Stage;

#[test]
fn a_message_is_recalled_by_what_send_printed() {
    let stage = Stage::demo();
    let sent = stage.done("send 10002 hi");
    let key = sent.trim().strip_prefix("msg_key ").unwrap();
    let recalled = stage.done(&format!("recall 10002 {key}"));
    assert_eq!(recalled, format!("recalled {key}\n"));
    let messages = stage.snapshot().messages;
    let recalled = messages.iter().find(|m| m.msg_key.to_string() == key);
    assert_eq!(recalled.unwrap().msg_status, 1);
}

#[test]
fn a_message_to_a_group_is_recalled_there() {
    let stage = Stage::demo();
    let sent = stage.json("send --group 20001 hi");
    let key = sent["msg_key"].as_str().unwrap();
    let recalled = stage.json(&format!("recall --group 20001 {key}"));
    assert_eq!(recalled, json!({"msg_key": key, "recalled": true}));
}

#[test]
fn what_cannot_be_recalled_is_refused_in_words() {
    let stage = Stage::demo();
    let sent = || {
        let sent = stage.json("send 10002 hi");
        format!("recall 10002 {}", sent["msg_key"].as_str().unwrap())
    };
    let (recalled, old) = (sent(), sent());
    stage.done(&recalled);
    stage.run(&recalled).failed(4, "it was recalled before");
    let none = stage.run("recall 10002 5");
    none.failed(4, "there is no such message");
    stage.server.with(|service| service.advance_clock(121));
    stage.run(&old).failed(4, "120 s for recalling it are over");
}
