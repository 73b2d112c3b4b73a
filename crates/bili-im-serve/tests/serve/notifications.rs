//! Notifications for people.

use std::time::Duration;

use serde_json::json;

use crate::{
    receiver::{
        Answer::{Json, Status, With},
        Receiver, gotify, quick,
    },
    stage::{FRIEND, STRANGER, Stage, recall},
};

/// The titles and texts of what Gotify got.
fn notes(receiver: &Receiver) -> Vec<(String, String)> {
    let posted = receiver.posted().into_iter().map(|posted| {
        let json = posted.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        (text("title"), text("message"))
    });
    posted.collect()
}

#[test]
fn a_person_is_told_of_messages_with_the_name_of_their_sender() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let text = "text = '{account} {event} {sender_uid} {talker}: {text}'";
    let life = stage.start_with(quick(), |_| {});
    let life = life.with_outlets(&gotify(&receiver, text));
    life.done(
        "send",
        json!({ "talker": { "user": FRIEND.to_string() }, "text": "my own" }),
    );
    stage.live.write(FRIEND, "{sender} *hi*");
    receiver.wait(1);
    life.until(|life| life.lag("notify/phone") == 0);
    let posted = receiver.posted().remove(0);
    assert_eq!(posted.path, "/message");
    assert_eq!(posted.header("x-gotify-key"), "hidden");
    let name = life.done("who", json!({ "uids": [FRIEND] }))["users"][0]["name"].take();
    let expected = format!("main message {FRIEND} user:{FRIEND}: {{sender}} *hi*");
    assert_eq!(
        notes(&receiver),
        [(name.as_str().unwrap().to_owned(), expected)]
    );
    life.stop();
}

#[test]
fn only_messages_with_a_keyword_are_told() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let life = stage.start_with(quick(), |_| {});
    let life = life.with_outlets(&gotify(&receiver, "keywords = ['合作']"));
    stage.live.write(FRIEND, "在吗");
    stage.live.write(STRANGER, "想谈谈合作");
    receiver.wait(1);
    life.until(|life| life.lag("notify/phone") == 0);
    let notes = notes(&receiver);
    let texts: Vec<&str> = notes.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["想谈谈合作"]);
    life.stop();
}

#[test]
fn a_rule_notifies_where_nothing_else_is_told() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let life = stage.start_with(quick(), |_| {});
    let rule = "\n[[rule]]\nname = 'r'\nkeywords = ['合作']\nnotify = 'phone'\n\
                notify_text = '{sender_uid}：{text}'\n";
    let config = gotify(&receiver, "events = []") + rule;
    let life = life.with_outlets(&config);
    stage.live.write(FRIEND, "在吗");
    stage.live.write(FRIEND, "想谈谈合作");
    receiver.wait(1);
    life.until(|life| life.lag("notify/phone") == 0 && life.lag("rules") == 0);
    let notes = notes(&receiver);
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].1, format!("{FRIEND}：想谈谈合作"));
    life.stop();
}

#[test]
fn a_service_that_fails_is_tried_again_and_given_up_after_a_while() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let mut limits = quick();
    limits.outlets.notify = Duration::from_millis(100);
    receiver.answer([Status(500), Status(200)]);
    let life = stage
        .start_with(limits, |_| {})
        .with_outlets(&gotify(&receiver, ""));
    stage.live.write(FRIEND, "a");
    life.until(|life| life.results("notify/phone", "delivered") == 1);
    assert_eq!(receiver.posted().len(), 2);
    // The next one is refused for good, and the one after it arrives.
    receiver.answer([Status(401)]);
    stage.live.write(FRIEND, "b");
    stage.live.write(FRIEND, "c");
    life.until(|life| life.results("notify/phone", "delivered") == 2);
    let texts: Vec<String> = notes(&receiver).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["a", "a", "b", "c"]);
    receiver.answer(vec![Status(500); 1000]);
    stage.live.write(FRIEND, "d");
    life.until(|life| life.results("notify/phone", "failed") == 2 && life.lag("notify/phone") == 0);
    life.stop();
}

#[test]
fn in_quiet_hours_nobody_is_told_and_nothing_is_lost() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let life = stage.start_with(quick(), |_| {});
    let life = life.with_outlets(&gotify(&receiver, "quiet = '00:00-00:00'"));
    for text in ["a", "b"] {
        stage.live.write(FRIEND, text);
    }
    life.until(|life| life.lag("notify/phone") == 2);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(receiver.posted().len(), 0);
    // The person wants to be told now.
    life.set_outlets(&gotify(&receiver, ""));
    receiver.wait(2);
    let texts: Vec<String> = notes(&receiver).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["a", "b"]);
    life.stop();
}

#[test]
fn messages_are_gathered_into_one_notification_without_those_that_were_recalled() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let mut limits = quick();
    limits.outlets.minute = Duration::from_millis(800);
    let digest = "digest_minutes = 1\ndigest = '{count} messages'\ntitle = 'T'";
    let life = stage.start_with(limits, |_| {});
    let life = life.with_outlets(&gotify(&receiver, digest));
    let mut watching = life.events("");
    for text in ["a", "b", "c"] {
        stage.live.write(FRIEND, text);
    }
    let told = watching.next(&life).unwrap().1;
    recall(&stage, &told);
    receiver.wait(1);
    let digest = ("2 messages".to_owned(), "T: b\nT: c".to_owned());
    assert_eq!(notes(&receiver), [digest]);
    life.until(|life| life.lag("notify/phone") == 0);
    assert_eq!(life.results("notify/phone", "delivered"), 1);
    life.stop();
}

#[test]
fn a_notification_can_be_tried() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let bark = format!(
        "[[notify]]\nname = 'phone'\nto = 'bark'\nserver = 'http://{}'\nkey = 'hidden'\n",
        receiver.address
    );
    receiver.answer([
        Json(json!({ "code": 200, "message": "success" })),
        Json(json!({ "code": 400, "message": "no such device" })),
        With(400, "content-type", "text/plain".to_owned()),
    ]);
    let life = stage.start_with(quick(), |_| {});
    life.set_outlets(&bark);
    let done = life.done("notify.test", json!({ "name": "phone" }));
    assert_eq!(done, json!({ "name": "phone", "sent": true }));
    assert_eq!(receiver.posted()[0].path, "/push");
    let refused = life.call("notify.test", json!({ "name": "phone" }))["error"].take();
    let words = refused["data"]["message"].as_str().unwrap();
    assert!(words.contains("code 400: no such device"), "{words}");
    let refused = life.call("notify.test", json!({ "name": "phone" }));
    assert!(refused.to_string().contains("HTTP 400"), "{refused}");
    drop(receiver);
    let gone = life
        .call("notify.test", json!({ "name": "phone" }))
        .to_string();
    assert!(
        gone.contains("cannot be connected to") && !gone.contains("127.0.0.1"),
        "{gone}"
    );
    let unknown = life.call("notify.test", json!({ "name": "other" }));
    assert_eq!(unknown["error"]["code"], -32602);
    life.stop();
}
