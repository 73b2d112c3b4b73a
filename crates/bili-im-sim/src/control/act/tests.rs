use serde_json::Value;

use crate::{
    testing::{Answer, Sim, talkers},
    world::Act,
};

fn act(sim: &mut Sim, body: &str) -> Answer {
    sim.control("POST", "/_sim/act", body)
}

fn done(sim: &mut Sim, body: &str) {
    let answer = act(sim, body);
    assert_eq!(answer.status(), 200, "{}", answer.text());
}

fn error(sim: &mut Sim, body: &str) -> String {
    let answer = act(sim, body);
    assert_eq!(answer.status(), 400, "{body}");
    answer.json()["error"].as_str().unwrap().to_owned()
}

fn session_list(sim: &mut Sim, owner: u64) -> Vec<u64> {
    let path = "/session_svr/v1/session_svr/get_sessions?session_type=4";
    talkers(&sim.get(owner, path).data())
}

/// One field of a session as its owner sees it.
fn field(sim: &mut Sim, owner: u64, query: &str, name: &str) -> Value {
    let path = format!("/session_svr/v1/session_svr/session_detail?{query}");
    sim.get(owner, &path).data()[name].clone()
}

const FRIEND: &str = "talker_id=10002&session_type=1";
const GROUP: &str = "talker_id=20001&session_type=2";
const GROUP_MESSAGES: &str =
    "/svr_sync/v1/svr_sync/fetch_session_msgs?talker_id=20001&session_type=2&size=20";

#[test]
fn a_recall_by_phone_has_no_time_limit_and_looks_like_a_recall_by_endpoint() {
    let mut sim = Sim::demo();
    let key = sim.write(r#"{"from":10002,"to":10001,"text":"x","seconds_ago":9999}"#);
    let recall = serde_json::json!({ "recall": { "uid": 10002, "msg_key": key["msg_key"] } });
    let unread = field(&mut sim, 10001, FRIEND, "unread_count").as_u64();
    done(&mut sim, &recall.to_string());

    let state = sim.state();
    let messages = state["messages"].as_array().unwrap();
    let [.., target, said] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(
        (&target["msg_key"], &target["msg_status"]),
        (&key["msg_key"], &1.into())
    );
    assert_eq!(
        (&said["msg_type"], &said["content"]),
        (&5.into(), &key["msg_key"])
    );
    assert_eq!(
        (&said["from"], &said["talker"]["user"]),
        (&10002.into(), &10001.into())
    );
    assert_eq!(said["timestamp"], sim.now.as_secs());
    let left = field(&mut sim, 10001, FRIEND, "unread_count").as_u64();
    assert_eq!(left.map(|left| left + 1), unread);
}

#[test]
fn a_recall_by_phone_needs_an_own_message_that_is_not_recalled() {
    let mut sim = Sim::demo();
    let key = sim.write(r#"{"from":10002,"to":10001,"text":"x"}"#)["msg_key"].clone();
    let recall = |uid: u64, key: &Value| {
        serde_json::json!({ "recall": { "uid": uid, "msg_key": key } }).to_string()
    };
    for (uid, problem) in [
        (9, "acts[0].uid: there is no user 9"),
        (
            10001,
            "acts[0].msg_key: only its sender can recall a message",
        ),
    ] {
        assert_eq!(error(&mut sim, &recall(uid, &key)), problem);
    }
    let others = error(&mut sim, &recall(10003, &key));
    assert!(others.starts_with("acts[0].msg_key: 10003 did not write message "));
    let nothing = error(&mut sim, &recall(10002, &5.into()));
    assert_eq!(nothing, "acts[0].msg_key: there is no message 5");
    done(&mut sim, &recall(10002, &key));
    let again = error(&mut sim, &recall(10002, &key));
    assert!(again.ends_with(" is recalled already"), "{again}");
}

#[test]
fn a_recall_by_phone_does_not_use_up_the_keys_of_sends() {
    let mut world = crate::World::demo();
    world.options.msg_keys = vec![crate::MsgKey(77)];
    let mut sim = Sim::new(world);
    let key = sim.write(r#"{"from":10002,"to":10001,"text":"x"}"#)["msg_key"].clone();
    done(
        &mut sim,
        &serde_json::json!({ "recall": { "uid": 10002, "msg_key": key } }).to_string(),
    );
    assert_eq!(sim.send(10001, 10002, "y").data()["msg_key"], 77);
}

#[test]
fn following_and_blocking_take_effect() {
    let mut sim = Sim::demo();
    let both = r#"[{"follow":{"uid":10001,"other":10003}},{"block":{"uid":10003,"other":10001}}]"#;
    assert_eq!(act(&mut sim, both).json()["done"], 2);
    sim.say(10003, 10001, "x");
    assert_eq!(sim.session(10001, 10003)["is_follow"], 1);
    assert_eq!(sim.send(10001, 10003, "x").code(), 25003);
    done(
        &mut sim,
        r#"[{"unfollow":{"uid":10001,"other":10003}},{"unblock":{"uid":10003,"other":10001}}]"#,
    );
    assert_eq!(sim.session(10001, 10003)["is_follow"], 0);
    assert_eq!(sim.send(10001, 10003, "x").code(), 0);
}

#[test]
fn a_new_member_reads_earlier_messages_and_has_only_later_ones_unread() {
    let mut sim = Sim::demo();
    assert_eq!(sim.get(10003, GROUP_MESSAGES).code(), 700_014);
    done(&mut sim, r#"{"join":{"uid":10003,"group":20001}}"#);
    assert!(sim.get(10003, GROUP_MESSAGES).data()["messages"].is_array());
    assert_eq!(field(&mut sim, 10003, GROUP, "unread_count"), 0);
    sim.say_in_group(10002, 20001, "欢迎");
    assert_eq!(field(&mut sim, 10003, GROUP, "unread_count"), 1);
    done(&mut sim, r#"{"join":{"uid":10003,"group":20001}}"#);
    assert_eq!(field(&mut sim, 10003, GROUP, "unread_count"), 1);
}

#[test]
fn leaving_a_group_removes_its_session() {
    let mut sim = Sim::demo();
    assert!(session_list(&mut sim, 10002).contains(&20001));
    for _ in 0..2 {
        done(&mut sim, r#"{"leave":{"uid":10002,"group":20001}}"#);
        sim.say_in_group(10001, 20001, "x");
        assert!(!session_list(&mut sim, 10002).contains(&20001));
        assert_eq!(sim.get(10002, GROUP_MESSAGES).code(), 700_014);
    }
}

#[test]
fn a_dissolved_group_can_be_read_but_neither_written_to_nor_joined() {
    let mut sim = Sim::demo();
    done(&mut sim, r#"{"dissolve":{"group":20001}}"#);
    assert_eq!(sim.state()["groups"][0]["dissolved"], true);
    assert_eq!(sim.get(10002, GROUP_MESSAGES).code(), 0);
    assert_eq!(
        error(&mut sim, r#"{"join":{"uid":10003,"group":20001}}"#),
        "acts[0].group: group 20001 is dissolved"
    );
}

#[test]
fn a_session_is_marked_read_up_to_a_message_or_whole() {
    let mut sim = Sim::demo();
    let newest = field(&mut sim, 10001, FRIEND, "max_seqno")
        .as_u64()
        .unwrap();
    let upto = newest - 1;
    for (more, unread) in [(format!(r#","upto":{upto}"#), 1), (String::new(), 0)] {
        let ack = format!(r#"{{"ack":{{"uid":10001,"talker":{{"user":10002}}{more}}}}}"#);
        done(&mut sim, &ack);
        assert_eq!(field(&mut sim, 10001, FRIEND, "unread_count"), unread);
    }
}

#[test]
fn a_session_is_pinned_muted_and_intercepted_and_back() {
    let mut sim = Sim::demo();
    let talker = r#""talker":{"user":10002}"#;
    let other = r#""other":10002"#;
    let now = sim.now.0;
    for (verb, whom, name, value) in [
        ("pin", talker, "top_ts", now),
        ("unpin", talker, "top_ts", 0),
        ("mute", talker, "is_dnd", 1),
        ("unmute", talker, "is_dnd", 0),
        ("intercept", other, "is_intercept", 1),
        ("unintercept", other, "is_intercept", 0),
    ] {
        done(&mut sim, &format!(r#"{{"{verb}":{{"uid":10001,{whom}}}}}"#));
        assert_eq!(field(&mut sim, 10001, FRIEND, name), value, "{verb}");
    }
}

#[test]
fn a_removed_session_comes_back_with_the_next_message() {
    let mut sim = Sim::demo();
    done(
        &mut sim,
        r#"{"remove":{"uid":10001,"talker":{"user":10002}}}"#,
    );
    assert!(!session_list(&mut sim, 10001).contains(&10002));
    sim.say(10002, 10001, "x");
    assert!(session_list(&mut sim, 10001).contains(&10002));
}

#[test]
fn users_groups_and_sessions_of_acts_must_exist() {
    let mut sim = Sim::demo();
    for (body, problem) in [
        (
            r#"{"follow":{"uid":9,"other":10001}}"#,
            "uid: there is no user 9",
        ),
        (
            r#"{"unblock":{"uid":10001,"other":9}}"#,
            "other: there is no user 9",
        ),
        (
            r#"{"block":{"uid":10001,"other":10001}}"#,
            "other: is the account's own uid",
        ),
        (
            r#"{"join":{"uid":9,"group":20001}}"#,
            "uid: there is no user 9",
        ),
        (
            r#"{"join":{"uid":10003,"group":9}}"#,
            "group: there is no group 9",
        ),
        (
            r#"{"leave":{"uid":10003,"group":9}}"#,
            "group: there is no group 9",
        ),
        (
            r#"{"leave":{"uid":10001,"group":20001}}"#,
            "uid: 10001 owns group 20001",
        ),
        (r#"{"dissolve":{"group":9}}"#, "group: there is no group 9"),
        (
            r#"{"ack":{"uid":10001,"talker":{"user":10003}}}"#,
            "talker: 10001 has no session with user 10003",
        ),
        (
            r#"{"pin":{"uid":10001,"talker":{"group":9}}}"#,
            "talker: there is no group 9",
        ),
        (
            r#"{"mute":{"uid":10003,"talker":{"group":20001}}}"#,
            "talker: 10003 is not in group 20001",
        ),
        (
            r#"{"intercept":{"uid":10001,"other":9}}"#,
            "other: there is no user 9",
        ),
    ] {
        assert_eq!(
            error(&mut sim, body),
            format!("acts[0].{problem}"),
            "{body}"
        );
        let act = serde_json::from_str(body).unwrap();
        let by_hand = sim.service.act(act, sim.now).unwrap_err();
        assert_eq!(by_hand.to_string(), problem);
    }
}

#[test]
fn the_first_refused_act_ends_a_list() {
    let mut sim = Sim::demo();
    let acts = r#"[{"follow":{"uid":10002,"other":10003}},
                   {"follow":{"uid":10002,"other":9}},
                   {"unfollow":{"uid":10002,"other":10001}}]"#;
    assert_eq!(error(&mut sim, acts), "acts[1].other: there is no user 9");
    assert_eq!(
        sim.state()["accounts"][1]["follows"],
        serde_json::json!([10001, 10003])
    );
}

#[test]
fn the_acts_of_the_readme_are_valid() {
    let readme = include_str!("../../../README.md");
    let section = readme.split("\n## Acts\n").nth(1).unwrap();
    let rows: Vec<&str> = section
        .split("\n## ")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("| `{"))
        .collect();
    assert_eq!(rows.len(), 9);
    for row in rows {
        let (act, also) = row.split_once('`').unwrap();
        let act = act.replace('…', "5");
        let [_, verb, rest] = act.splitn(3, '"').collect::<Vec<_>>()[..] else {
            panic!("{act}")
        };
        let also = also
            .split('|')
            .next()
            .unwrap()
            .split('"')
            .skip(1)
            .step_by(2);
        for verb in std::iter::once(verb).chain(also) {
            let act = format!(r#"{{"{verb}"{rest}"#);
            assert!(serde_json::from_str::<Act>(&act).is_ok(), "{act}");
        }
    }
}

#[test]
fn a_list_with_an_unreadable_act_does_nothing() {
    let mut sim = Sim::demo();
    let before = sim.state()["accounts"].clone();
    let good = r#"{"follow":{"uid":10002,"other":10003}}"#;
    for bad in [
        r#"{"follow":{"uid":10002,"other":10003,"why":1}}"#,
        r#"{"folow":{"uid":10002,"other":10003}}"#,
        r#"{"follow":{"uid":10002}}"#,
        r#"{"#,
    ] {
        error(&mut sim, &format!("[{good},{bad}]"));
    }
    assert_eq!(sim.state()["accounts"], before);
}
