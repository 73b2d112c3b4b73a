//! Every method, and its page.

use std::{collections::BTreeSet, fs, path::Path};

use bili_im_serve::Outlets;
use serde_json::{Value, json};

use crate::{
    receiver::{Receiver, gotify},
    schema,
    stage::{FRIEND, Stage, to},
};

/// Parameters about the friend.
fn with(mut params: Value) -> Value {
    params["talker"] = to(FRIEND);
    params
}

fn reply_text() -> Value {
    json!({ "kind": "followed", "text": "谢谢关注" })
}

/// A method, its parameters, a field of its result, and the field's value; `null` for any.
type Call = (&'static str, Value, &'static str, Value);

fn reading() -> Vec<Call> {
    vec![
        ("rpc.discover", json!({}), "openrpc", json!("1.3.2")),
        (
            "whoami",
            json!({ "account": "main" }),
            "uid",
            json!("10001"),
        ),
        ("unread", json!({}), "group_unread", json!(1)),
        ("sessions", json!({ "all": true }), "has_more", json!(false)),
        ("history", with(json!({ "limit": 2 })), "talker", to(FRIEND)),
        (
            "who",
            json!({ "uids": [FRIEND, "999999"] }),
            "unknown",
            json!(["999999"]),
        ),
        ("settings.get", json!({}), "is_group_fold", Value::Null),
        ("search", json!({ "words": "更新" }), "next", Value::Null),
        ("tags", json!({}), "tags", json!([])),
        ("stats", json!({ "top": 1 }), "talkers_in_all", Value::Null),
    ]
}

fn sending(sent: Value, reply: Value) -> Vec<Call> {
    let image = "https://i0.hdslb.com/bfs/album/x.png";
    vec![
        (
            "send",
            with(json!({ "text": "again" })),
            "read_back",
            json!(false),
        ),
        (
            "send_image",
            with(json!({ "url": image })),
            "talker",
            to(FRIEND),
        ),
        ("intercept", with(json!({})), "intercepted", json!(true)),
        (
            "block_words.add",
            json!({ "word": "广告" }),
            "blocked",
            json!(true),
        ),
        ("block_words", json!({}), "max_word_length", json!(20)),
        (
            "block_words.remove",
            json!({ "word": "广告" }),
            "blocked",
            json!(false),
        ),
        ("auto_reply.set", reply_text(), "set", json!(true)),
        ("auto_reply", json!({}), "texts", Value::Null),
        (
            "auto_reply.clear",
            json!({ "id": reply }),
            "cleared",
            json!(true),
        ),
        (
            "upload_image",
            json!({ "data": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" }),
            "format",
            json!("gif"),
        ),
        (
            "recall",
            with(json!({ "msg_key": sent })),
            "recalled",
            json!(true),
        ),
    ]
}

fn changing() -> Vec<Call> {
    vec![
        ("ack", with(json!({ "upto": "3" })), "upto", json!("3")),
        ("pin", with(json!({})), "pinned", json!(true)),
        ("unpin", with(json!({})), "pinned", json!(false)),
        ("mute", with(json!({})), "muted", json!(true)),
        ("unmute", with(json!({})), "muted", json!(false)),
        ("remove", with(json!({})), "removed", json!(true)),
        (
            "settings.set",
            json!({ "settings": { "is_group_fold": "on" } }),
            "is_group_fold",
            json!(1),
        ),
        (
            "events.ack",
            json!({ "consumer": "a", "id": 1 }),
            "id",
            json!(1),
        ),
        ("consumers.list", json!({}), "consumers", Value::Null),
        (
            "consumers.remove",
            json!({ "consumer": "a" }),
            "removed",
            json!(true),
        ),
        ("webhooks.dead", json!({}), "dead", json!([])),
        (
            "webhooks.retry",
            json!({ "hook": "crm" }),
            "delivered",
            json!([]),
        ),
        (
            "notify.test",
            json!({ "name": "phone" }),
            "sent",
            json!(true),
        ),
        ("accounts.list", json!({}), "accounts", Value::Null),
        ("sync", json!({}), "error", Value::Null),
        ("sync.state", json!({}), "waits", Value::Null),
        ("sync.stop", json!({}), "is_running", json!(false)),
        ("accounts.restart", json!({}), "restarted", json!(true)),
        ("resume", json!({}), "was_stopped", json!(false)),
    ]
}

#[test]
fn every_method_works() {
    let (stage, receiver) = (Stage::new(), Receiver::new());
    let life = stage.start();
    life.set_outlets(&(receiver.hook("") + &gotify(&receiver, "")));
    let description = life.done("rpc.discover", json!({}));
    let described = &description;
    let methods = described["methods"].as_array().unwrap().iter();
    let mut untried: BTreeSet<&str> = methods.map(|one| one["name"].as_str().unwrap()).collect();
    let sent = life.done("send", with(json!({ "text": "hello" })));
    life.done("auto_reply.set", reply_text());
    let reply = life.done("auto_reply", json!({}))["texts"][0]["id"].take();
    let sending = sending(sent["msg_key"].clone(), reply);
    let calls = reading().into_iter().chain(sending).chain(changing());
    for (method, params, field, wanted) in calls {
        let result = life.done(method, params);
        let found = result.get(field);
        assert!(found.is_some(), "{method}: {result}");
        assert!(
            wanted.is_null() || found == Some(&wanted),
            "{method}: {result}"
        );
        let described = described["methods"].as_array().unwrap().iter();
        let described = described.filter(|one| one["name"] == method);
        for method in described {
            let schema = &method["result"]["schema"];
            if let Err(why) = schema::check(&result, schema, &description) {
                panic!("{}: {why}\n{result}", method["name"]);
            }
        }
        untried.remove(method);
    }
    // Shown with accounts and logins.
    for method in ["accounts.add", "accounts.remove", "login", "login.state"] {
        untried.remove(method);
    }
    assert!(untried.is_empty(), "{untried:?}");
    life.stop();
}

#[test]
fn what_is_wrong_with_a_call_is_said() {
    let stage = Stage::new();
    let life = stage.start();
    for (method, params, words) in [
        (
            "search",
            json!({ "words": "x", "limit": 5000 }),
            "limit is 1000 at most",
        ),
        (
            "history",
            json!({ "talker": to(FRIEND), "limit": "1001" }),
            "limit is 1000 at most",
        ),
        (
            "search",
            json!({ "words": " ，!" }),
            "words: the search has nothing but spaces and punctuation",
        ),
    ] {
        let error = &life.call(method, params)["error"];
        assert_eq!(
            (&error["code"], &error["message"]),
            (&json!(-32602), &json!(words))
        );
    }
    for method in ["unread", "accounts.remove"] {
        let unknown = life.call(method, json!({ "account": "nobody" }));
        assert_eq!(unknown["error"]["data"]["kind"], "NoAccount", "{unknown}");
    }
    let description = life.done("rpc.discover", json!({}));
    let methods = description["methods"].as_array().unwrap();
    let search = methods.iter().find(|one| one["name"] == "search").unwrap();
    let params = search["params"].as_array().unwrap();
    let limit = params.iter().find(|one| one["name"] == "limit").unwrap();
    let schema = &limit["schema"];
    assert_eq!(
        (&schema["default"], &schema["maximum"]),
        (&json!(20), &json!(1000))
    );
    assert!(bili_im_serve::reference().contains("| `limit` | number | 20 | how many messages"));
    life.stop();
}

#[test]
fn a_batch_has_an_answer_to_each_call_and_none_to_notifications() {
    let stage = Stage::new();
    let life = stage.start();
    let batch = json!([
        { "jsonrpc": "2.0", "id": "a", "method": "whoami" },
        { "jsonrpc": "2.0", "method": "whoami" },
        { "jsonrpc": "2.0", "id": 2, "method": "history", "params": { "talker": to(999_999) } },
    ]);
    let answers = life.post_json(&batch);
    assert_eq!(answers.as_array().unwrap().len(), 2, "{answers}");
    assert_eq!(answers[0]["id"], "a");
    assert_eq!(answers[1]["error"]["data"]["kind"], "NotFound", "{answers}");
    let request = life.post("/rpc").header("content-type", "application/json");
    let note = r#"{"jsonrpc":"2.0","method":"whoami"}"#;
    assert_eq!(life.answer(request.body(note)), (204, String::new()));
    life.stop();
}

#[test]
fn the_page_of_docs_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rpc.md");
    let page = bili_im_serve::reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        page,
        "run cargo xtask docs"
    );
}

#[test]
fn the_configuration_in_the_docs_can_be_used() {
    for page in ["serving.md", "serving.zh-CN.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let page = fs::read_to_string(path.join(page)).unwrap();
        let (_, example) = page.split_once("```toml\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let example = example.replace("\"…\"", "\"0123456789abcdef\"");
        let outlets = Outlets::parse(&example, &path).unwrap();
        assert_eq!(outlets.profiles().unwrap(), ["main", "second"]);
    }
}
