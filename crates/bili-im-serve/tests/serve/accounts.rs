//! An account that is held disturbs no other.

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::Credential;
use bili_im_serve::{AccountSetup, Profiles, ServeError, Tokens};
use bili_im_sim::faults::{Kind, Rule, VoucherPlace, When};
use bili_im_tests::demo_login;
use serde_json::{Value, json};

use crate::stage::{FRIEND, Life, MAIN, PATIENCE, STRANGER, Stage, limits, login_of, to};

const NOT_LOGGED_IN: Kind = Kind::Code {
    code: -101,
    message: None,
};

fn account(life: &Life, name: &str) -> Value {
    let list = life.done("accounts.list", json!({}));
    let accounts = list["accounts"].as_array().unwrap();
    let found = accounts.iter().find(|one| one["account"] == name);
    found.cloned().unwrap_or_default()
}

#[test]
fn one_that_is_logged_out_is_held_until_it_is_logged_in_and_restarted() {
    let stage = Stage::new();
    let life = stage.start();
    let wrong = "SESSDATA=wrong; bili_jct=00000000000000000000000000010002; DedeUserID=10002";
    let login = stage.login(Some(Credential::parse(wrong).unwrap()));
    life.add(stage.setup("friend", login.clone()));
    life.until(|life| life.state("friend") == "held");
    let held = account(&life, "friend");
    assert_eq!(held["why"], "logged_out", "{held}");
    assert_eq!(held["until"], Value::Null);
    assert_eq!(held["error"]["kind"], "NotLoggedIn");
    let (status, page) = life.page("/healthz");
    assert_eq!(status, 503);
    assert!(
        page.contains("logged_out") && !page.contains("wrong"),
        "{page}"
    );
    assert!(
        life.page("/metrics")
            .1
            .contains("bili_im_accounts{state=\"held\"} 1\n")
    );
    // The other works.
    let mut told = life.events("");
    stage.live.write(FRIEND, "hello");
    assert_eq!(told.texts(&life, 1)[0].1, "hello");
    let answer = life.call("whoami", json!({ "account": "friend" }));
    assert_eq!(answer["error"]["data"]["exit_code"], 3, "{answer}");
    assert_eq!(
        life.done("whoami", json!({ "account": MAIN }))["uid"],
        "10001"
    );
    let answer = life.call("whoami", json!({}));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");

    login.set(login_of(FRIEND));
    life.done("accounts.restart", json!({ "account": "friend" }));
    life.until(|life| life.state("friend") == "working");
    assert_eq!(life.page("/healthz").0, 200);
    life.stop();
}

#[test]
fn accounts_share_one_line_of_ids_and_come_and_go() {
    let stage = Stage::new();
    let life = stage.start();
    life.add(stage.setup("friend", stage.login(Some(login_of(FRIEND)))));
    life.until(|life| life.state("friend") == "working");
    let mut told = life.events("");
    // The message is told to its writer and to its receiver.
    for number in 0..5 {
        stage.live.write(FRIEND, &format!("{number}"));
    }
    let told = told.texts(&life, 10);
    assert!(
        told.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "{told:?}"
    );
    life.wait(life.core.remove("friend")).unwrap();
    assert_eq!(life.state("friend"), "none");
    assert!(life.wait(life.core.remove("friend")).is_err());
    life.done(
        "send",
        json!({ "talker": to(FRIEND), "text": "still here" }),
    );
    life.add(stage.setup("friend", stage.login(Some(login_of(FRIEND)))));
    life.until(|life| life.state("friend") == "working");
    life.stop();
}

#[test]
fn what_one_has_queued_is_not_lost_when_it_comes_back_after_news_of_others() {
    let stage = Stage::new();
    let life = stage.start();
    let friend = || stage.setup("friend", stage.login(Some(login_of(FRIEND))));
    life.add(friend());
    life.until(|life| life.state("friend") == "working");
    let mut told = life.events("?consumer=bot");
    stage.live.write(FRIEND, "first");
    let first = told.texts(&life, 2);
    drop(told);
    life.wait(life.core.remove("friend")).unwrap();
    let mut told = life.events("?consumer=bot");
    let ids: Vec<u64> = first.iter().map(|(id, _)| *id).collect();
    let (main, _) = told.texts(&life, 1).remove(0);
    assert!(ids.contains(&main));
    stage.live.write(STRANGER, "second");
    let (second, _) = told.texts(&life, 1).remove(0);
    life.add(friend());
    life.done("events.ack", json!({ "consumer": "bot", "id": second }));
    drop(told);
    // The friend's own event was never acknowledged.
    let (id, text) = life.events("?consumer=bot").texts(&life, 1).remove(0);
    assert_eq!(text, "first");
    assert!(ids.contains(&id) && id != main);
    life.stop();
}

#[test]
fn one_whose_archive_is_anothers_is_broken_and_tried_again() {
    let stage = Stage::new();
    stage.start().stop();
    let life = Life::empty(limits(), |_| {});
    let login = stage.login(Some(login_of(FRIEND)));
    life.add(stage.setup(MAIN, login.clone()));
    life.until(|life| life.state(MAIN) == "held");
    let held = account(&life, MAIN);
    assert_eq!(held["why"], "broken", "{held}");
    assert!(held["until"].is_u64());
    login.set(demo_login());
    life.until(|life| life.state(MAIN) == "working");
    life.stop();
}

#[test]
fn a_name_is_used_once_and_an_archive_by_one_process() {
    let stage = Stage::new();
    let life = stage.start();
    let setup = || stage.setup(MAIN, stage.login(None));
    let again = life.wait(life.core.add(setup()));
    assert!(matches!(again, Err(ServeError::Name(_))), "{again:?}");
    let mut odd = setup();
    odd.name = "a\"b".to_owned();
    assert!(life.wait(life.core.add(odd)).is_err());
    let other = Life::empty(limits(), |_| {});
    let taken = other.wait(other.core.add(setup()));
    assert!(
        matches!(taken, Err(ServeError::Archive { .. })),
        "{taken:?}"
    );
    other.stop();
    life.stop();
}

#[test]
fn one_user_is_served_once() {
    let stage = Stage::new();
    let life = stage.start();
    life.add(stage.setup("again", stage.login(Some(demo_login()))));
    life.until(|life| life.state("again") == "held");
    let held = account(&life, "again");
    assert_eq!(held["error"]["kind"], "SameUser", "{held}");
    assert!(held["error"]["message"].as_str().unwrap().contains("main"));
    life.wait(life.core.remove(MAIN)).unwrap();
    life.until(|life| life.state("again") == "working");
    life.stop();
}

#[test]
fn a_user_whose_account_is_logged_out_is_served_by_another() {
    let stage = Stage::new();
    let mut slow = limits();
    (slow.first_wait, slow.longest_wait) = (PATIENCE * 10, PATIENCE * 10);
    let life = stage.start_with(slow, |_| {});
    life.add(stage.setup("again", stage.login(Some(demo_login()))));
    life.until(|life| life.state("again") == "held");
    stage
        .live
        .fault(Rule::new("new_sessions", When::Once, NOT_LOGGED_IN));
    life.until(|life| account(life, MAIN)["why"] == "logged_out");
    life.until(|life| life.state("again") == "working");
    life.stop();
}

#[test]
fn one_that_risk_control_stopped_goes_on_when_its_owner_says_so() {
    let stage = Stage::new();
    let life = stage.start();
    let stopped = Kind::Voucher(VoucherPlace::Body);
    stage
        .live
        .fault(Rule::new("new_sessions", When::Once, stopped));
    life.until(|life| account(life, MAIN)["why"] == "stopped");
    let resumed = life.done("resume", json!({}));
    assert_eq!(resumed["was_stopped"], true, "{resumed}");
    life.until(|life| life.state(MAIN) == "working");
    life.stop();
}

#[test]
fn one_that_risk_control_stops_at_its_start_asks_for_nothing_more() {
    let stage = Stage::new();
    let voucher = Kind::Voucher(VoucherPlace::Body);
    let rule = Rule::new("web-interface/nav", When::Once, voucher);
    stage.live.fault(rule);
    let life = Life::empty(limits(), |_| {});
    life.add(stage.setup(MAIN, stage.login(Some(demo_login()))));
    // The second attempt.
    life.until(|life| !account(life, MAIN)["error"]["retry_after_seconds"].is_null());
    assert_eq!(stage.live.requests("web-interface/nav"), 1);
    let resumed = life.done("resume", json!({}));
    assert_eq!(resumed["was_stopped"], true, "{resumed}");
    life.until(|life| life.state(MAIN) == "working");
    life.stop();
}

/// Profiles that can be added: the friend's.
struct Friend(Stage);

impl Profiles for Friend {
    fn setup(&self, name: &str) -> Result<AccountSetup, ErrorJson> {
        match name {
            "friend" => Ok(self.0.setup(name, self.0.login(Some(login_of(FRIEND))))),
            _ => Err(ErrorJson::new(Exit::NotLoggedIn, "NoCredential", "nobody")),
        }
    }
}

#[test]
fn clients_add_and_remove_accounts_that_their_token_may_have() {
    let stage = Stage::new();
    let life = Life::empty(limits(), |config| {
        let tokens = "all 0123456789abcdef write\n\
                      one 0123456789abcded write talkers=user:10002\n\
                      main 0123456789abcdee write accounts=main\n";
        config.tokens = Some(Tokens::parse(tokens).unwrap());
    });
    let call = |token: &str, method: &str, name: &str| {
        let params = json!({ "account": name });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = life.post("/rpc").bearer_auth(token);
        let request = request.header("content-type", "application/json");
        let (_, text) = life.answer(request.body(call.to_string()));
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let (all, main) = ("0123456789abcdef", "0123456789abcdee");
    let answer = call(all, "accounts.add", "friend");
    assert_eq!(answer["error"]["data"]["kind"], "Usage", "{answer}");
    life.core.set_profiles(Friend(stage));
    for token in [main, "0123456789abcded"] {
        for method in ["accounts.add", "login", "login.state"] {
            let answer = call(token, method, "friend");
            assert_eq!(answer["error"]["code"], -32001, "{answer}");
        }
    }
    let answer = call(all, "login", "friend");
    let keeps_none = "this process keeps no logins";
    assert_eq!(answer["error"]["data"]["message"], keeps_none, "{answer}");
    let answer = call(all, "accounts.add", "nobody");
    assert_eq!(answer["error"]["data"]["kind"], "NoCredential", "{answer}");
    let answer = call(all, "accounts.add", "friend");
    assert_eq!(answer["result"]["account"], "friend", "{answer}");
    life.until(|life| life.state("friend") == "working");
    assert!(!call(all, "accounts.add", "friend")["error"].is_null());
    assert!(!call(main, "accounts.remove", "friend")["error"].is_null());
    let answer = call("0123456789abcded", "accounts.remove", "friend");
    assert_eq!(answer["error"]["code"], -32001, "{answer}");
    assert_eq!(
        call(all, "accounts.remove", "friend")["result"]["removed"],
        true
    );
    assert_eq!(life.state("friend"), "none");
    // Its archive is free again.
    assert!(call(all, "accounts.add", "friend")["error"].is_null());
    life.stop();
}

#[test]
fn a_consumer_that_is_away_is_told_of_an_account_that_is_added_meanwhile() {
    let stage = Stage::new();
    let life = stage.start();
    drop(life.events("?consumer=bot"));
    life.add(stage.setup("friend", stage.login(Some(login_of(FRIEND)))));
    life.until(|life| life.state("friend") == "working");
    stage.live.write(FRIEND, "to both");
    let mut told = life.events("?consumer=bot");
    let texts = told.texts(&life, 2);
    assert!(texts.iter().all(|(_, text)| text == "to both"), "{texts:?}");
    life.stop();
}

#[test]
fn the_first_profile_of_a_user_is_served_also_after_a_restart() {
    let stage = Stage::new();
    for _ in 0..2 {
        let life = Life::empty(limits(), |_| {});
        for name in ["b", "a"] {
            life.add(stage.setup(name, stage.login(Some(demo_login()))));
            if name == "b" {
                life.until(|life| life.state("b") == "working");
            }
        }
        life.until(|life| life.state("a") == "held");
        assert_eq!(life.state("b"), "working");
        life.stop();
    }
}
