//! `decode`.

use bili_im_proto::for_each_endpoint;
use heck::ToKebabCase;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Ran, bare, feed};

fn decode(args: &str, body: &str) -> Ran {
    feed(&mut bare(&format!("decode {args}")), body.as_bytes())
}

fn decoded(endpoint: &str, body: &Value) -> Value {
    let ran = decode(&format!("{endpoint} --json"), &body.to_string());
    assert_eq!((ran.code, &*ran.err), (0, ""), "{endpoint}: {ran:?}");
    ran.json()
}

/// The names of all endpoints.
fn names() -> Vec<String> {
    macro_rules! names {
        ($($endpoint:ident,)*) => { [$(stringify!($endpoint)),*] };
    }
    let names = for_each_endpoint!(names);
    names.map(ToKebabCase::to_kebab_case).into()
}

/// Answers of all endpoints, each with a part of the JSON made of it.
#[derive(Deserialize)]
struct Decoded {
    endpoint: String,
    /// An answer's data in full.
    full: Value,
    /// The place of the part.
    at: String,
    is: Value,
    /// The least data that an answer has.
    least: Value,
}

#[test]
fn every_endpoint_s_answer_is_read_in_full_and_at_its_least() {
    let all: Vec<Decoded> = serde_json::from_str(include_str!("decoded.json")).unwrap();
    for case in all {
        let endpoint = &*case.endpoint;
        let answer = decoded(
            endpoint,
            &json!({"code": 0, "message": "0", "data": case.full}),
        );
        assert_eq!(
            answer.pointer(&case.at),
            Some(&case.is),
            "{endpoint}: {answer}"
        );
        let text = answer.to_string();
        for secret in ["hidden", "secret", "renewal"] {
            assert!(!text.contains(secret), "{endpoint}: {text}");
        }
        let answer = decoded(endpoint, &json!({"code": 0, "data": case.least}));
        assert!(answer.is_object(), "{endpoint}: {answer}");
    }
}

const PAGE: &str = "<html>\u{1b}[2J</html>";

/// Answers that are no success of any endpoint: status and body, exit code and kind of the error.
const NO_SUCCESS: [(u16, &str, i32, &str); 15] = [
    (200, "", 1, "Unreadable"),
    (200, "null", 1, "Unreadable"),
    (200, "[]", 1, "Unreadable"),
    (200, PAGE, 1, "Unreadable"),
    (200, r#"{"code":0"#, 1, "Unreadable"),
    (200, "{}", 1, "Unreadable"),
    (
        200,
        r#"{"code":-101,"message":"账号未登录"}"#,
        3,
        "NotLoggedIn",
    ),
    (
        200,
        r#"{"code":-111,"message":"csrf","data":null}"#,
        4,
        "Csrf",
    ),
    (
        200,
        r#"{"code":-412,"message":"blocked"}"#,
        5,
        "RiskControl",
    ),
    (
        200,
        r#"{"code":-509,"message":"fast","data":{}}"#,
        5,
        "RateLimited",
    ),
    (200, r#"{"code":98765,"message":"new\u202e"}"#, 4, "Other"),
    (412, PAGE, 5, "RiskControl"),
    (429, PAGE, 5, "RateLimited"),
    (401, PAGE, 3, "NotLoggedIn"),
    (502, PAGE, 4, "Service"),
];

#[test]
fn what_is_no_success_of_any_endpoint_is_printed_with_its_exit_code() {
    for (status, body, exit, kind) in NO_SUCCESS {
        for endpoint in &names() {
            let line = format!("{endpoint} --json --status {status}");
            let ran = decode(&line, body);
            // To a logout, a page instead of JSON and these refusals mean that the login has ended.
            if endpoint == "logout" && (kind == "NotLoggedIn" || (status, body) == (200, PAGE)) {
                assert_eq!(ran.code, 0, "{body}: {ran:?}");
                continue;
            }
            assert_eq!(ran.code, exit, "{endpoint} {body}: {ran:?}");
            let error = ran.json()["error"].clone();
            assert_eq!(error, ran.error());
            assert_eq!(error["kind"], kind, "{endpoint} {body}");
            if let Ok(refused) = serde_json::from_str::<Value>(body)
                && kind != "Unreadable"
            {
                assert_eq!(error["code"], refused["code"]);
                assert!(error["message"].as_str().unwrap().contains("was refused"));
            }
            assert!(!ran.out.contains(['\u{1b}', '\u{202e}']));
        }
    }
}

#[test]
fn the_same_code_means_what_it_means_at_its_endpoint() {
    for (endpoint, body, kind) in [
        ("upload-bfs", r#"{"code":-3,"message":"x"}"#, "BadImage"),
        ("send-msg", r#"{"code":-3,"message":"x"}"#, "Service"),
        (
            "send-msg",
            r#"{"code":21047,"message":"x"}"#,
            "StrangerLimit",
        ),
    ] {
        let ran = decode(endpoint, body);
        assert_eq!(ran.code, 4, "{ran:?}");
        let printed: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(printed["error"]["kind"], kind);
        assert!(ran.err.starts_with("error: "), "{ran:?}");
        assert!(ran.err.contains(" was refused with code "), "{ran:?}");
    }
    let voucher = r#"{"code":0,"data":{"v_voucher":"voucher_x"}}"#;
    assert_eq!(decode("single-unread", voucher).code, 5);
}

#[test]
fn wrong_arguments_are_refused() {
    for status in ["x", "0", "99", "1000"] {
        decode(&format!("nav --status {status}"), "").failed(2, "--status");
    }
    decode("no-such", "").failed(2, "ENDPOINT");
}

fn contents(messages: &[(i64, i64, &str)], option: &str) -> Vec<Value> {
    let messages: Vec<Value> = messages
        .iter()
        .map(|(msg_type, status, content)| {
            json!({"sender_uid": 1, "receiver_type": 1, "receiver_id": 2, "msg_type": msg_type, "content": content,
                   "msg_seqno": 1, "timestamp": 1, "msg_key": "1", "msg_status": status})
        })
        .collect();
    let body = json!({"code": 0, "data": {"messages": messages}});
    let answer = decoded(&format!("fetch-session-msgs {option}"), &body);
    let messages = answer["messages"].as_array().unwrap();
    let contents = messages.iter().map(|message| message["content"].clone());
    contents.collect()
}

#[test]
fn contents_are_typed_and_what_is_not_understood_is_kept() {
    let image = r#"{"url":"https://i0.hdslb.com/x","width":3,"imageType":"image/png","size":1.5}"#;
    let share = r#"{"id":9007199254740993,"title":"t","source":5}"#;
    let notice =
        r#"{"title":"t","text":"x","jump_uri":"https://a","modules":[{"title":"a","detail":"b"}]}"#;
    let article = r#"{"rid":7,"title":"t","summary":"s","attach_msg":{"id":1,"content":"c"}}"#;
    let messages = [
        (2, 0, image),
        (7, 0, share),
        (10, 0, notice),
        (12, 0, article),
        (18, 0, r#"{"content":"[{\"text\":\"tip\"}]"}"#),
        (777, 0, "anything"),
        (1, 0, "no JSON"),
    ];
    let found = contents(&messages, "");
    assert_eq!(
        found[0],
        json!({"type": "image", "summary": "[图片]", "url": "https://i0.hdslb.com/x", "width": 3, "height": null,
               "format": "png", "size": 2})
    );
    assert_eq!(found[1]["type"], "share");
    assert_eq!(found[1]["id"], "9007199254740993");
    let button = json!({"label": "查看详情", "url": "https://a"});
    assert_eq!(found[2]["buttons"], json!([button]));
    assert_eq!(found[2]["modules"], json!([{"title": "a", "detail": "b"}]));
    assert_eq!(found[3]["summary"], "[专栏] t");
    assert_eq!(found[3]["abstract"], "s");
    assert_eq!(found[3]["attach_msg"], json!({"id": "1", "content": "c"}));
    assert_eq!(found[4]["parts"][0]["text"], "tip");
    assert_eq!(
        found[5],
        json!({"type": "unknown", "summary": "[消息类型 777] anything", "msg_type": 777, "raw": "anything"})
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
        (9, r#"{"title":"a"}"#, "mini_program"),
        (11, r#"{"title":"a"}"#, "video_push"),
        (13, r#"{"title":"a"}"#, "picture_card"),
        (14, r#"{"title":"a"}"#, "share_other"),
        (15, r#"{"title":"a"}"#, "text_share"),
        (16, r#"{"sub_cards":[{"field1":"a"}]}"#, "works"),
        (9, "{}", "malformed"),
        (19, r#"{"content":{"paragraphs":["a"]}}"#, "ai"),
        (301, r#"{"group_id":7,"content":"x"}"#, "group_event"),
    ] {
        let found = contents(&[(msg_type, 0, content)], "");
        assert_eq!(found[0]["type"], name);
        assert!(found[0]["summary"].is_string());
    }
}

#[test]
fn contents_as_others_have_seen_them_are_summed_up() {
    let word = |text: &str| json!({"node_type": 1, "raw_text": text, "word": {"words": text}});
    let paragraphs = json!([
        {"para_type": 1, "text": {"nodes": [word("你好"), word("，世界")]}},
        {"para_type": 1, "text": {"nodes": [word("再见")]}},
    ]);
    for (msg_type, content, summary) in [
        (
            19,
            json!({"content": {"paragraphs": paragraphs}}),
            "你好，世界 再见",
        ),
        (52, json!({"paragraphs": paragraphs}), "你好，世界 再见"),
        (
            10,
            json!({"modules": [{"title": "场次", "detail": "今晚"}]}),
            "场次",
        ),
        (
            11,
            json!({"title": "新视频", "attach_msg": "快来看"}),
            "新视频",
        ),
        (14, json!({"title": "转发", "sourceID": "7"}), "转发"),
        (
            15,
            json!({"title": "标题", "text": "正文", "jump_url": "https://a"}),
            "标题",
        ),
        (7, json!({"author": "某人"}), "某人"),
    ] {
        let found = contents(&[(msg_type, 0, &content.to_string())], "");
        let shown = found[0]["summary"].as_str().unwrap();
        assert!(shown.contains(summary), "{msg_type}: {shown}");
    }
}

#[test]
fn a_recalled_message_says_nothing_unless_asked() {
    let recalled = [(1, 1, r#"{"content":"oops"}"#)];
    let hidden = json!({"type": "recalled", "summary": "[消息已撤回]"});
    assert_eq!(contents(&recalled, ""), [hidden]);
    let shown = contents(&recalled, "--show-recalled");
    assert_eq!(shown[0]["text"], "oops");
}

#[test]
fn what_strangers_wrote_drives_no_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}2J\r\n";
    let body = json!({"code": 0, "data": [{"mid": 1, "name": evil, "sign": evil}]}).to_string();
    for args in ["cards", "cards --json"] {
        let ran = decode(args, &body);
        assert_eq!(ran.code, 0);
        let controls = ['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\r'];
        assert!(!ran.out.contains(controls), "{ran:?}");
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(answer["users"][0]["name"], evil);
    }
}

#[test]
fn it_is_indented_for_people_and_on_one_line_for_scripts() {
    let body = r#"{"code":0,"data":{"unread_count":4}}"#;
    let indented = decode("my-group-unread", body).out;
    assert_eq!(indented, "{\n  \"unread_count\": 4\n}\n");
    let on_one_line = decode("my-group-unread --json", body).out;
    assert_eq!(on_one_line, "{\"unread_count\":4}\n");
}
