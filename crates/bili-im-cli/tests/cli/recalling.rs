//! `recall`.

use serde_json::json;

use crate::support::{FANS, FRIEND, Stage};

#[test]
fn a_message_is_recalled_by_what_send_printed() {
    let stage = Stage::demo();
    let sent = stage.run(&["send", FRIEND, "hi"]);
    let key = sent.out.trim().strip_prefix("msg_key ").unwrap();
    let ran = stage.run(&["recall", FRIEND, key]);
    assert_eq!(ran.out, format!("recalled {key}\n"));
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let messages = stage.snapshot().messages;
    let recalled = messages.iter().find(|m| m.msg_key.to_string() == key);
    assert_eq!(recalled.unwrap().msg_status, 1);
}

#[test]
fn a_message_to_a_group_is_recalled_there() {
    let stage = Stage::demo();
    let sent = stage.json(&["send", "--group", FANS, "hi"]);
    let key = sent["msg_key"].as_str().unwrap();
    assert_eq!(
        stage.json(&["recall", "--group", FANS, key]),
        json!({"msg_key": key, "recalled": true})
    );
}

#[test]
fn what_cannot_be_recalled_is_refused_in_words() {
    let stage = Stage::demo();
    let sent = stage.json(&["send", FRIEND, "hi"]);
    let key = sent["msg_key"].as_str().unwrap();
    assert_eq!(stage.run(&["recall", FRIEND, key]).code, 0);
    stage
        .run(&["recall", FRIEND, key])
        .failed(4, "it was recalled before");
    stage
        .run(&["recall", FRIEND, "5"])
        .failed(4, "there is no such message");

    let sent = stage.json(&["send", FRIEND, "hi"]);
    let key = sent["msg_key"].as_str().unwrap();
    stage.server.with(|service| service.advance_clock(121));
    stage
        .run(&["recall", FRIEND, key])
        .failed(4, "120 s for recalling it are over");
}
