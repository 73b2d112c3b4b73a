//! Webhooks: each event is delivered, in order, whatever the receiver does.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bili_im_serve::{Outlets, reload};
use serde_json::json;

use crate::{
    receiver::{
        Answer::{Never, Status, With},
        Receiver, SECRET, quick, texts,
    },
    stage::{FRIEND, MAIN, STRANGER, Stage, recall},
};

const MESSAGES: &str = "events = ['message']";

/// HMAC-SHA256, as RFC 2104 defines it.
fn hmac(key: &str, message: &str) -> String {
    use sha2::{Digest, Sha256};

    let pad = |byte: u8| {
        let mut block = [byte; 64];
        for (padded, key) in block.iter_mut().zip(key.bytes()) {
            *padded ^= key;
        }
        block
    };
    let hash = |first: [u8; 64], rest: &[u8]| {
        let mut hash = Sha256::new();
        hash.update(first);
        hash.update(rest);
        hash.finalize().to_vec()
    };
    let inner = hash(pad(0x36), message.as_bytes());
    let outer = hash(pad(0x5c), &inner);
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn each_event_is_posted_once_in_order_with_its_id_and_a_signature() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let hook = receiver.hook(MESSAGES);
    let life = stage.start_with(quick(), |_| {}).with_outlets(&hook);
    for text in ["a", "b", "c"] {
        stage.live.write(FRIEND, text);
    }
    let posted = receiver.wait(3);
    assert_eq!(texts(&posted), ["a", "b", "c"]);
    for posted in &posted {
        assert_eq!(posted.path, "/hook?key=hidden");
        assert_eq!(posted.header("content-type"), "application/json");
        assert_eq!(
            posted.header("x-bili-im-id"),
            posted.json()["sn"].to_string()
        );
        assert_eq!(posted.json()["account"], MAIN);
        let signed = format!("{}.{}", posted.header("x-bili-im-timestamp"), posted.body);
        let signature = format!("sha256={}", hmac(SECRET, &signed));
        assert_eq!(posted.header("x-bili-im-signature"), signature);
    }
    life.until(|life| life.lag("hook/crm") == 0);
    assert_eq!(life.results("hook/crm", "delivered"), 3);
    life.stop();
}

#[test]
fn an_event_is_tried_again_until_it_is_taken() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    receiver.answer([
        Status(500),
        Never,
        With(
            302,
            "location",
            format!("http://{}/other", receiver.address),
        ),
        With(429, "retry-after", "1000".to_owned()),
    ]);
    let hook = receiver.hook(MESSAGES);
    let life = stage.start_with(quick(), |_| {}).with_outlets(&hook);
    stage.live.write(FRIEND, "a");
    stage.live.write(FRIEND, "b");
    let posted = receiver.wait(6);
    assert_eq!(texts(&posted), ["a", "a", "a", "a", "a", "b"]);
    assert!(posted.iter().all(|posted| posted.path.starts_with("/hook")));
    let ids: Vec<&str> = posted
        .iter()
        .map(|posted| posted.header("x-bili-im-id"))
        .collect();
    assert!(ids[..5].iter().all(|id| *id == ids[0]) && ids[5] != ids[0]);
    life.until(|life| life.results("hook/crm", "delivered") == 2);
    assert_eq!(life.results("hook/crm", "retried"), 4);
    life.stop();
}

#[test]
fn what_is_refused_becomes_a_dead_letter_that_can_be_delivered_later() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    receiver.answer([Status(410), Status(400)]);
    let hook = receiver.hook(MESSAGES);
    let life = stage.start_with(quick(), |_| {}).with_outlets(&hook);
    for text in ["a", "b", "c"] {
        stage.live.write(FRIEND, text);
    }
    assert_eq!(texts(&receiver.wait(3)), ["a", "b", "c"]);
    life.until(|life| life.results("hook/crm", "delivered") == 1);
    let dead = life.done("webhooks.dead", json!({}));
    let dead = dead["dead"].as_array().unwrap();
    let whys: Vec<_> = dead
        .iter()
        .map(|dead| (&dead["hook"], &dead["why"]))
        .collect();
    let crm = json!("crm");
    assert_eq!(
        whys,
        [(&crm, &json!("HTTP 400")), (&crm, &json!("HTTP 410"))]
    );
    assert_eq!(dead[1]["event"]["message"]["content"]["text"], "a");
    assert_eq!(dead[1]["event"]["sn"], dead[1]["id"]);
    receiver.answer([Status(503)]);
    let retried = life.done("webhooks.retry", json!({ "hook": "crm" }));
    assert_eq!(retried, json!({ "delivered": [], "failed": "HTTP 503" }));
    let newest = json!({ "hook": "crm", "id": dead[0]["id"] });
    let retried = life.done("webhooks.retry", newest);
    assert_eq!(
        retried,
        json!({ "delivered": [dead[0]["id"]], "failed": null })
    );
    let retried = life.done("webhooks.retry", json!({ "hook": "crm" }));
    assert_eq!(retried["delivered"], json!([dead[1]["id"]]));
    assert_eq!(texts(&receiver.wait(6)[3..]), ["a", "b", "a"]);
    assert_eq!(
        life.done("webhooks.dead", json!({ "hook": "crm" }))["dead"],
        json!([])
    );
    let unknown = life.call("webhooks.retry", json!({ "hook": "other" }));
    assert_eq!(unknown["error"]["code"], -32602);
    life.stop();
}

#[test]
fn an_event_is_given_up_when_the_receiver_stays_dead_and_others_are_not_delayed() {
    let (stage, dead, well) = (Stage::new(), Receiver::new(), Receiver::new());
    dead.answer(vec![Status(500); 1000]);
    let mut limits = quick();
    limits.outlets.webhook = Duration::from_millis(100);
    let hooks = dead.hook(MESSAGES) + &well.hook(MESSAGES).replace("crm", "other");
    let life = stage.start_with(limits, |_| {}).with_outlets(&hooks);
    for text in ["a", "b"] {
        stage.live.write(FRIEND, text);
    }
    assert_eq!(texts(&well.wait(2)), ["a", "b"]);
    life.until(|life| life.results("hook/crm", "dead") == 2);
    let letters = life.done("webhooks.dead", json!({}));
    assert!(
        letters["dead"][0]["attempts"].as_u64().unwrap() > 2,
        "{letters}"
    );
    life.stop();
}

#[test]
fn what_a_recalled_message_said_is_not_posted_again() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    receiver.answer([Status(410)]);
    let hook = receiver.hook("events = ['message', 'recalled']");
    let life = stage.start_with(quick(), |_| {}).with_outlets(&hook);
    stage.live.write(FRIEND, "a secret");
    let first = receiver.wait(1).remove(0).json();
    life.until(|life| life.results("hook/crm", "dead") == 1);
    // The next ones fail until the message is recalled.
    receiver.answer(vec![Status(500); 3]);
    stage.live.write(FRIEND, "another secret");
    let second = loop {
        let found = receiver
            .posted()
            .into_iter()
            .find(|posted| posted.text() == "another secret");
        if let Some(found) = found {
            break found.json();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    receiver.answer(vec![Status(500); 200]);
    for event in [&first, &second] {
        recall(&stage, event);
    }
    let recalled = |text: &str| text.contains("\"type\":\"recalled\"");
    life.until(|_| {
        receiver
            .posted()
            .iter()
            .any(|posted| recalled(&posted.body))
    });
    life.until(|life| {
        let dead = life.done("webhooks.dead", json!({})).to_string();
        recalled(&dead) && !dead.contains("secret")
    });
    life.stop();
}

#[test]
fn only_what_a_webhook_asks_for_is_posted() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let hook = receiver.hook(&format!(
        "{MESSAGES}\ntalkers = ['user:{STRANGER}']\nown = false"
    ));
    let life = stage.start_with(quick(), |_| {}).with_outlets(&hook);
    stage.live.write(FRIEND, "not this");
    let to = json!({ "talker": { "user": STRANGER.to_string() }, "text": "nor this" });
    life.done("send", to);
    stage.live.write(STRANGER, "this");
    assert_eq!(texts(&receiver.wait(1)), ["this"]);
    life.until(|life| life.lag("hook/crm") == 0);
    assert_eq!(receiver.posted().len(), 1);
    life.stop();
}

#[test]
fn after_a_restart_it_goes_on_where_it_was() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let hook = receiver.hook(MESSAGES);
    let life = stage.start_with(quick(), |_| {}).with_outlets(&hook);
    stage.live.write(FRIEND, "a");
    receiver.wait(1);
    life.until(|life| life.lag("hook/crm") == 0);
    receiver.answer(vec![Status(500); 2]);
    stage.live.write(FRIEND, "b");
    receiver.wait(2);
    life.kill();
    stage.live.write(FRIEND, "c");
    let life = stage.start_with(quick(), |_| {}).with_outlets(&hook);
    life.until(|life| life.results("hook/crm", "delivered") == 2);
    let mut posted = texts(&receiver.posted());
    posted.dedup();
    assert_eq!(posted, ["a", "b", "c"]);
    life.stop();
}

#[test]
fn a_receiver_that_was_gone_for_too_long_is_told_what_was_dropped() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let mut limits = quick();
    limits.events = 2;
    receiver.answer(vec![Status(500); 40]);
    let hook = receiver.hook(MESSAGES);
    let life = stage.start_with(limits, |_| {}).with_outlets(&hook);
    for text in ["1", "2", "3", "4", "5", "6"] {
        stage.live.write(FRIEND, text);
    }
    life.until(|life| life.results("hook/crm", "delivered") > 0 && life.lag("hook/crm") == 0);
    let posted = receiver.posted();
    let dropped = posted
        .iter()
        .find(|posted| posted.json()["event"] == "dropped");
    assert!(dropped.unwrap().json()["count"].as_u64().unwrap() > 0);
    assert_eq!(posted.last().unwrap().text(), "6");
    life.stop();
}

#[test]
fn a_changed_file_is_read_anew_and_one_with_a_fault_changes_nothing() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let path = stage.folder.path().join("serve.toml");
    let life = stage
        .start_with(quick(), |_| {})
        .with_outlets(&receiver.hook(MESSAGES));
    fs::write(&path, receiver.hook(MESSAGES)).unwrap();
    let reads = Arc::new(AtomicU64::new(0));
    let read = {
        let (path, reads) = (path.clone(), Arc::clone(&reads));
        move || {
            reads.fetch_add(1, Ordering::Relaxed);
            let text = fs::read_to_string(&path).unwrap();
            Outlets::parse(&text, ".".as_ref()).map_err(|fault| fault.to_string())
        }
    };
    let reloading = reload(life.core.clone(), path.clone(), read);
    life.wait(async { drop(tokio::spawn(reloading)) });
    fs::write(&path, "[[webhook]]\nname = 7\n").unwrap();
    life.until(|_| reads.load(Ordering::Relaxed) == 1);
    stage.live.write(FRIEND, "a");
    assert_eq!(receiver.wait(1)[0].path, "/hook?key=hidden");
    let moved = receiver.hook(MESSAGES).replace("/hook", "/moved");
    fs::write(&path, moved).unwrap();
    let mut count = 1;
    loop {
        stage.live.write(FRIEND, "b");
        count += 1;
        let posted = receiver.wait(count);
        if posted.last().unwrap().path.starts_with("/moved") {
            break;
        }
    }
    life.stop();
}
