use serde_json::json;

use crate::{
    ids::Talker,
    testing::{Got, Sim},
    world::World,
};

const FRIEND: Talker = Talker::User(crate::Uid(10002));
const GROUP: Talker = Talker::Group(crate::GroupId(20001));
const TEXT: &str = r#"{"content":"你好"}"#;

type Change<'a> = (&'a str, Option<&'a str>);

/// The code that a send gets whose fields are changed. When it is refused, nothing is written.
fn code_of(mut sim: Sim, changes: &[Change<'_>]) -> i64 {
    let before = sim.messages().len();
    let mut sending = sim.sending(10001, FRIEND, 1, TEXT);
    for (name, value) in changes {
        sending = sending.with(name, *value);
    }
    let answer = sim.deliver(&sending);
    let is_written = sim.messages().len() > before;
    assert_eq!(is_written, answer.code() == 0, "{changes:?}");
    assert_eq!(is_written, answer.json().get("data").is_some());
    answer.code()
}

/// A service in which the signature of the given send has become stale.
fn with_stale_signature(option: &str) -> (Sim, crate::testing::Sending) {
    let mut sim = Sim::from_json(&format!(
        r#"{{"accounts":[{{"uid":1}},{{"uid":2}}],"options":{{"stale_signature":"{option}"}}}}"#
    ));
    let sending = sim.sending(1, Talker::user(2), 1, TEXT);
    sim.service.rotate_keys();
    (sim, sending)
}

#[test]
fn a_text_arrives_and_the_answer_repeats_it() {
    let mut sim = Sim::demo();
    let data = sim.send(10001, 10002, "在[doge]").data();
    let written = sim.newest_message();
    assert_eq!(written["msg_key"], data["msg_key"].to_string());
    assert_eq!(written["content"], r#"{"content":"在[doge]"}"#);
    assert_eq!(data["msg_content"], written["content"]);
    assert_eq!(data["e_infos"][0]["text"], "[doge]");
    assert_eq!(data["key_hit_infos"], json!({}));
    let arrived = &sim.session(10002, 10001)["last_msg"];
    assert_eq!(arrived["content"], written["content"]);
}

#[test]
fn a_text_about_money_gets_a_warning_unless_it_goes_to_a_group() {
    let mut sim = Sim::demo();
    let warned = sim.send(10001, 10002, "先转账").data();
    assert_eq!(warned["key_hit_infos"]["high_text"], json!(["转账"]));
    let sent = sim
        .send_any(10001, GROUP, 1, r#"{"content":"先转账"}"#)
        .data();
    assert_eq!(sent["key_hit_infos"], json!({}));
}

#[test]
fn an_image_arrives_under_either_name_of_its_type_and_the_answer_does_not_repeat_it() {
    for name in ["imageType", "type"] {
        let mut sim = Sim::strict();
        let image = format!(
            r#"{{"url":"https://i0.hdslb.com/bfs/im_new/a.png","width":1,"height":1,"{name}":"png","size":1.5}}"#
        );
        let data = sim.send_any(10001, FRIEND, 2, &image).data();
        assert!(data.get("msg_content").is_none());
        assert_eq!(sim.newest_message()["content"], image);
    }
}

#[test]
fn the_cookie_needs_a_known_login_and_in_strict_mode_its_token() {
    for (mut sim, cookie, code) in [
        (Sim::demo(), "SESSDATA=sim-9; bili_jct=9", -101),
        (Sim::demo(), "SESSDATA=sim-10001; bili_jct=9", -111),
        (Sim::demo(), "SESSDATA=sim-10001", 0),
        (Sim::strict(), "SESSDATA=sim-10001", -111),
    ] {
        let mut sending = sim.sending(10001, FRIEND, 1, TEXT);
        sending.cookie = cookie.to_owned();
        assert_eq!(sim.deliver(&sending).code(), code, "{cookie}");
    }
}

#[test]
fn an_unsigned_send_is_a_bad_request() {
    let mut sim = Sim::demo();
    let before = sim.messages().len();
    let sending = sim.sending(10001, FRIEND, 1, TEXT);
    let body = sending.request().into_body();
    let form = String::from_utf8(body).unwrap();
    let answer = sim.post_form(&sending.cookie, "send_msg", &form);
    assert_eq!(answer.code(), -400);
    assert_eq!(sim.messages().len(), before);
}

#[test]
fn a_stale_signature_gets_the_chosen_answer() {
    for (chosen, code, has_voucher) in [
        ("voucher", 0, true),
        ("risk_control", -352, true),
        ("forbidden", -403, false),
        ("bad_request", -400, false),
    ] {
        let (mut sim, sending) = with_stale_signature(chosen);
        let answer = sim.deliver(&sending);
        assert_eq!(answer.code(), code, "{chosen}");
        let voucher = &answer.json()["data"]["v_voucher"];
        assert_eq!(voucher.is_string(), has_voucher, "{chosen}");
        assert!(sim.messages().is_empty());
    }
}

#[test]
fn a_stale_signature_can_get_any_of_the_four_by_chance() {
    let (mut sim, sending) = with_stale_signature("by_chance");
    let codes = (0..60).map(|_| sim.deliver(&sending).code());
    let codes: std::collections::BTreeSet<i64> = codes.collect();
    assert!(codes.into_iter().eq([-403, -400, -352, 0]));
}

#[test]
fn every_field_must_be_valid() {
    for (name, wrong, code) in [
        ("csrf", Some("0"), -111),
        ("csrf", None, -111),
        ("csrf_token", Some("0"), -111),
        // The query repeats what the body says.
        ("w_sender_uid", Some("1"), -400),
        ("w_sender_uid", None, -400),
        ("w_receiver_id", Some("1"), -400),
        ("w_receiver_id", None, -400),
        ("w_dev_id", Some("1"), -400),
        ("msg[receiver_type]", Some("3"), -400),
        ("msg[receiver_type]", None, -400),
        ("msg[msg_type]", Some("7"), -400),
        ("msg[msg_type]", None, -400),
        ("msg[msg_status]", Some("1"), -400),
        ("msg[timestamp]", Some("now"), -400),
        ("msg[timestamp]", None, -400),
        ("msg[content]", None, -400),
    ] {
        for sim in [Sim::demo(), Sim::strict()] {
            let changes = [(name, wrong)];
            assert_eq!(code_of(sim, &changes), code, "{name} {wrong:?}");
        }
    }
}

#[test]
fn what_other_clients_leave_out_or_write_otherwise_is_refused_in_strict_mode_only() {
    let lower = Some("372778fd-e359-461d-86a3-ea2bcc6ff52a");
    let changes: [(&[Change<'_>], i64); 4] = [
        (&[("csrf_token", None)], -111),
        (&[("w_dev_id", None)], -400),
        (&[("w_dev_id", lower), ("msg[dev_id]", lower)], -400),
        (&[("msg[new_face_version]", None)], 0),
    ];
    for (changes, in_strict_mode) in changes {
        assert_eq!(code_of(Sim::demo(), changes), 0, "{changes:?}");
        assert_eq!(
            code_of(Sim::strict(), changes),
            in_strict_mode,
            "{changes:?}"
        );
    }
}

#[test]
fn the_sender_is_the_owner_of_the_cookie_and_the_device_id_a_uuid() {
    for (in_query, in_body, wrong) in [
        ("w_sender_uid", "msg[sender_uid]", "10003"),
        ("w_dev_id", "msg[dev_id]", "372778FD"),
    ] {
        let changes = [(in_query, Some(wrong)), (in_body, Some(wrong))];
        assert_eq!(code_of(Sim::demo(), &changes), -400, "{in_body}");
    }
}

#[test]
fn a_content_must_fit_its_type_and_has_at_most_2000_bytes() {
    let long = |text: &str, times| format!(r#"{{"content":"{}"}}"#, text.repeat(times));
    let [longest, too_long] = [1986, 1987].map(|letters| long("a", letters));
    assert_eq!(longest.len(), 2000);
    let three_bytes_each = long("好", 663);
    for (msg_type, content, code) in [
        (1, "你好", -400),
        (1, r#"{"content":""}"#, -400),
        (1, r#"{"content":1}"#, -400),
        (1, &longest, 0),
        (1, &too_long, 21007),
        (1, &three_bytes_each, 21007),
        (2, r#"{"width":1}"#, -400),
        (
            2,
            r#"{"url":"https://i0.hdslb.com/a.png","width":"1"}"#,
            -400,
        ),
        (2, r#"{"url":"https://example.com/a.png"}"#, 21037),
        (5, r#"{"content":"1"}"#, -400),
        (5, "+1", -400),
        (5, "", -400),
        (5, "99999999999999999999", -400),
    ] {
        let answer = Sim::demo().send_any(10001, FRIEND, msg_type, content);
        assert_eq!(answer.code(), code, "{content}");
    }
}

#[test]
fn a_stranger_gets_one_message_and_more_after_an_answer() {
    let mut sim = Sim::demo();
    for (from, to, code) in [
        (10001, 10003, 0),
        (10001, 10003, 21047),
        (10001, 10002, 0),
        (10003, 10001, 0),
        (10001, 10003, 0),
        (10001, 10003, 0),
    ] {
        assert_eq!(sim.send(from, to, "x").code(), code, "{from} to {to}");
    }
}

#[test]
fn a_follower_is_not_a_stranger_but_following_a_stranger_does_not_help() {
    let mut sim = Sim::from_json(r#"{"accounts":[{"uid":1},{"uid":2,"follows":[1]}]}"#);
    for (from, to, code) in [(1, 2, 0), (1, 2, 0), (1, 2, 0), (2, 1, 0)] {
        assert_eq!(sim.send(from, to, "x").code(), code, "{from} to {to}");
    }
    let mut sim = Sim::from_json(r#"{"accounts":[{"uid":1,"follows":[2]},{"uid":2}]}"#);
    for code in [0, 21047] {
        assert_eq!(sim.send(1, 2, "x").code(), code);
    }
}

#[test]
fn messages_to_a_stranger_over_the_limit_may_be_swallowed() {
    let mut sim = Sim::from_json(
        r#"{"accounts":[{"uid":1},{"uid":2}],
            "options":{"over_stranger_limit":"swallow","last_msg_missing":"never"}}"#,
    );
    sim.send(1, 2, "1").data();
    assert!(sim.send(1, 2, "2").data()["msg_key"].is_u64());
    for (owner, talker, newest) in [(1, 2, r#"{"content":"2"}"#), (2, 1, r#"{"content":"1"}"#)] {
        assert_eq!(sim.session(owner, talker)["last_msg"]["content"], newest);
    }
}

#[test]
fn blocks_privacy_and_membership_are_respected() {
    let mut sim = Sim::from_json(
        r#"{"accounts":[
            {"uid":1,"blocks":[2],"follows":[5]},{"uid":2},
            {"uid":3,"accepts":"nobody","follows":[1]},
            {"uid":4,"accepts":"followed","follows":[1]},
            {"uid":5,"accepts":"followed"}],
            "groups":[{"id":6,"name":"g","owner":1,"members":[1]},
                      {"id":7,"name":"g","owner":1,"members":[1],"dissolved":true}]}"#,
    );
    for (from, to, code) in [
        (1, Talker::user(1), 21026),
        (1, Talker::user(2), 25005),
        (2, Talker::user(1), 25003),
        (1, Talker::user(3), 25003),
        (1, Talker::user(4), 0),
        (1, Talker::user(5), 25003),
        (1, Talker::user(99), -404),
        (1, Talker::group(6), 0),
        (2, Talker::group(6), 700_014),
        (1, Talker::group(7), 700_013),
        (1, Talker::group(8), 700_013),
    ] {
        let answer = sim.send_any(from, to, 1, TEXT);
        assert_eq!(answer.code(), code, "{from} to {to}");
    }
}

#[test]
fn groups_may_be_closed() {
    let mut sim = Sim::demo();
    assert_eq!(sim.send_any(10001, GROUP, 1, TEXT).code(), 0);
    let mut world = World::demo();
    world.options.groups_closed = true;
    let mut sim = Sim::new(world);
    assert_eq!(sim.send_any(10001, GROUP, 1, TEXT).code(), 21028);
    assert_eq!(sim.send_any(10001, FRIEND, 1, TEXT).code(), 0);
}

#[test]
fn sending_is_as_fast_as_the_world_allows() {
    let mut sim = Sim::from_json(
        r#"{"accounts":[{"uid":1},{"uid":2,"follows":[1]}],
            "options":{"send_limit":{"messages":2,"seconds":10}}}"#,
    );
    for (seconds, code) in [(0, 0), (5, 0), (0, 21020), (5, 0), (0, 21020)] {
        sim.pass(seconds);
        assert_eq!(sim.send(1, 2, "x").code(), code);
    }
}

#[test]
fn a_recall_hides_the_message_and_is_a_message_itself() {
    let mut sim = Sim::demo();
    let key = sim.send(10001, 10002, "oops").data()["msg_key"].clone();
    assert_eq!(sim.session(10002, 10001)["unread_count"], 1);
    sim.pass(120);
    let data = sim.recall(10001, 10002, &key).data();
    assert_ne!(data["msg_key"], key);

    let page = sim.data(
        10002,
        "fetch_session_msgs?talker_id=10001&session_type=1&size=2",
    );
    let (recall, recalled) = (&page["messages"][0], &page["messages"][1]);
    assert_eq!(recall["msg_type"], 5);
    assert_eq!(recall["content"], key.to_string());
    assert!(recall.get("sys_cancel").is_none());
    assert_eq!(
        (&recalled["msg_key"], &recalled["msg_status"]),
        (&key, &1.into())
    );
    assert_eq!(recalled["content"], r#"{"content":"oops"}"#);
    assert_eq!(sim.session(10002, 10001)["unread_count"], 0);
}

#[test]
fn only_ones_own_recent_messages_of_the_session_can_be_recalled_and_only_once() {
    let mut sim = Sim::demo();
    let mut send = || sim.send(10001, 10002, "x").data()["msg_key"].clone();
    let (key, kept) = (send(), send());
    for (from, to, key, code) in [
        (10001, 10003, &key, 10005),
        (10003, 10001, &key, 10005),
        (10003, 10002, &key, 10005),
        (10002, 10001, &key, -403),
        (10001, 10002, &7.into(), 10005),
    ] {
        assert_eq!(sim.recall(from, to, key).code(), code, "{from} to {to}");
    }
    let recall = sim.recall(10001, 10002, &key).data()["msg_key"].clone();
    assert_eq!(sim.recall(10001, 10002, &key).code(), 21042);
    assert_eq!(sim.recall(10001, 10002, &recall).code(), 10005);
    sim.pass(121);
    assert_eq!(sim.recall(10001, 10002, &key).code(), 21042);
    assert_eq!(sim.recall(10001, 10002, &kept).code(), 21041);
}

/// A send of the source document's account to its creator.
fn classic(rest: &str) -> String {
    format!("msg[sender_uid]=293793435&msg[receiver_id]=1&msg[receiver_type] =1&{rest}")
}

const CLASSIC_TEXT: &str = "msg[msg_type]=1\
    &msg[content]=%7B%22content%22%3A%22up%E4%B8%BB%E4%BD%A0%E5%A5%BD%2C%5Cn%E5%82%AC%E6%9B%B4%5Bdoge%5D%22%7D\
    &csrf_token=xxx";

fn send_classic(sim: &mut Sim, rest: &str) -> Got {
    sim.post_form("SESSDATA=xxx", "send_msg", &classic(rest))
}

#[test]
fn the_source_documents_sends_get_the_answers_it_shows() {
    let mut sim = Sim::classic_seed();
    assert_eq!(
        send_classic(&mut sim, CLASSIC_TEXT).text(),
        r#"{"code":0,"msg":"ok","message":"ok","data":{"msg_key":6852559688104417870,"_gt_":0}}"#
    );
    let content = "{\"content\":\"up主你好,\\n催更[doge]\"}";
    assert_eq!(sim.newest_message()["content"], content);

    let image = "msg[msg_type]=2\
        &msg[content]=%7B%22url%22%3A%22https%3A%2F%2Fexample.com%2Fa.jpg%22%7D&csrf_token=xxx";
    assert_eq!(
        send_classic(&mut sim, image).text(),
        r#"{"code":0,"msg":"ok","message":"ok","data":{"msg_key":6852570013146024354,"_gt_":0}}"#
    );

    let recall = "msg[msg_type]=5&msg[content]=6852559688104417870&csrf_token=xxx";
    assert_eq!(send_classic(&mut sim, recall).code(), 0);
}

#[test]
fn the_classic_service_checks_the_content_and_the_token_too() {
    let unquoted_url = "msg[msg_type]=2\
        &msg[content]=%7B%22url%22%3Ahttps%3A%2F%2Fi1.hdslb.com%2Fa.jpg%7D&csrf_token=xxx";
    let answer = send_classic(&mut Sim::classic_seed(), unquoted_url);
    assert_eq!(answer.code(), -400);
    let wrong_token = CLASSIC_TEXT.replace("csrf_token=xxx", "csrf_token=yyy");
    assert_eq!(
        send_classic(&mut Sim::classic_seed(), &wrong_token).text(),
        r#"{"code":-111,"message":"csrf 校验失败"}"#
    );
}

#[test]
fn todays_service_refuses_the_mistakes_of_the_source_document() {
    let mut sim = Sim::demo();
    let mut sending = sim.sending(10001, FRIEND, 1, TEXT);
    for (name, _) in &mut sending.form {
        *name = name.replace("msg[receiver_type]", "msg[receiver_type] ");
    }
    let answer = sim.deliver(&sending);
    assert_eq!(answer.code(), -400);
    let why = answer.header("x-sim-why");
    assert_eq!(why, Some("msg[receiver_type] is missing"));
}

#[test]
fn refusals_have_the_words_of_the_service() {
    let mut sim = Sim::from_json(
        r#"{"accounts":[{"uid":1,"blocks":[3]},{"uid":2},{"uid":3},{"uid":4,"accepts":"nobody"}],
            "groups":[{"id":7,"name":"g","owner":1,"members":[1],"dissolved":true},
                      {"id":8,"name":"h","owner":2,"members":[2]}]}"#,
    );
    let key = sim.send(1, 2, "hi").data()["msg_key"].clone();
    let long = "x".repeat(2000);
    let group = |id| Talker::group(id);
    for (answer, words) in [
        (sim.send(1, 2, &long), "消息过长，无法发送"),
        (sim.send(1, 1, "x"), "不能给自己发送消息哦~"),
        (
            sim.send(1, 2, "x"),
            "对方主动回复或关注你前，最多发送1条消息~",
        ),
        (
            sim.send(1, 3, "x"),
            "你已拉黑了对方，请先将对方移出黑名单后才能聊天",
        ),
        (
            sim.send(1, 4, "x"),
            "因对方隐私设置，暂无法给他发送聊天消息",
        ),
        (
            sim.send_any(1, group(7), 1, r#"{"content":"x"}"#),
            "已解散QAQ，无法执行此操作",
        ),
        (
            sim.send_any(1, group(8), 1, r#"{"content":"x"}"#),
            "你已不在此同萌中QAQ，无法执行此操作",
        ),
        (sim.recall(1, 2, &5.into()), "msgkey不存在"),
    ] {
        assert_eq!(answer.json()["message"], words);
    }
    sim.recall(1, 2, &key).data();
    assert_eq!(sim.recall(1, 2, &key).json()["message"], "消息已经撤回了哦");
}
