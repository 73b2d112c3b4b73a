//! `decode`.

use bili_im_proto::for_each_endpoint;
use heck::ToKebabCase;
use serde_json::{Value, json};

use crate::support::{Ran, bare, feed};

fn decode(args: &[&str], body: &str) -> Ran {
    feed(&mut bare(&[&["decode"], args].concat()), body.as_bytes())
}

fn decoded(endpoint: &str, body: &str) -> Value {
    let ran = decode(&[endpoint, "--json"], body);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{endpoint}: {ran:?}");
    ran.json()
}

const SESSION: &str = r#"{"talker_id":10002,"session_type":1,"unread_count":3,"max_seqno":9007199254740993,
    "session_ts":1700000000000000,"is_dnd":1,"last_msg":{"sender_uid":10002,"receiver_type":1,"receiver_id":10001,
    "msg_type":1,"content":"{\"content\":\"hi\"}","msg_seqno":9007199254740993,"timestamp":1700000000,
    "msg_key":7354295169819585966,"msg_status":0,"msg_source":7}}"#;

/// The names of all endpoints.
fn names() -> Vec<String> {
    macro_rules! names {
        ($($endpoint:ident,)*) => { [$(stringify!($endpoint)),*] };
    }
    let names = for_each_endpoint!(names);
    names.map(ToKebabCase::to_kebab_case).into()
}

/// An endpoint, an answer with all data, a part of the JSON made of it, and a part of the JSON made
/// of an answer with the least data.
fn endpoints() -> Vec<(&'static str, String, &'static str, Value, &'static str)> {
    let page = format!(r#"{{"session_list":[{SESSION}],"has_more":1}}"#);
    let messages = r#"{"messages":[{"sender_uid":10002,"receiver_type":1,"receiver_id":10001,"msg_type":1,
        "content":"{\"content\":\"hi\"}","msg_seqno":5,"timestamp":1700000000,"msg_key":7354295169819585966,
        "at_uids":[0]}],"has_more":0,"e_infos":[{"text":"[doge]","uri":"https://i0.hdslb.com/d.png"}]}"#;
    let send = r#"{"msg_key":7354295169819585966,"msg_content":"{\"content\":\"hi\"}","e_infos":[],
        "key_hit_infos":{"toast":"careful"}}"#;
    let nav = r#"{"isLogin":true,"mid":10001,"uname":"up","face":"https://f","level_info":{"current_level":6},
        "wbi_img":{"img_url":"https://i0.hdslb.com/bfs/wbi/7cd084941338484aae1ad9425b84077c.png",
        "sub_url":"https://i0.hdslb.com/bfs/wbi/4932caff0ff746eab6f01bf08b70ac45.png"}}"#;
    let done = r#"{"code":0,"url":"https://a/?DedeUserID=10001&Expires=1790000000&SESSDATA=top%2Csecret&bili_jct=hidden","refresh_token":"renewal"}"#;
    [
        ("nav", nav, "/profile/uid", json!("10001"), r#"{"mid":1}"#),
        (
            "send-msg",
            send,
            "/msg_key",
            json!("7354295169819585966"),
            r#"{"msg_key":1}"#,
        ),
        ("recall", send, "/accepted", json!(true), "{}"),
        (
            "single-unread",
            r#"{"follow_unread":"2"}"#,
            "/follow_unread",
            json!(2),
            "null",
        ),
        (
            "my-group-unread",
            r#"{"unread_count":4}"#,
            "/unread_count",
            json!(4),
            "null",
        ),
        (
            "get-sessions",
            &page,
            "/sessions/0/max_seqno",
            json!("9007199254740993"),
            "null",
        ),
        (
            "new-sessions",
            &page,
            "/sessions/0/last_msg/content/text",
            json!("hi"),
            r#"{"session_list":null}"#,
        ),
        (
            "session-detail",
            SESSION,
            "/talker/user",
            json!("10002"),
            r#"{"talker_id":1,"session_type":2}"#,
        ),
        ("update-ack", "{}", "/accepted", json!(true), "null"),
        ("remove-session", "{}", "/accepted", json!(true), "null"),
        ("set-top", "{}", "/accepted", json!(true), "null"),
        ("update-intercept", "{}", "/accepted", json!(true), "null"),
        (
            "batch-update-dustbin-ack",
            "{}",
            "/accepted",
            json!(true),
            "null",
        ),
        ("batch-rm-dustbin", "{}", "/accepted", json!(true), "null"),
        (
            "fetch-session-msgs",
            messages,
            "/messages/0/content",
            json!({"type": "text", "text": "hi", "summary": "hi"}),
            r#"{"messages":null,"min_seqno":18446744073709551615}"#,
        ),
        (
            "is-limit",
            r#"{"is_limit":1}"#,
            "/is_limit",
            json!(true),
            "null",
        ),
        (
            "get-msg-dnd",
            r#"{"uid_settings":[{"id":10002,"setting":1}],"group_settings":[{"id":20001,"setting":0}]}"#,
            "/settings",
            json!([
                {"talker": {"user": "10002"}, "is_muted": true},
                {"talker": {"group": "20001"}, "is_muted": false},
            ]),
            "null",
        ),
        ("set-msg-dnd", "{}", "/accepted", json!(true), "null"),
        (
            "get-session-ss",
            r#"{"follow_status":6,"push_setting":1}"#,
            "/follow_status",
            json!(6),
            "null",
        ),
        ("set-push-ss", "{}", "/accepted", json!(true), "null"),
        ("get", r#"{"msg_notify":3}"#, "/msg_notify", json!(3), "null"),
        ("set", "{}", "/accepted", json!(true), "null"),
        (
            "upload-bfs",
            r#"{"image_url":"http://i0.hdslb.com/x.png","image_width":3,"image_height":4}"#,
            "/url",
            json!("https://i0.hdslb.com/x.png"),
            r#"{"image_url":"https://i0.hdslb.com/x.png"}"#,
        ),
        (
            "cards",
            r#"[{"mid":10002,"name":"n","face":"f","sign":"s","level":5}]"#,
            "/users/0/uid",
            json!("10002"),
            "null",
        ),
        (
            "generate",
            r#"{"url":"https://a/?k=hidden","qrcode_key":"hidden"}"#,
            "/url",
            json!("***"),
            r#"{"url":"u","qrcode_key":"k"}"#,
        ),
        (
            "poll",
            done,
            "",
            json!({"state": "done", "uid": "10001", "expires": 1790000000, "can_write": true, "refresh_token": "***"}),
            r#"{"code":86101}"#,
        ),
        ("v2", "{}", "/accepted", json!(true), "null"),
        (
            "spi",
            r#"{"b_3":"hidden","b_4":""}"#,
            "/buvid3",
            json!("***"),
            r#"{"b_3":"x"}"#,
        ),
    ]
    .map(|(name, full, pointer, found, least)| (name, full.to_owned(), pointer, found, least))
    .into()
}

#[test]
fn every_endpoint_s_answer_is_read_in_full_and_at_its_least() {
    for (endpoint, full, pointer, found, least) in endpoints() {
        let answer = decoded(
            endpoint,
            &format!(r#"{{"code":0,"message":"0","data":{full}}}"#),
        );
        assert_eq!(
            answer.pointer(pointer),
            Some(&found),
            "{endpoint}: {answer}"
        );
        let text = answer.to_string();
        for secret in ["hidden", "secret", "renewal"] {
            assert!(!text.contains(secret), "{endpoint}: {text}");
        }
        let answer = decoded(endpoint, &format!(r#"{{"code":0,"data":{least}}}"#));
        assert!(answer.is_object(), "{endpoint}: {answer}");
    }
}

#[test]
fn what_is_no_answer_of_any_endpoint_is_told_as_such() {
    for endpoint in &names() {
        for body in [
            "",
            "null",
            "[]",
            "<html>\u{1b}[2J</html>",
            r#"{"code":0"#,
            "{}",
        ] {
            // A page instead of JSON means to a logout that the login has ended.
            if endpoint == "logout" && body.starts_with('<') {
                assert_eq!(decode(&[endpoint], body).code, 0);
                continue;
            }
            let ran = decode(&[endpoint, "--json"], body);
            assert_eq!(ran.code, 1, "{endpoint} {body}: {ran:?}");
            assert_eq!(ran.json()["error"]["kind"], "Unreadable");
            assert_eq!(ran.json()["error"], ran.error());
            assert!(!ran.out.contains('\u{1b}'));
        }
    }
}

#[test]
fn a_refusal_is_printed_with_its_exit_code() {
    for endpoint in &names() {
        let login = endpoint == "logout";
        for (body, code, kind, exit) in [
            (
                r#"{"code":-101,"message":"账号未登录"}"#,
                -101,
                "NotLoggedIn",
                3,
            ),
            (
                r#"{"code":-111,"message":"csrf","data":null}"#,
                -111,
                "Csrf",
                4,
            ),
            (
                r#"{"code":-412,"message":"blocked"}"#,
                -412,
                "RiskControl",
                5,
            ),
            (
                r#"{"code":-509,"message":"fast","data":{}}"#,
                -509,
                "RateLimited",
                5,
            ),
            (r#"{"code":98765,"message":"new\u202e"}"#, 98765, "Other", 4),
        ] {
            if login && code == -101 {
                continue;
            }
            let ran = decode(&[endpoint, "--json"], body);
            assert_eq!(ran.code, exit, "{endpoint} {body}: {ran:?}");
            let error = ran.json()["error"].clone();
            assert_eq!(error["kind"], kind);
            assert_eq!(error["code"], code);
            assert_eq!(error["exit_code"], exit);
            assert!(error["message"].as_str().unwrap().contains("was refused"));
            assert!(!ran.out.contains('\u{202e}'));
        }
    }
}

#[test]
fn the_same_code_means_what_it_means_at_its_endpoint() {
    for (endpoint, kind) in [("upload-bfs", "BadImage"), ("send-msg", "Service")] {
        let ran = decode(&[endpoint, "--json"], r#"{"code":-3,"message":"x"}"#);
        assert_eq!(ran.json()["error"]["kind"], kind);
    }
    let ran = decode(&["send-msg"], r#"{"code":21047,"message":"one only"}"#);
    assert_eq!(ran.code, 4);
    assert!(
        ran.err
            .starts_with("error: send_msg was refused with code 21047")
    );
    let error: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(error["error"]["kind"], "StrangerLimit");
}

#[test]
fn the_status_says_what_the_body_does_not() {
    for (status, kind, exit) in [
        ("412", "RiskControl", 5),
        ("429", "RateLimited", 5),
        ("401", "NotLoggedIn", 3),
        ("502", "Service", 4),
    ] {
        for endpoint in &names() {
            if endpoint == "logout" && status == "401" {
                continue;
            }
            let ran = decode(&[endpoint, "--status", status, "--json"], "<html></html>");
            assert_eq!(ran.code, exit, "{endpoint} {ran:?}");
            assert_eq!(ran.json()["error"]["kind"], kind);
        }
    }
    let voucher = r#"{"code":0,"data":{"v_voucher":"voucher_x"}}"#;
    assert_eq!(decode(&["single-unread"], voucher).code, 5);
    for status in ["x", "0", "99", "1000"] {
        decode(&["nav", "--status", status], "").failed(2, "--status");
    }
    decode(&["no-such"], "").failed(2, "ENDPOINT");
}

fn contents(messages: &[(i64, i64, &str)], args: &[&str]) -> Vec<Value> {
    let messages: Vec<Value> = messages
        .iter()
        .map(|(msg_type, status, content)| {
            json!({"sender_uid": 1, "receiver_type": 1, "receiver_id": 2, "msg_type": msg_type, "content": content,
                   "msg_seqno": 1, "timestamp": 1, "msg_key": "1", "msg_status": status})
        })
        .collect();
    let body = json!({"code": 0, "data": {"messages": messages}}).to_string();
    let ran = decode(&[&["fetch-session-msgs", "--json"], args].concat(), &body);
    assert_eq!(ran.code, 0, "{ran:?}");
    let messages = ran.json()["messages"].as_array().unwrap().clone();
    messages
        .into_iter()
        .map(|message| message["content"].clone())
        .collect()
}

#[test]
fn contents_are_typed_and_what_is_not_understood_is_kept() {
    let found = contents(
        &[
            (
                2,
                0,
                r#"{"url":"https://i0.hdslb.com/x","width":3,"imageType":"image/png","size":1.5}"#,
            ),
            (7, 0, r#"{"id":9007199254740993,"title":"t","source":5}"#),
            (
                10,
                0,
                r#"{"title":"t","text":"x","jump_uri":"https://a","modules":[{"title":"a","detail":"b"}]}"#,
            ),
            (
                12,
                0,
                r#"{"rid":7,"title":"t","summary":"s","attach_msg":{"id":1,"content":"c"}}"#,
            ),
            (18, 0, r#"{"content":"[{\"text\":\"tip\"}]"}"#),
            (777, 0, "anything"),
            (1, 0, "no JSON"),
        ],
        &[],
    );
    assert_eq!(
        found[0],
        json!({"type": "image", "summary": "[图片]", "url": "https://i0.hdslb.com/x", "width": 3, "height": null,
               "format": "png", "size": 2})
    );
    assert_eq!(found[1]["type"], "share");
    assert_eq!(found[1]["id"], "9007199254740993");
    assert_eq!(
        found[2]["buttons"],
        json!([{"label": "查看详情", "url": "https://a"}])
    );
    assert_eq!(found[2]["modules"], json!([{"title": "a", "detail": "b"}]));
    assert_eq!(found[3]["summary"], "[专栏] t");
    assert_eq!(found[3]["abstract"], "s");
    assert_eq!(found[3]["attach_msg"], json!({"id": "1", "content": "c"}));
    assert_eq!(found[4]["parts"][0]["text"], "tip");
    assert_eq!(
        found[5],
        json!({"type": "unknown", "summary": "[消息类型 777]", "msg_type": 777, "raw": "anything"})
    );
    assert_eq!(found[6]["type"], "malformed");
    assert_eq!(found[6]["raw"], "no JSON");
}

#[test]
fn every_type_of_content_has_its_name() {
    for (msg_type, content, name) in [
        (1, r#"{"content":"a"}"#, "text"),
        (5, "7", "recall"),
        (6, r#"{"url":"https://a"}"#, "image"),
        (9, "{}", "mini_program"),
        (11, "{}", "video_push"),
        (13, "{}", "picture_card"),
        (14, "{}", "share_other"),
        (16, r#"{"sub_cards":[{"card_id":1}]}"#, "works"),
        (19, r#"{"content":{"paragraphs":["a"]}}"#, "ai"),
        (301, r#"{"group_id":7,"content":"x"}"#, "group_event"),
    ] {
        let found = contents(&[(msg_type, 0, content)], &[]);
        assert_eq!(found[0]["type"], name);
        assert!(found[0]["summary"].is_string());
    }
}

#[test]
fn a_recalled_message_says_nothing_unless_asked() {
    let recalled = [(1, 1, r#"{"content":"oops"}"#)];
    let hidden = contents(&recalled, &[]);
    assert_eq!(
        hidden[0],
        json!({"type": "recalled", "summary": "[消息已撤回]"})
    );
    let shown = contents(&recalled, &["--show-recalled"]);
    assert_eq!(shown[0]["text"], "oops");
}

#[test]
fn what_strangers_wrote_drives_no_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}2J\r\n";
    let body = json!({"code": 0, "data": [{"mid": 1, "name": evil, "sign": evil}]}).to_string();
    for args in [&["cards"][..], &["cards", "--json"]] {
        let ran = decode(args, &body);
        assert_eq!(ran.code, 0);
        assert!(
            !ran.out
                .contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\r'])
        );
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(answer["users"][0]["name"], evil);
    }
}

#[test]
fn it_is_indented_for_people_and_on_one_line_for_scripts() {
    let body = r#"{"code":0,"data":{"unread_count":4}}"#;
    assert_eq!(
        decode(&["my-group-unread"], body).out,
        "{\n  \"unread_count\": 4\n}\n"
    );
    assert_eq!(
        decode(&["my-group-unread", "--json"], body).out,
        "{\"unread_count\":4}\n"
    );
}
