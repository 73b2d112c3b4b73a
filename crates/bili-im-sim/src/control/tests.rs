use serde_json::{Value, json};

use crate::{MsgKey, World, testing::Sim, world::Act};

const ACT: &str = "/_sim/act";
const CLOCK: &str = "/_sim/clock";
const MESSAGE: &str = "/_sim/message";
const QR: &str = "/_sim/qr";

const GROUP: &str = "session_detail?talker_id=20001&session_type=2";
const GROUP_MESSAGES: &str = "fetch_session_msgs?talker_id=20001&session_type=2&size=20";

fn act(sim: &mut Sim, act: &str) {
    sim.control_ok(ACT, act);
}

fn recall(uid: u64, key: &Value) -> String {
    json!({ "recall": { "uid": uid, "msg_key": key } }).to_string()
}

#[test]
fn an_unknown_control_path_is_an_error() {
    let error = Sim::demo().control_error("/_sim/nothing", "");
    assert_eq!(error, "POST /_sim/nothing is not known");
}

#[test]
fn what_is_no_json_or_misspelt_is_an_error() {
    let mut sim = Sim::demo();
    for (path, body, problem) in [
        (CLOCK, r#"{"advance":60}"#, "unknown field `advance`"),
        (QR, r#"{"qr_key":"x"}"#, "unknown field `qr_key`"),
        (MESSAGE, "{", "EOF while parsing"),
        (
            "/_sim/faults",
            r#"{"what":"any","when":"always","kind":"empt"}"#,
            "unknown variant `empt`",
        ),
    ] {
        let error = sim.control_error(path, body);
        assert!(error.contains(problem), "{body}: {error}");
    }
}

#[test]
fn time_passes_and_the_date_header_shows_it() {
    let mut sim = Sim::demo();
    let start = "Thu, 09 Oct 2025 08:53:20 GMT";
    assert_eq!(sim.get_with_cookie("", "/").header("date"), Some(start));
    let clock = sim.control_ok(CLOCK, r#"{"advance_seconds":60}"#);
    assert_eq!(clock["advanced_seconds"], 60);
    let clock = sim.control_ok(CLOCK, r#"{"advance_seconds":40,"skew_seconds":-20}"#);
    assert_eq!(clock["now"], sim.now.0 + 80_000_000);
    assert_eq!(sim.control("GET", CLOCK, "").json(), clock);
    let later = "Thu, 09 Oct 2025 08:54:40 GMT";
    assert_eq!(sim.get_with_cookie("", "/").header("date"), Some(later));
}

#[test]
fn any_user_can_write_anything_without_limit() {
    let mut sim = Sim::demo();
    (0..3).for_each(|_| sim.say(10001, 10003, "again"));
    let written = sim.write(
        r#"{"from":10002,"to":10001,"msg_type":99,"content":"not even JSON","msg_source":9}"#,
    );
    let newest = sim.newest_message();
    assert_eq!(newest["msg_key"], written["msg_key"]);
    assert_eq!(newest["msg_seqno"], written["msg_seqno"]);
    assert_eq!(newest["content"], "not even JSON");
    assert_eq!(newest["msg_source"], 9);
    assert_eq!(newest["talker"]["user"], 10001);
}

#[test]
fn users_and_groups_of_a_message_must_exist() {
    let mut sim = Sim::demo();
    for (receiver, error) in [
        (r#""from":10002,"to":5"#, "to: there is no user 5"),
        (r#""from":10002,"group":5"#, "group: there is no group 5"),
        (r#""from":5,"to":10002"#, "from: there is no user 5"),
    ] {
        let message = format!(r#"{{{receiver},"text":"x"}}"#);
        assert_eq!(sim.control_error(MESSAGE, &message), error);
    }
}

#[test]
fn a_phone_scans_the_code_that_is_named_or_the_newest() {
    let mut sim = Sim::demo();
    let [older, newer] =
        [(); 2].map(|()| sim.get_with_cookie("", "generate").data()["qrcode_key"].clone());
    let scanned = sim.control_ok(QR, r#"{"scan":10001}"#);
    assert_eq!(scanned["qrcode_key"], newer);
    let scanned = sim.control_ok(QR, &format!(r#"{{"qrcode_key":{older},"scan":10001}}"#));
    assert_eq!(scanned["qrcode_key"], older);
}

#[test]
fn scanning_needs_an_existing_user_and_a_valid_code() {
    let mut sim = Sim::demo();
    let no_code = "qrcode_key: there is no such code, or it has expired";
    let not_one = "exactly one of `scan` and `confirm` is needed";
    for (body, error) in [
        (r#"{"scan":10001}"#, no_code),
        (r#"{"qrcode_key":"x","confirm":10001}"#, no_code),
        (r#"{"scan":9}"#, "uid: there is no user 9"),
        (r#"{}"#, not_one),
        (r#"{"scan":10001,"confirm":10001}"#, not_one),
    ] {
        assert_eq!(sim.control_error(QR, body), error, "{body}");
    }
}

#[test]
fn a_recall_by_phone_has_no_time_limit_and_looks_like_a_recall_by_endpoint() {
    let mut sim = Sim::demo();
    let key = sim.write(r#"{"from":10002,"to":10001,"text":"x","seconds_ago":9999}"#);
    let key = &key["msg_key"];
    let unread = sim.unread(10001);
    act(&mut sim, &recall(10002, key));

    let messages = sim.messages();
    let [.., target, said] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(
        (&target["msg_key"], &target["msg_status"]),
        (key, &1.into())
    );
    assert_eq!((&said["msg_type"], &said["content"]), (&5.into(), key));
    assert_eq!(said["from"], 10002);
    assert_eq!(said["talker"]["user"], 10001);
    assert_eq!(said["timestamp"], sim.now.as_secs());
    assert_eq!(sim.unread(10001), unread - 1);
}

#[test]
fn a_recall_by_phone_needs_an_own_message_that_is_not_recalled() {
    let mut sim = Sim::demo();
    let key = sim.write(r#"{"from":10002,"to":10001,"text":"x"}"#)["msg_key"].clone();
    let text = key.as_str().unwrap();
    for (uid, key, problem) in [
        (9, &key, "uid: there is no user 9".to_owned()),
        (
            10001,
            &key,
            "msg_key: only its sender can recall a message".to_owned(),
        ),
        (
            10003,
            &key,
            format!("msg_key: 10003 did not write message {text}"),
        ),
        (
            10002,
            &5.into(),
            "msg_key: there is no message 5".to_owned(),
        ),
    ] {
        let error = sim.control_error(ACT, &recall(uid, key));
        assert_eq!(error, format!("acts[0].{problem}"));
    }
    act(&mut sim, &recall(10002, &key));
    let again = sim.control_error(ACT, &recall(10002, &key));
    assert!(again.ends_with(" is recalled already"), "{again}");
}

#[test]
fn a_recall_by_phone_does_not_use_up_the_keys_of_sends() {
    let mut world = World::demo();
    world.options.msg_keys = vec![MsgKey(77)];
    let mut sim = Sim::new(world);
    let written = sim.write(r#"{"from":10002,"to":10001,"text":"x"}"#);
    act(&mut sim, &recall(10002, &written["msg_key"]));
    assert_eq!(sim.send(10001, 10002, "y").data()["msg_key"], 77);
}

#[test]
fn following_and_blocking_take_effect() {
    let mut sim = Sim::demo();
    sim.say(10003, 10001, "x");
    for (follow, block, is_follow, code) in
        [("follow", "block", 1, 25003), ("unfollow", "unblock", 0, 0)]
    {
        let both = format!(
            r#"[{{"{follow}":{{"uid":10001,"other":10003}}}},{{"{block}":{{"uid":10003,"other":10001}}}}]"#
        );
        assert_eq!(sim.control_ok(ACT, &both)["done"], 2);
        assert_eq!(sim.session(10001, 10003)["is_follow"], is_follow);
        assert_eq!(sim.send(10001, 10003, "x").code(), code);
    }
}

#[test]
fn a_new_member_reads_earlier_messages_and_has_only_later_ones_unread() {
    let mut sim = Sim::demo();
    assert_eq!(sim.code(10003, GROUP_MESSAGES), 700_014);
    let join = r#"{"join":{"uid":10003,"group":20001}}"#;
    act(&mut sim, join);
    assert!(sim.data(10003, GROUP_MESSAGES)["messages"].is_array());
    assert_eq!(sim.data(10003, GROUP)["unread_count"], 0);
    sim.say_in_group(10002, 20001, "欢迎");
    assert_eq!(sim.data(10003, GROUP)["unread_count"], 1);
    act(&mut sim, join);
    assert_eq!(sim.data(10003, GROUP)["unread_count"], 1);
}

#[test]
fn leaving_a_group_removes_its_session() {
    let mut sim = Sim::demo();
    assert!(sim.listed(10002, 4).contains(&20001));
    for _ in 0..2 {
        act(&mut sim, r#"{"leave":{"uid":10002,"group":20001}}"#);
        sim.say_in_group(10001, 20001, "x");
        assert!(!sim.listed(10002, 4).contains(&20001));
        assert_eq!(sim.code(10002, GROUP_MESSAGES), 700_014);
    }
}

#[test]
fn a_dissolved_group_can_be_read_but_neither_written_to_nor_joined() {
    let mut sim = Sim::demo();
    act(&mut sim, r#"{"dissolve":{"group":20001}}"#);
    assert_eq!(sim.state()["groups"][0]["dissolved"], true);
    assert_eq!(sim.code(10002, GROUP_MESSAGES), 0);
    let error = sim.control_error(ACT, r#"{"join":{"uid":10003,"group":20001}}"#);
    assert_eq!(error, "acts[0].group: group 20001 is dissolved");
    let sent = sim.send_any(10002, crate::Talker::group(20001), 1, r#"{"content":"x"}"#);
    assert_eq!(sent.code(), 700_013);
}

#[test]
fn a_session_is_read_pinned_muted_and_intercepted_and_back() {
    let mut sim = Sim::demo();
    let talker = r#""talker":{"user":10002}"#;
    let other = r#""other":10002"#;
    let upto = sim.session(10001, 10002)["max_seqno"].as_u64().unwrap() - 1;
    let upto = format!(r#"{talker},"upto":{upto}"#);
    let now = sim.now.0;
    for (verb, whom, field, value) in [
        ("ack", &*upto, "unread_count", 1),
        ("ack", talker, "unread_count", 0),
        ("pin", talker, "top_ts", now),
        ("unpin", talker, "top_ts", 0),
        ("mute", talker, "is_dnd", 1),
        ("unmute", talker, "is_dnd", 0),
        ("intercept", other, "is_intercept", 1),
        ("unintercept", other, "is_intercept", 0),
    ] {
        act(&mut sim, &format!(r#"{{"{verb}":{{"uid":10001,{whom}}}}}"#));
        assert_eq!(sim.session(10001, 10002)[field], value, "{verb}");
    }
}

#[test]
fn a_removed_session_comes_back_with_the_next_message() {
    let mut sim = Sim::demo();
    act(
        &mut sim,
        r#"{"remove":{"uid":10001,"talker":{"user":10002}}}"#,
    );
    assert!(!sim.listed(10001, 4).contains(&10002));
    sim.say(10002, 10001, "x");
    assert!(sim.listed(10001, 4).contains(&10002));
}

#[test]
fn users_groups_and_sessions_of_acts_must_exist() {
    let mut sim = Sim::demo();
    for case in [
        r#"{"follow":{"uid":9,"other":10001}} -> uid: there is no user 9"#,
        r#"{"unblock":{"uid":10001,"other":9}} -> other: there is no user 9"#,
        r#"{"block":{"uid":10001,"other":10001}} -> other: is the account's own uid"#,
        r#"{"join":{"uid":9,"group":20001}} -> uid: there is no user 9"#,
        r#"{"join":{"uid":10003,"group":9}} -> group: there is no group 9"#,
        r#"{"leave":{"uid":10003,"group":9}} -> group: there is no group 9"#,
        r#"{"leave":{"uid":10001,"group":20001}} -> uid: 10001 owns group 20001"#,
        r#"{"dissolve":{"group":9}} -> group: there is no group 9"#,
        r#"{"ack":{"uid":10001,"talker":{"user":10003}}} -> talker: 10001 has no session with user 10003"#,
        r#"{"pin":{"uid":10001,"talker":{"group":9}}} -> talker: there is no group 9"#,
        r#"{"mute":{"uid":10003,"talker":{"group":20001}}} -> talker: 10003 is not in group 20001"#,
        r#"{"intercept":{"uid":10001,"other":9}} -> other: there is no user 9"#,
    ] {
        let (body, problem) = case.split_once(" -> ").unwrap();
        let error = sim.control_error(ACT, body);
        assert_eq!(error, format!("acts[0].{problem}"), "{body}");
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
    let error = sim.control_error(ACT, acts);
    assert_eq!(error, "acts[1].other: there is no user 9");
    assert_eq!(sim.state()["accounts"][1]["follows"], json!([10001, 10003]));
}

#[test]
fn the_acts_of_the_readme_are_valid() {
    let readme = include_str!("../../README.md");
    let section = readme.split("\n## Acts\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `{"));
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let (act, also) = row.split_once('`').unwrap();
        let act = act.replace('…', "5");
        let [_, verb, rest] = act.splitn(3, '"').collect::<Vec<_>>()[..] else {
            panic!("{act}")
        };
        let also = also.split('|').next().unwrap().split('"');
        for verb in std::iter::once(verb).chain(also.skip(1).step_by(2)) {
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
        sim.control_error(ACT, &format!("[{good},{bad}]"));
    }
    assert_eq!(sim.state()["accounts"], before);
}

#[test]
fn the_state_has_the_block_words_and_reply_texts_of_each_account() {
    let mut sim = Sim::demo();
    sim.post(10001, "add_block_word", "content=广告").data();
    let rule = "type=2&reply=yes&title=t&key1=k";
    sim.post(10002, "set_reply_text", rule).data();
    let added = sim.now.0;
    let state = sim.state();
    let of = |account: usize, field: &str| state["accounts"][account][field].clone();
    let words = json!([{ "content": "广告", "added": added }]);
    assert_eq!(of(0, "block_words"), words);
    assert_eq!(of(1, "block_words"), json!([]));
    assert_eq!(of(0, "reply_texts"), json!([]));
    let answered = sim.data(10002, "get_reply_text?type[]=2");
    assert_eq!(of(1, "reply_texts"), answered["texts"]);
}
