//! Every consumer gets every event, with the same id.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    receiver::{Receiver, quick},
    stage::{FRIEND, Life, MAIN, Stage, count, limits, login_of, recall, to},
};

pub(crate) fn write(stage: &Stage, texts: &[&str]) {
    for text in texts {
        stage.live.write(FRIEND, text);
    }
}

fn texts(told: &[(u64, String)]) -> Vec<&str> {
    told.iter().map(|(_, text)| text.as_str()).collect()
}

/// How many events of the main account are queued.
fn queued(life: &Life) -> u64 {
    let (_, page) = life.page("/metrics");
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("bili_im_events_total{account=\"main\"} "));
    line.unwrap().parse().unwrap()
}

#[test]
fn two_consumers_get_the_same_and_one_that_died_goes_on_where_it_was() {
    let stage = Stage::new();
    let life = stage.start();
    let mut one = life.events("?consumer=one");
    let mut two = life.events("?consumer=two");
    write(&stage, &["a", "b", "c"]);
    let first = one.texts(&life, 3);
    assert_eq!(texts(&first), ["a", "b", "c"]);
    assert_eq!(two.texts(&life, 3), first);
    // It has handled the first, and dies.
    drop(two);
    life.done("events.ack", json!({ "consumer": "two", "id": first[0].0 }));
    write(&stage, &["d"]);
    let last = one.texts(&life, 1);
    let mut again = life.events("?consumer=two");
    let again = again.texts(&life, 3);
    assert_eq!(again, [&first[1..], &last[..]].concat());
    life.stop();
}

#[test]
fn what_was_not_delivered_before_a_crash_is_delivered_after_it_with_the_same_ids() {
    let stage = Stage::new();
    let life = stage.start();
    drop(life.events("?consumer=bot"));
    write(&stage, &["a", "b"]);
    life.until(|life| queued(life) == 2);
    life.kill();
    write(&stage, &["while it was dead"]);
    let life = stage.start();
    let told = life.events("?consumer=bot").texts(&life, 3);
    assert_eq!(texts(&told), ["a", "b", "while it was dead"]);
    life.kill();
    let life = stage.start();
    let mut bot = life.events("?consumer=bot");
    assert_eq!(bot.texts(&life, 3), told);
    drop(bot);
    // `Last-Event-ID` says what was handled.
    let mut bot = life.events_after("?consumer=bot", told[1].0);
    assert_eq!(bot.texts(&life, 1), told[2..]);
    let mut nameless = life.events_after("", told[0].0);
    assert_eq!(nameless.texts(&life, 2), told[1..]);
    life.stop();
}

#[test]
fn a_consumer_that_slept_for_too_long_is_told_what_was_dropped() {
    let stage = Stage::new();
    let mut limits = limits();
    limits.events = 3;
    let life = stage.start_with(limits, |_| {});
    let mut awake = life.events("?consumer=awake");
    drop(life.events("?consumer=asleep"));
    let all = ["1", "2", "3", "4", "5", "6", "7"];
    for text in all {
        write(&stage, &[text]);
        awake.texts(&life, 1);
    }
    life.until(|life| {
        life.page("/metrics")
            .1
            .contains("consumer=\"local/asleep\"} 7")
    });
    // The queue is trimmed at its own time.
    let (id, dropped) = loop {
        let mut asleep = life.events("?consumer=asleep");
        let (id, event) = asleep.next(&life).unwrap();
        if event["event"] == "dropped" && event["count"] == 4 {
            let told = asleep.texts(&life, 3);
            assert_eq!(texts(&told), ["5", "6", "7"]);
            break (id, event);
        }
    };
    assert_eq!(dropped["account"], MAIN);
    assert_eq!(dropped["to"], id);
    assert!(dropped["from"].as_u64().unwrap() <= id);
    life.done("events.ack", json!({ "consumer": "asleep", "id": id }));
    let told = life.events("?consumer=asleep").texts(&life, 3);
    assert_eq!(texts(&told), ["5", "6", "7"]);
    life.stop();
}

#[test]
fn killed_again_and_again_it_loses_nothing_and_doubles_nothing() {
    let stage = Stage::new();
    stage.start().stop();
    let mut told: BTreeMap<u64, String> = BTreeMap::new();
    let mut written = 0;
    for life in 0..12 {
        let running = stage.start();
        let mut bot = running.events("?consumer=bot");
        for _ in 0..10 {
            stage.live.write(FRIEND, &format!("in {written}"));
            written += 1;
        }
        let key = format!("answer {life}");
        let message = json!({ "talker": to(FRIEND), "text": key, "idempotency_key": key });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "send", "params": message });
        let request = running
            .post("/rpc")
            .header("content-type", "application/json");
        let sending = request.body(call.to_string()).send();
        running.wait(async { drop(tokio::spawn(sending)) });
        // Killed at another moment in each life.
        for (id, text) in bot.texts(&running, life % 7) {
            let known = told.insert(id, text.clone());
            assert!(known.is_none_or(|known| known == text));
            if id % 2 == 0 {
                running.done("events.ack", json!({ "consumer": "bot", "id": id }));
            }
        }
        running.kill();
        stage.live.write(FRIEND, &format!("in {written}"));
        written += 1;
    }
    let last = stage.start();
    let mut bot = last.events("?consumer=bot");
    for life in 0..12 {
        check_answer(&stage, &last, &format!("answer {life}"));
    }
    let all: BTreeSet<String> = (0..written).map(|number| format!("in {number}")).collect();
    let is_all = |told: &BTreeMap<u64, String>| {
        let texts: BTreeSet<&String> = told.values().collect();
        all.iter().all(|text| texts.contains(text))
    };
    while !is_all(&told) {
        for (id, text) in bot.texts(&last, 1) {
            let known = told.insert(id, text.clone());
            assert!(known.is_none_or(|known| known == text));
        }
    }
    let incoming: Vec<_> = told
        .values()
        .filter(|text| text.starts_with("in "))
        .collect();
    assert_eq!(incoming.len(), written, "an event has two ids");
    assert!(
        incoming
            .windows(2)
            .all(|pair| number(pair[0]) < number(pair[1])),
        "{incoming:?}"
    );
    last.stop();
}

/// Checks that an answer whose life was killed was sent once, or never and then says so.
fn check_answer(stage: &Stage, last: &Life, key: &str) {
    let message = json!({ "talker": to(FRIEND), "text": key, "idempotency_key": key });
    let answer = last.call("send", message);
    let sent = count(stage, &format!("{key}\""));
    match answer["error"]["data"]["kind"].as_str() {
        None => assert_eq!(sent, 1, "{key}"),
        // The ticket was stored, and nobody knows whether the request had left.
        kind => assert_eq!((kind, sent), (Some("Unconfirmed"), 0), "{key}"),
    }
}

fn number(text: &str) -> u64 {
    text.strip_prefix("in ").unwrap().parse().unwrap()
}

#[test]
fn what_a_recalled_message_said_is_told_to_nobody_any_more() {
    let stage = Stage::new();
    let life = stage.start();
    drop(life.events("?consumer=late"));
    let mut early = life.events("");
    write(&stage, &["a secret"]);
    let (id, told) = early.next(&life).unwrap();
    recall(&stage, &told);
    let (_, recalled) = early.next(&life).unwrap();
    assert_eq!(recalled["event"], "recalled", "{recalled}");
    let (same, told) = life.events("?consumer=late").next(&life).unwrap();
    assert_eq!(same, id);
    assert_eq!(told["message"]["content"]["type"], "recalled", "{told}");
    assert!(!told.to_string().contains("secret"), "{told}");
    life.stop();
}

#[test]
fn a_stream_has_heartbeats_and_ends_with_the_process() {
    let stage = Stage::new();
    let mut limits = limits();
    limits.heartbeat = Duration::from_millis(20);
    let life = stage.start_with(limits, |_| {});
    let request = life.get("/events");
    let mut response = life.wait(async { request.send().await.unwrap() });
    let chunk = life.wait(response.chunk()).unwrap().unwrap();
    assert!(chunk.starts_with(b":"), "{chunk:?}");
    life.stop();
}

#[test]
fn there_are_so_many_streams_and_no_more() {
    let stage = Stage::new();
    let mut limits = limits();
    limits.streams = 1;
    let life = stage.start_with(limits, |_| {});
    let one = life.events("");
    assert_eq!(life.page("/events").0, 503);
    drop(one);
    write(&stage, &["the server notices that the client is gone"]);
    life.until(|life| {
        let request = life.get("/events");
        life.wait(async { request.send().await.unwrap().status() }) == 200
    });
    life.stop();
}

#[test]
fn clients_with_many_names_leave_room_for_the_process_itself() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let life = stage.start_with(quick(), |_| {});
    let ack = |name: String| {
        let params = json!({ "consumer": name, "id": 1 });
        json!({ "jsonrpc": "2.0", "id": 1, "method": "events.ack", "params": params })
    };
    for from in [0, 50] {
        let calls: Vec<_> = (from..from + 50).map(|n| ack(format!("c{n}"))).collect();
        let answers = life.post_json(&json!(calls)).to_string();
        assert!(!answers.contains("error"), "{answers}");
    }
    for request in [
        life.get("/events?consumer=more"),
        life.get("/events?consumer=more").header("last-event-id", 1),
    ] {
        let (status, error) = life.answer(request);
        let error: Value = serde_json::from_str(&error).unwrap();
        assert_eq!(
            (status, &error["kind"]),
            (429, &json!("TooMany")),
            "{error}"
        );
        assert_eq!(error["message"], "the queue has too many consumers");
        assert!(
            error["advice"].as_str().unwrap().contains("30 days"),
            "{error}"
        );
    }
    let more = life.post_json(&ack("more".to_owned()));
    assert_eq!(more["error"]["data"]["kind"], "TooMany", "{more}");
    drop(life.events("?consumer=c7"));

    let life = life.with_outlets(&receiver.hook("events = ['message']"));
    write(&stage, &["for the webhook"]);
    assert_eq!(receiver.wait(1)[0].text(), "for the webhook");
    let list = life.done("consumers.list", json!({}));
    let names = |list: &Value| -> Vec<String> {
        let list = list["consumers"].as_array().unwrap().iter();
        list.map(|one| one["consumer"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&list).len(), 101, "{list}");
    let own = life.call("consumers.remove", json!({ "consumer": "hook/crm" }));
    assert_eq!(own["error"]["code"], -32602, "{own}");
    for (name, removed) in [("c7", true), ("local/c8", true), ("c8", false)] {
        let gone = life.done("consumers.remove", json!({ "consumer": name }));
        assert_eq!(gone["removed"], removed, "{gone}");
    }
    let list = names(&life.done("consumers.list", json!({})));
    assert!(list.contains(&"hook/crm".to_owned()) && !list.contains(&"local/c7".to_owned()));
    drop(life.events("?consumer=more"));
    life.stop();
}

#[test]
fn who_was_told_of_one_drop_is_still_told_of_the_other() {
    let stage = Stage::new();
    let mut limits = limits();
    limits.events = 1;
    let life = stage.start_with(limits, |_| {});
    life.add(stage.setup("friend", stage.login(Some(login_of(FRIEND)))));
    life.until(|life| life.state("friend") == "working");
    // Each is told to its writer and to its receiver.
    write(&stage, &["a", "b", "c"]);
    let dropped = |after: u64| {
        let mut told = life.events_after("", after);
        let mut accounts = Vec::new();
        while let Some((id, event)) = told.next(&life) {
            if event["event"] != "dropped" {
                break;
            }
            accounts.push((id, event["account"].as_str().unwrap().to_owned()));
        }
        accounts
    };
    life.until(|_| dropped(0).len() == 2);
    let both = dropped(0);
    // It goes away after the first one.
    let rest = dropped(both[0].0);
    assert!(
        rest.iter().any(|(_, account)| *account == both[1].1),
        "{both:?} {rest:?}"
    );
    life.stop();
}
