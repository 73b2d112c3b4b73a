//! The archive is filled beside everything else.

use bili_im_sim::faults::{Kind, PageBody, Rule, When};
use serde_json::{Value, json};

use bili_im_tests::demo_login;

use crate::stage::{FRIEND, Life, MAIN, Stage, limits};

const MESSAGES: &str = "fetch_session_msgs";

fn state(life: &Life) -> Value {
    life.done("sync.state", json!({}))
}

/// Waits until the synchronisation has ended, and gives how.
fn ended(life: &Life) -> Value {
    life.until(|life| state(life)["is_running"] == false);
    state(life)
}

/// How many messages are stored, from others and own ones.
fn counted(life: &Life) -> (Value, Value) {
    let mut stats = life.done("stats", json!({ "system": true }));
    (stats["received"].take(), stats["written"].take())
}

fn heal(stage: &Stage) {
    stage.live.with(|service, _| service.clear_faults());
}

#[test]
fn it_fills_the_archive_and_goes_on_from_there() {
    let stage = Stage::new();
    let life = stage.start();
    assert_eq!(state(&life)["is_whole"], false);
    life.done("sync", json!({}));
    let first = ended(&life);
    assert_eq!(first["is_whole"], true, "{first}");
    assert_eq!(first["sessions_left"], 0);
    assert!(first["messages"].as_u64().unwrap() > 5, "{first}");
    let found = life.done("search", json!({ "words": "更新" }));
    assert!(!found["hits"].as_array().unwrap().is_empty(), "{found}");
    life.done("sync", json!({}));
    let second = ended(&life);
    assert_eq!(second["messages"], 0, "{second}");
    assert_eq!(second["is_whole"], true);
    life.stop();
}

#[test]
fn it_says_for_what_it_waits_and_can_be_stopped() {
    let stage = Stage::new();
    let life = stage.start();
    let broken = Kind::Http {
        status: 502,
        body: PageBody::Html,
        retry_after: None,
    };
    stage.live.fault(Rule::new(MESSAGES, When::Always, broken));
    life.done("sync", json!({ "talker": { "user": FRIEND } }));
    life.until(|life| !state(life)["waits"].is_null());
    assert_eq!(state(&life)["waits"]["exit_code"], 4);
    let second = life.call("sync", json!({}));
    assert_eq!(second["error"]["data"]["kind"], "UnderWay", "{second}");
    assert_eq!(life.done("sync.stop", json!({}))["is_running"], false);
    let stopped = state(&life);
    assert_eq!(stopped["is_whole"], false, "{stopped}");
    assert!(
        stopped["error"].is_null() && stopped["waits"].is_null(),
        "{stopped}"
    );
    heal(&stage);
    life.done("sync", json!({}));
    assert_eq!(ended(&life)["is_whole"], true);
    life.stop();
}

#[test]
fn one_that_could_not_read_a_conversation_is_not_whole() {
    let stage = Stage::new();
    let life = stage.start();
    let refused = Kind::Code {
        code: 25005,
        message: None,
    };
    stage.live.fault(Rule::new(MESSAGES, When::Once, refused));
    life.done("sync", json!({}));
    let ended = ended(&life);
    assert_eq!(ended["failed"], 1, "{ended}");
    assert_eq!(ended["is_whole"], false, "{ended}");
    life.stop();
}

#[test]
fn one_that_hangs_delays_no_end_and_loses_nothing() {
    let stage = Stage::new();
    let life = stage.start();
    stage
        .live
        .fault(Rule::new(MESSAGES, When::Nth(3), Kind::Stall));
    life.done("sync", json!({}));
    life.until(|life| state(life)["messages"] != 0);
    life.stop();
    heal(&stage);
    let life = stage.start();
    life.done("sync", json!({}));
    let rest = ended(&life);
    assert_eq!(rest["is_whole"], true, "{rest}");
    let stored = counted(&life);
    life.stop();
    let whole = Stage::new();
    let life = whole.start();
    life.done("sync", json!({}));
    assert!(ended(&life)["messages"].as_u64() > rest["messages"].as_u64());
    assert_eq!(counted(&life), stored);
    life.stop();
}

#[test]
fn a_restart_of_the_watch_does_not_stop_it_and_a_new_login_does() {
    let stage = Stage::new();
    let life = Life::empty(limits(), |_| {});
    let login = stage.login(Some(demo_login()));
    life.add(stage.setup(MAIN, login.clone()));
    life.until(|life| life.state(MAIN) == "working");
    stage
        .live
        .fault(Rule::new(MESSAGES, When::Always, Kind::Stall));
    life.done("sync", json!({}));
    let restart = || {
        let restarts = stage.live.requests("web-interface/nav");
        life.done("accounts.restart", json!({}));
        life.until(|_| stage.live.requests("web-interface/nav") > restarts);
        life.until(|life| life.state(MAIN) == "working");
    };
    restart();
    assert_eq!(state(&life)["is_running"], true);
    login.set(demo_login().with_cookie("buvid3", "another"));
    restart();
    assert_eq!(ended(&life)["is_whole"], false);
    life.stop();
}
