use serde_json::Value;

use crate::{
    ids::{GroupId, Talker, Uid},
    testing::{Answer, DAY, Sim, world},
};

const PATH: &str = "/web_im/v1/web_im/send_msg";
const FRIEND: Talker = Talker::User(Uid(10002));
const GROUP: Talker = Talker::Group(GroupId(20001));
const TEXT: &str = r#"{"content":"你好"}"#;

/// The newest message.
fn newest(sim: &mut Sim) -> Value {
    sim.state()["messages"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone()
}

fn count(sim: &mut Sim) -> usize {
    sim.state()["messages"].as_array().unwrap().len()
}

fn send_content(sim: &mut Sim, msg_type: u32, content: &str) -> Answer {
    let sending = sim.sending(10001, FRIEND, msg_type, content);
    sim.deliver(&sending)
}

/// A send with one wrong field is refused with this code, and nothing is written.
fn refused(name: &str, value: Option<&str>) -> i64 {
    let mut sim = Sim::demo();
    let before = count(&mut sim);
    let sending = sim.sending(10001, FRIEND, 1, TEXT).with(name, value);
    let answer = sim.deliver(&sending);
    assert_eq!(count(&mut sim), before);
    assert!(answer.json().get("data").is_none(), "{}", answer.text());
    answer.code()
}

#[test]
fn a_text_arrives_and_the_answer_repeats_it() {
    let mut sim = Sim::demo();
    let data = sim.send(10001, 10002, "在[doge]").data();
    let written = newest(&mut sim);
    assert_eq!(
        written["msg_key"],
        data["msg_key"].as_u64().unwrap().to_string()
    );
    assert_eq!(written["content"], r#"{"content":"在[doge]"}"#);
    assert_eq!(data["msg_content"], written["content"]);
    assert_eq!(data["e_infos"][0]["text"], "[doge]");
    assert_eq!(data["key_hit_infos"], serde_json::json!({}));
    assert_eq!(
        sim.session(10002, 10001)["last_msg"]["content"],
        written["content"]
    );
}

#[test]
fn a_text_about_money_gets_a_warning_unless_it_goes_to_a_group() {
    let mut sim = Sim::demo();
    let warned = sim.send(10001, 10002, "先转账").data();
    assert_eq!(warned["key_hit_infos"]["high_text"][0], "转账");
    let sending = sim.sending(10001, GROUP, 1, r#"{"content":"先转账"}"#);
    assert_eq!(
        sim.deliver(&sending).data()["key_hit_infos"],
        serde_json::json!({})
    );
}

#[test]
fn an_image_arrives_and_the_answer_does_not_repeat_it() {
    let mut sim = Sim::demo();
    let image = r#"{"url":"https://i0.hdslb.com/bfs/im_new/a.png","width":1,"height":1,"imageType":"png","size":1.5}"#;
    let data = send_content(&mut sim, 2, image).data();
    assert!(data.get("msg_content").is_none());
    assert_eq!(newest(&mut sim)["content"], image);
}

#[test]
fn a_send_marks_the_session_read() {
    let mut sim = Sim::demo();
    assert_eq!(sim.session(10001, 10002)["unread_count"], 2);
    sim.send(10001, 10002, "x").data();
    assert_eq!(sim.session(10001, 10002)["unread_count"], 0);
    assert_eq!(sim.session(10002, 10001)["unread_count"], 1);
}

#[test]
fn an_unknown_cookie_sends_nothing() {
    let mut sim = Sim::demo();
    let mut sending = sim.sending(10001, FRIEND, 1, TEXT);
    sending.cookie = "SESSDATA=sim-9; bili_jct=9".to_owned();
    assert_eq!(sim.deliver(&sending).code(), -101);
}

#[test]
fn both_csrf_fields_and_the_cookie_are_needed() {
    for field in ["csrf", "csrf_token"] {
        assert_eq!(refused(field, None), -111);
        assert_eq!(refused(field, Some("0")), -111);
    }
    let mut sim = Sim::demo();
    let mut sending = sim.sending(10001, FRIEND, 1, TEXT);
    sending.cookie = "SESSDATA=sim-10001".to_owned();
    assert_eq!(sim.deliver(&sending).code(), -111);
}

#[test]
fn an_unsigned_send_is_a_bad_request() {
    let mut sim = Sim::demo();
    let before = count(&mut sim);
    let sending = sim.sending(10001, FRIEND, 1, TEXT);
    let body = String::from_utf8(sending.request().into_body()).unwrap();
    assert_eq!(sim.post_raw(10001, PATH, &body).code(), -400);
    assert_eq!(count(&mut sim), before);
}

#[test]
fn a_stale_signature_gets_the_chosen_answer() {
    for (chosen, code, has_voucher) in [
        ("voucher", 0, true),
        ("risk_control", -352, true),
        ("forbidden", -403, false),
        ("bad_request", -400, false),
    ] {
        let mut sim = Sim::new(world(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2}}],"options":{{"stale_signature":"{chosen}"}}}}"#
        )));
        let sending = sim.sending(1, Talker::User(Uid(2)), 1, TEXT);
        sim.service.rotate_keys();
        let answer = sim.deliver(&sending);
        assert_eq!(answer.code(), code, "{chosen}");
        assert_eq!(
            answer.json()["data"].get("v_voucher").is_some(),
            has_voucher,
            "{chosen}"
        );
        assert_eq!(count(&mut sim), 0);
    }
}

#[test]
fn a_stale_signature_can_get_any_of_the_four_by_chance() {
    let mut sim = Sim::new(world(
        r#"{"accounts":[{"uid":1},{"uid":2}],"options":{"stale_signature":"by_chance"}}"#,
    ));
    let sending = sim.sending(1, Talker::User(Uid(2)), 1, TEXT);
    sim.service.rotate_keys();
    let mut codes: Vec<i64> = (0..60).map(|_| sim.deliver(&sending).code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, [-403, -400, -352, 0]);
}

#[test]
fn the_keys_of_yesterday_are_stale() {
    let mut sim = Sim::demo();
    let keys = sim.keys();
    sim.pass(DAY);
    let mut sending = sim.sending(10001, FRIEND, 1, TEXT);
    sending.keys = keys;
    assert!(sim.deliver(&sending).data()["msg_key"].is_null());
}

#[test]
fn a_clock_more_than_ten_minutes_off_makes_a_stale_signature() {
    for (off, sent) in [(600, true), (601, false)] {
        let mut sim = Sim::demo();
        let mut sending = sim.sending(10001, FRIEND, 1, TEXT);
        sending.wts -= off;
        assert_eq!(
            sim.deliver(&sending).data()["msg_key"].is_u64(),
            sent,
            "{off}"
        );
    }
}

#[test]
fn the_query_repeats_what_the_body_says() {
    for name in ["w_sender_uid", "w_receiver_id", "w_dev_id"] {
        assert_eq!(refused(name, Some("1")), -400);
        assert_eq!(refused(name, None), -400);
    }
}

#[test]
fn every_field_must_be_valid() {
    for (name, wrong) in [
        ("msg[receiver_type]", "3"),
        ("msg[msg_type]", "7"),
        ("msg[msg_status]", "1"),
        ("msg[timestamp]", "now"),
    ] {
        assert_eq!(refused(name, Some(wrong)), -400, "{name}");
    }
    for name in [
        "msg[receiver_type]",
        "msg[msg_type]",
        "msg[timestamp]",
        "msg[content]",
    ] {
        assert_eq!(refused(name, None), -400, "{name}");
    }
}

#[test]
fn the_sender_is_the_owner_of_the_cookie() {
    let mut sim = Sim::demo();
    let sending = sim.sending(10001, FRIEND, 1, TEXT);
    let sending = sending
        .with("w_sender_uid", Some("10003"))
        .with("msg[sender_uid]", Some("10003"));
    assert_eq!(sim.deliver(&sending).code(), -400);
}

#[test]
fn the_device_id_must_be_in_upper_case() {
    let lower = "372778fd-e359-461d-86a3-ea2bcc6ff52a";
    let mut sim = Sim::demo();
    let sending = sim.sending(10001, FRIEND, 1, TEXT);
    let sending = sending
        .with("w_dev_id", Some(lower))
        .with("msg[dev_id]", Some(lower));
    assert_eq!(sim.deliver(&sending).code(), -400);
}

#[test]
fn a_content_must_fit_its_type() {
    for (msg_type, content, code) in [
        (1, "你好", -400),
        (1, r#"{"content":""}"#, -400),
        (1, r#"{"content":1}"#, -400),
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
        assert_eq!(
            send_content(&mut Sim::demo(), msg_type, content).code(),
            code,
            "{content}"
        );
    }
}

#[test]
fn a_content_has_at_most_2000_bytes() {
    let of_length = |length: usize| format!(r#"{{"content":"{}"}}"#, "a".repeat(length - 14));
    assert_eq!(of_length(2000).len(), 2000);
    assert_eq!(
        send_content(&mut Sim::demo(), 1, &of_length(2000)).code(),
        0
    );
    assert_eq!(
        send_content(&mut Sim::demo(), 1, &of_length(2001)).code(),
        21007
    );
    let three_bytes_each = format!(r#"{{"content":"{}"}}"#, "好".repeat(663));
    assert_eq!(
        send_content(&mut Sim::demo(), 1, &three_bytes_each).code(),
        21007
    );
}

#[test]
fn a_stranger_gets_one_message() {
    let mut sim = Sim::demo();
    assert_eq!(sim.send(10001, 10003, "1").code(), 0);
    assert_eq!(sim.send(10001, 10003, "2").code(), 21047);
    assert_eq!(sim.send(10001, 10002, "to a friend").code(), 0);
}

#[test]
fn a_stranger_who_answers_gets_more_messages() {
    let mut sim = Sim::demo();
    sim.send(10001, 10003, "1").data();
    assert_eq!(sim.send(10003, 10001, "2").code(), 0);
    assert_eq!(sim.send(10001, 10003, "3").code(), 0);
    assert_eq!(sim.send(10001, 10003, "4").code(), 0);
}

#[test]
fn a_follower_is_not_a_stranger() {
    let mut sim = Sim::new(world(r#"{"accounts":[{"uid":1},{"uid":2,"follows":[1]}]}"#));
    for _ in 0..3 {
        assert_eq!(sim.send(1, 2, "x").code(), 0);
    }
    assert_eq!(sim.send(2, 1, "x").code(), 0);
}

#[test]
fn following_a_stranger_does_not_help() {
    let mut sim = Sim::new(world(r#"{"accounts":[{"uid":1,"follows":[2]},{"uid":2}]}"#));
    assert_eq!(sim.send(1, 2, "1").code(), 0);
    assert_eq!(sim.send(1, 2, "2").code(), 21047);
}

#[test]
fn messages_to_a_stranger_over_the_limit_may_be_swallowed() {
    let mut sim = Sim::new(world(
        r#"{"accounts":[{"uid":1},{"uid":2}],
            "options":{"over_stranger_limit":"swallow","last_msg_missing":"never"}}"#,
    ));
    sim.send(1, 2, "1").data();
    assert!(sim.send(1, 2, "2").data()["msg_key"].is_u64());
    assert_eq!(
        sim.session(1, 2)["last_msg"]["content"],
        r#"{"content":"2"}"#
    );
    assert_eq!(
        sim.session(2, 1)["last_msg"]["content"],
        r#"{"content":"1"}"#
    );
}

#[test]
fn blocks_and_privacy_are_respected() {
    let mut sim = Sim::new(world(
        r#"{"accounts":[
            {"uid":1,"blocks":[2],"follows":[5]},{"uid":2},
            {"uid":3,"accepts":"nobody","follows":[1]},
            {"uid":4,"accepts":"followed","follows":[1]},
            {"uid":5,"accepts":"followed"}]}"#,
    ));
    for (from, to, code) in [
        (1, 1, 21026),
        (1, 2, 25005),
        (2, 1, 25003),
        (1, 3, 25003),
        (1, 4, 0),
        (1, 5, 25003),
    ] {
        assert_eq!(sim.send(from, to, "x").code(), code, "{from} to {to}");
    }
    let sending = sim.sending(1, Talker::User(Uid(99)), 1, TEXT);
    assert_eq!(sim.deliver(&sending).code(), -404);
}

#[test]
fn a_group_accepts_messages_of_its_members_only() {
    let mut sim = Sim::demo();
    let sending = sim.sending(10001, GROUP, 1, TEXT);
    assert_eq!(sim.deliver(&sending).code(), 0);
    let sending = sim.sending(10003, GROUP, 1, TEXT);
    assert_eq!(sim.deliver(&sending).code(), 700_014);
    let sending = sim.sending(10001, Talker::Group(GroupId(1)), 1, TEXT);
    assert_eq!(sim.deliver(&sending).code(), 700_013);
}

#[test]
fn a_dissolved_group_refuses_messages() {
    let mut sim = Sim::new(world(
        r#"{"accounts":[{"uid":1}],"groups":[{"id":3,"name":"g","owner":1,"members":[1],"dissolved":true}]}"#,
    ));
    let sending = sim.sending(1, Talker::Group(GroupId(3)), 1, TEXT);
    assert_eq!(sim.deliver(&sending).code(), 700_013);
}

#[test]
fn sending_is_as_fast_as_the_world_allows() {
    let mut sim = Sim::new(world(
        r#"{"accounts":[{"uid":1},{"uid":2,"follows":[1]}],
            "options":{"send_limit":{"messages":2,"seconds":10}}}"#,
    ));
    assert_eq!(sim.send(1, 2, "1").code(), 0);
    sim.pass(5);
    assert_eq!(sim.send(1, 2, "2").code(), 0);
    assert_eq!(sim.send(1, 2, "3").code(), 21020);
    sim.pass(5);
    assert_eq!(sim.send(1, 2, "3").code(), 0);
    assert_eq!(sim.send(1, 2, "4").code(), 21020);
}

#[test]
fn a_recall_hides_the_message_and_is_a_message_itself() {
    let mut sim = Sim::demo();
    let key = sim.send(10001, 10002, "oops").data()["msg_key"].clone();
    assert_eq!(sim.session(10002, 10001)["unread_count"], 1);
    sim.pass(120);
    let data = sim.recall(10001, 10002, &key).data();
    assert_ne!(data["msg_key"], key);

    let page = sim
        .get(
            10002,
            "/svr_sync/v1/svr_sync/fetch_session_msgs?talker_id=10001&session_type=1&size=2",
        )
        .data();
    let (recall, recalled) = (&page["messages"][0], &page["messages"][1]);
    assert_eq!(
        (&recall["msg_type"], &recall["content"]),
        (&5.into(), &key.to_string().into())
    );
    assert!(recall.get("sys_cancel").is_some());
    assert_eq!(
        (&recalled["msg_key"], &recalled["msg_status"]),
        (&key, &1.into())
    );
    assert_eq!(recalled["content"], r#"{"content":"oops"}"#);
    assert!(recalled.get("sys_cancel").is_none());
    assert_eq!(sim.session(10002, 10001)["unread_count"], 0);
}

#[test]
fn only_ones_own_recent_messages_of_the_session_can_be_recalled() {
    let mut sim = Sim::demo();
    let key = sim.send(10001, 10002, "x").data()["msg_key"].clone();
    assert_eq!(sim.recall(10001, 10003, &key).code(), 10005);
    assert_eq!(sim.recall(10003, 10001, &key).code(), 10005);
    assert_eq!(sim.recall(10002, 10001, &key).code(), -403);
    assert_eq!(sim.recall(10001, 10002, &7.into()).code(), 10005);
    sim.pass(121);
    assert_eq!(sim.recall(10001, 10002, &key).code(), 21041);
}

#[test]
fn neither_a_recalled_message_nor_a_recall_can_be_recalled() {
    let mut sim = Sim::demo();
    let key = sim.send(10001, 10002, "x").data()["msg_key"].clone();
    let recall = sim.recall(10001, 10002, &key).data()["msg_key"].clone();
    assert_eq!(sim.recall(10001, 10002, &key).code(), 21042);
    assert_eq!(sim.recall(10001, 10002, &recall).code(), 10005);
    sim.pass(121);
    assert_eq!(sim.recall(10001, 10002, &key).code(), 21042);
}

#[test]
fn messages_between_other_users_cannot_be_recalled() {
    let mut sim = Sim::demo();
    let key = sim.send(10001, 10002, "x").data()["msg_key"].clone();
    let answer = sim.recall(10003, 10002, &key);
    assert_eq!(answer.code(), 10005);
}

const CURL_TEXT: &str = "msg[sender_uid]=293793435&msg[receiver_id]=1&msg[receiver_type] =1&msg[msg_type]=1\
    &msg[content]=%7B%22content%22%3A%22up%E4%B8%BB%E4%BD%A0%E5%A5%BD%2C%5Cn%E5%82%AC%E6%9B%B4%5Bdoge%5D%22%7D\
    &csrf_token=xxx";

fn classic(sim: &mut Sim, body: &str) -> Answer {
    sim.post_with_cookie(
        "application/x-www-form-urlencoded",
        "SESSDATA=xxx",
        PATH,
        body,
    )
}

#[test]
fn the_source_documents_sends_get_the_answers_it_shows() {
    let mut sim = Sim::classic_seed();
    assert_eq!(
        classic(&mut sim, CURL_TEXT).text(),
        r#"{"code":0,"msg":"ok","message":"ok","data":{"msg_key":6852559688104417870,"_gt_":0}}"#
    );
    assert_eq!(
        newest(&mut sim)["content"],
        "{\"content\":\"up主你好,\\n催更[doge]\"}"
    );

    let image = "msg[sender_uid]=293793435&msg[receiver_id]=1&msg[receiver_type] =1&msg[msg_type]=2\
        &msg[content]=%7B%22url%22%3A%22https%3A%2F%2Fexample.com%2Fa.jpg%22%7D&csrf_token=xxx";
    assert_eq!(
        classic(&mut sim, image).text(),
        r#"{"code":0,"msg":"ok","message":"ok","data":{"msg_key":6852570013146024354,"_gt_":0}}"#
    );

    let recall = "msg[sender_uid]=293793435&msg[receiver_id]=1&msg[receiver_type]=1&msg[msg_type]=5\
        &msg[content]=6852559688104417870&csrf_token=xxx";
    assert_eq!(classic(&mut sim, recall).code(), 0);
}

#[test]
fn an_unquoted_image_url_is_refused() {
    let image = "msg[sender_uid]=293793435&msg[receiver_id]=1&msg[receiver_type] =1&msg[msg_type]=2\
        &msg[content]=%7B%22url%22%3Ahttps%3A%2F%2Fi1.hdslb.com%2Fa.jpg%7D&csrf_token=xxx";
    assert_eq!(classic(&mut Sim::classic_seed(), image).code(), -400);
}

#[test]
fn the_classic_csrf_token_is_checked_too() {
    let wrong = CURL_TEXT.replace("csrf_token=xxx", "csrf_token=yyy");
    assert_eq!(
        classic(&mut Sim::classic_seed(), &wrong).text(),
        r#"{"code":-111,"message":"csrf 校验失败"}"#
    );
}

#[test]
fn todays_service_refuses_the_mistakes_of_the_source_document() {
    let mut sim = Sim::demo();
    let sending = sim.sending(10001, FRIEND, 1, TEXT);
    let mut request = sending.request();
    let body = String::from_utf8(request.body().clone()).unwrap();
    *request.body_mut() = body
        .replace("receiver_type%5D=", "receiver_type%5D+=")
        .into_bytes();
    let answer = Answer(sim.handle(request).answer().unwrap());
    assert_eq!(answer.code(), -400);
    assert_eq!(
        answer.header("x-sim-why"),
        Some("msg[receiver_type] is missing")
    );
}
