//! `send` and `send-image`.

use bili_im_sim::{
    Talker, Uid,
    faults::{Kind, Rule, When},
};
use serde_json::{Value, json};

use crate::support::{FRIEND, Stage, feed};

fn content(stage: &Stage) -> Value {
    serde_json::from_str(&stage.newest().content).unwrap()
}

#[test]
fn a_text_arrives_as_it_was_given() {
    let stage = Stage::demo();
    let text = "up主你好,\n催更[doge] ' \" \\ $HOME 👋";
    let out = stage.done(&["send", FRIEND, text]);
    let newest = stage.newest();
    assert_eq!(out, format!("msg_key {}\n", newest.msg_key));
    assert_eq!(newest.from, Uid(10001));
    assert_eq!(newest.talker, Talker::user(10002));
    assert_eq!(content(&stage), json!({ "content": text }));
}

#[test]
fn json_names_the_message_with_ids_as_strings() {
    let stage = Stage::demo();
    let sent = stage.json("send 10002 hi");
    let key = stage.newest().msg_key.to_string();
    let talker = json!({"user": "10002"});
    assert_eq!(
        sent,
        json!({"msg_key": key, "talker": talker, "read_back": false, "toast": null})
    );
}

#[test]
fn a_dash_reads_the_text_from_stdin_less_one_line_end() {
    let stage = Stage::demo();
    for (input, text) in [
        ("one\ntwo\n", "one\ntwo"),
        ("one\r\n", "one"),
        ("one\n\n", "one\n"),
        ("one", "one"),
    ] {
        let ran = feed(&mut stage.command("send 10002 -"), input.as_bytes());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(content(&stage), json!({ "content": text }));
    }
}

#[test]
fn a_text_may_begin_with_a_dash_behind_two() {
    let stage = Stage::demo();
    stage.done("send 10002 -- --json");
    assert_eq!(content(&stage), json!({ "content": "--json" }));
}

#[test]
fn a_group_is_written_to_when_it_is_said_to_be_one() {
    let stage = Stage::demo();
    let sent = stage.json("send --group 20001 大家好");
    assert_eq!(sent["talker"], json!({"group": "20001"}));
    assert_eq!(stage.newest().talker, Talker::group(20001));
}

#[test]
fn an_image_is_sent_by_its_address() {
    let stage = Stage::demo();
    let sent = stage.json("send-image 10002 http://i0.hdslb.com/bfs/album/x.jpg");
    assert_eq!(sent["msg_key"], stage.newest().msg_key.to_string());
    assert_eq!(stage.newest().msg_type, 2);
    let url = "https://i0.hdslb.com/bfs/album/x.jpg";
    assert_eq!(content(&stage)["url"], url);
}

#[test]
fn an_image_elsewhere_is_sent_only_when_asked_to() {
    let stage = Stage::demo();
    let ran = stage.run("send-image 10002 https://example.com/x.jpg --any-host");
    // The service can still refuse it.
    ran.failed(4, "21037");
    assert_eq!(stage.asked("send_msg"), 1);
}

#[test]
fn the_services_warning_about_a_text_is_shown() {
    let stage = Stage::demo();
    let ran = stage.run("send 10002 请转账");
    assert_eq!(ran.code, 0);
    assert!(ran.err.starts_with("the service says: "), "{ran:?}");
    let sent = stage.json("send 10002 请转账");
    assert!(sent["toast"].as_str().unwrap().contains("汇款"));
}

#[test]
fn a_message_whose_answer_is_lost_is_found_and_not_sent_again() {
    for args in [
        "send 10002 hi",
        "send-image 10002 https://i0.hdslb.com/bfs/album/x.jpg",
    ] {
        let stage = Stage::demo();
        let lose = || {
            let lost = Rule::new("send_msg", When::Once, Kind::BreakOff);
            stage.fault(lost.after_effect());
        };
        lose();
        let sent = stage.json(args);
        assert_eq!(sent["read_back"], true);
        assert_eq!(sent["msg_key"], stage.newest().msg_key.to_string());
        // People are told.
        lose();
        let ran = stage.run(args);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.out, format!("msg_key {}\n", stage.newest().msg_key));
        let words = "warning: the answer was lost, and the message was found in the conversation";
        assert!(ran.err.starts_with(words), "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
        assert_eq!(stage.asked("send_msg"), 2);
    }
}

#[test]
fn a_long_text_is_sent_in_parts_only_when_asked() {
    let stage = Stage::demo();
    let lines = [1, 2, 3].map(|number| format!("{number}{}", "长".repeat(500)));
    let text = lines.join("\n");
    let ran = feed(&mut stage.command("send 10002 -"), text.as_bytes());
    ran.failed(2, "too long");
    assert!(ran.err.contains("--split"), "{ran:?}");
    assert_eq!(stage.asked("send_msg"), 0);

    let ran = feed(
        &mut stage.command("send 10002 --split --json -"),
        text.as_bytes(),
    );
    assert_eq!(ran.json()["parts"].as_array().unwrap().len(), 3);
    assert_eq!(content(&stage), json!({ "content": lines[2] }));
}

#[test]
fn the_first_part_that_fails_stops_the_rest_and_says_what_was_sent() {
    let stage = Stage::demo();
    let text = [1, 2, 3].map(|_| "长".repeat(500)).join("\n");
    stage.fault(Rule::new(
        "send_msg",
        When::Nth(2),
        crate::support::code(25003),
    ));
    let ran = feed(&mut stage.command("send 10002 --split -"), text.as_bytes());
    let key = stage.newest().msg_key.to_string();
    ran.failed(4, "part 2 of 3: ");
    assert!(
        ran.err.contains(&format!("(sent before: {key})")),
        "{ran:?}"
    );
    assert_eq!(stage.asked("send_msg"), 2);
}
