//! No answer and no message makes a reader panic or controls a terminal.

use std::{fs, path::Path};

use bili_im_proto::{
    http::{HeaderName, HeaderValue, Response},
    *,
};
use bili_im_tests::{
    Seen, Timeline,
    endpoints::{Decode, ENDPOINTS, decode, names},
};
use proptest::{collection, prelude::*, sample};
use serde_json::{Value, json};

use crate::config;

#[test]
fn every_endpoint_is_on_the_list() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, found);
                continue;
            }
            for line in fs::read_to_string(path).unwrap().lines() {
                if let Some(rest) = line.strip_prefix("impl Endpoint for ") {
                    found.push(
                        rest.split(|c: char| !c.is_alphanumeric())
                            .next()
                            .unwrap()
                            .to_owned(),
                    );
                }
            }
        }
    }
    let mut found = Vec::new();
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/bili-im-proto/src/endpoints");
    look(&folder, &mut found);
    found.sort();
    let mut listed: Vec<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.name).collect();
    listed.sort();
    assert_eq!(
        found, listed,
        "the list is in crates/bili-im-proto/src/endpoints/mod.rs"
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        sample::select(vec![
            0i64, 1, 2, 5, -1, -101, -352, -400, 86038, 86101, 1_000_004
        ])
        .prop_map(Value::from),
        sample::select(vec![
            "0",
            "1",
            "-1",
            "ok",
            "",
            "18446744073709551615",
            "18446744073709551616",
            "1e999",
            "{}",
            "[[",
            "{\"content\":\"x\"}",
            "https://i0.hdslb.com/bfs/wbi/7cd084941338484aae1ad9425b84077c.png",
            "https://x/?SESSDATA=a%2Cb&bili_jct=c&DedeUserID=5",
            "\u{1b}[2J",
            "\u{202e}abc",
            "\u{7f}\u{9b}",
        ])
        .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            1 => collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => collection::vec((sample::select(names().collect::<Vec<_>>()), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

/// Answers that each look like some endpoint's, with one thing in them replaced.
fn almost_right() -> impl Strategy<Value = Value> {
    const MESSAGE: &str = r#"{"sender_uid":1,"receiver_type":1,"receiver_id":2,"msg_type":1,"content":"{\"content\":\"hi\"}","msg_seqno":8,"timestamp":1626181379,"at_uids":[0],"msg_key":6852559688104417870,"msg_status":0,"notify_code":"","new_face_version":1,"msg_source":7}"#;
    let message: Value = serde_json::from_str(MESSAGE).unwrap();
    let templates = vec![
        json!({"messages": [message.clone()], "has_more": 1, "min_seqno": 1, "max_seqno": 8, "e_infos": [{"text": "[doge]", "uri": "u", "size": 1, "gif_url": "g"}]}),
        json!({"session_list": [{"talker_id": 1, "session_type": 1, "max_seqno": 8, "unread_count": 1, "last_msg": message, "account_info": {"name": "n", "pic_url": "p"}, "system_msg_type": 0, "session_ts": 5, "group_name": "g"}], "has_more": 0, "system_msg": {"7": 1}}),
        json!({"msg_key": 5, "msg_content": "c", "e_infos": [], "key_hit_infos": {"toast": "t", "high_text": {}}}),
        json!({"isLogin": true, "mid": 1, "uname": "n", "face": "f", "level_info": {"current_level": 5}, "wbi_img": {"img_url": "x", "sub_url": "y"}}),
        json!([{"mid": 1, "name": "n", "face": "f", "sign": "s", "rank": 1, "level": 2, "silence": 0}]),
        json!([{"mid": 1, "name": "n", "official": {"role": 2, "title": "t", "type": 0}, "is_fake_account": 0}]),
        json!({"words": [{"content": "w", "ctime": 1}], "max_words_size": 200}),
        json!({"texts": [{"id": 1, "type": 2, "title": "t", "key1": "k", "key2": "", "reply": "r"}]}),
        json!({"url": "u", "qrcode_key": "k", "refresh_token": "r", "timestamp": 1, "code": 0, "message": ""}),
        json!({"image_url": "http://i0.hdslb.com/x.jpg", "image_width": 1, "image_height": 2}),
        json!({"uid_settings": [{"id": 1, "setting": 1}], "group_settings": null, "follow_status": 2, "is_limit": 0}),
    ];
    let code = sample::select(vec![
        json!(0),
        json!("0"),
        json!(-101),
        json!(null),
        json!(21047),
    ]);
    (
        code,
        sample::select(templates),
        any::<sample::Index>(),
        any_json(),
    )
        .prop_map(|(code, data, place, other)| {
            let mut answer = json!({"code": code, "message": "m", "ttl": 1, "data": data});
            let mut places = Vec::new();
            list(&answer, String::new(), &mut places);
            let place = &places[place.index(places.len())];
            *answer.pointer_mut(place).unwrap() = other;
            answer
        })
}

/// A page as the service writes it, with one piece of it taken out, doubled or replaced.
fn almost_a_page() -> impl Strategy<Value = Vec<u8>> {
    const MESSAGE: &str = r#"{"sender_uid":1,"receiver_type":1,"receiver_id":2,"msg_type":1,"content":"{\"content\":\"\u4f60\"}","msg_seqno":8,"timestamp":1626181379,"at_uids":[0],"msg_key":6852559688104417870,"msg_status":0,"notify_code":"1_2","new_face_version":1,"msg_source":7}"#;
    const PIECES: [&str; 23] = [
        "", "\"", "\\", "\\\"", "\\u", "\\ud800", ",", ":", "{", "}", "[", "]", " ", "\n", "-",
        "0", "1", ".5", "null", "{}", "[]", "\"x\"", "中",
    ];
    let page = format!(
        r#"{{"code":0,"msg":"0","data":{{"messages":[{MESSAGE},{MESSAGE}],"has_more":1,"e_infos":[]}}}}"#
    );
    let piece = prop_oneof![
        4 => sample::select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => Just(b"\"msg_key\":1,".to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => Just(page.as_bytes().to_vec()),
    ];
    (any::<sample::Index>(), 0..40usize, piece, any::<bool>()).prop_map(
        move |(start, length, piece, doubled)| {
            let mut page = page.clone().into_bytes();
            let start = start.index(page.len());
            let end = page.len().min(start + length);
            let piece = if doubled {
                page[start..end].repeat(2)
            } else {
                piece
            };
            page.splice(start..end, piece);
            page
        },
    )
}

/// The places in a value, as JSON pointers.
fn list(value: &Value, here: String, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                list(item, format!("{here}/{index}"), places);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                list(field, format!("{here}/{name}"), places);
            }
        }
        _ => {}
    }
    places.push(here);
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => collection::vec(any::<u8>(), 0..300),
        1 => any::<String>().prop_map(String::into_bytes),
        2 => any_json().prop_map(|json| json.to_string().into_bytes()),
        3 => any_json().prop_map(|json| format!(r#"{{"code":0,"data":{json}}}"#).into_bytes()),
        4 => almost_right().prop_map(|json| json.to_string().into_bytes()),
        // Cut short, or with bytes that are not UTF-8.
        2 => (almost_right(), any::<sample::Index>(), any::<Option<u8>>()).prop_map(|(json, place, byte)| {
            let mut body = json.to_string().into_bytes();
            let place = place.index(body.len());
            match byte {
                Some(byte) => body[place] = byte,
                None => body.truncate(place),
            }
            body
        }),
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let name = sample::select(vec![
        "date",
        "retry-after",
        "x-bili-gaia-vvoucher",
        "set-cookie",
        "content-type",
        "location",
        "x-other",
    ]);
    let value = prop_oneof![
        collection::vec(prop_oneof![32u8..=126, 128u8..=255], 0..30),
        sample::select(vec![
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "99999999999999999999",
            "-1",
            "30",
            "18446744073709551615",
            "SESSDATA=a%2Cb; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
            "bili_jct=; Domain=.example.com",
            "DedeUserID=x",
            "=;=;",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    collection::vec(
        (name, value).prop_map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(&value).unwrap(),
            )
        }),
        0..4,
    )
}

fn any_status() -> impl Strategy<Value = u16> {
    prop_oneof![
        4 => Just(200u16),
        2 => sample::select(vec![204u16, 301, 302, 304, 307, 400, 401, 403, 404, 412, 429, 500, 502, 503, 504]),
        1 => 100u16..=999,
    ]
}

/// A character that controls a terminal or reorders a line, by a list of this test's own.
fn is_raw(character: char) -> bool {
    let number = u32::from(character);
    number < 0x20
        || (0x7f..0xa0).contains(&number)
        || matches!(number, 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069 | 0xfeff)
}

fn check_printable(error: &dyn std::error::Error) -> Result<(), TestCaseError> {
    let mut next = Some(error);
    while let Some(error) = next {
        let shown = error.to_string();
        prop_assert!(!shown.contains(is_raw), "{shown:?}");
        prop_assert!(shown.len() < 4000, "{} bytes", shown.len());
        next = error.source();
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(400))]

    /// No endpoint panics over any answer, and no error shows a raw control or bidi character.
    #[test]
    fn no_answer_breaks_an_endpoint(body in any_body(), status in any_status(), headers in any_headers()) {
        let mut response = Response::new(body);
        *response.status_mut() = status.try_into().unwrap();
        for (name, value) in headers {
            response.headers_mut().append(name, value);
        }
        for endpoint in ENDPOINTS {
            if let Err(error) = (endpoint.decode)(&response) {
                check_printable(&error)?;
                prop_assert!(!error.advice().unwrap_or_default().contains(is_raw));
            }
        }
    }

    /// A page in the service's own form, which has a reader of its own, is read as any other form
    /// of it.
    #[test]
    fn a_page_is_read_the_same_whatever_its_form(body in almost_a_page()) {
        let spaced = [b" ", &*body].concat();
        let page = FetchSessionMsgs::response(&Response::new(&body));
        let same = FetchSessionMsgs::response(&Response::new(&spaced));
        prop_assert_eq!(page.ok(), same.ok());
    }

    /// A message is accepted when the envelope says so and its key is there, whatever else is odd.
    #[test]
    fn an_accepted_message_is_read_whatever_other_fields_say(extra in any_json(), name in sample::select(names().collect::<Vec<_>>()), key in 1..=u64::MAX, as_text in any::<bool>()) {
        if matches!(name, "msg_key" | "code" | "data") {
            return Ok(());
        }
        let mut data = json!({"msg_key": if as_text { json!(key.to_string()) } else { json!(key) }});
        data[name] = extra.clone();
        let mut answer = json!({"code": 0, "data": data});
        answer[name] = extra;
        let sent = SendMsg::response(&Response::new(answer.to_string())).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(sent.msg_key, MsgKey(key));
    }

    /// A page is read whatever the contents of its messages are, of whatever type.
    #[test]
    fn no_content_fails_the_page_it_came_in(contents in collection::vec((any::<i64>(), 0..30i64, any_json(), any::<String>(), 0..3u8), 0..6)) {
        let messages: Vec<Value> = contents.iter().enumerate().map(|(index, (odd, known, content, text, what))| {
            let content = match what {
                0 => content.clone(),
                1 => Value::from(content.to_string()),
                _ => Value::from(text.clone()),
            };
            let msg_type = if index % 3 == 0 { *odd } else { *known };
            json!({"sender_uid": 1, "msg_type": msg_type, "content": content, "msg_seqno": index + 1, "msg_key": index + 1, "timestamp": 1})
        }).collect();
        let count = messages.len();
        let answer = json!({"code": 0, "data": {"messages": messages, "has_more": 0}});
        let page = FetchSessionMsgs::response(&Response::new(answer.to_string())).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(page.messages.len(), count);
        for message in &page.messages {
            let _ = format!("{:?} {:?}", message.content(), message.content_even_if_recalled());
            let raw = message.raw_content_even_if_recalled();
            let shown = Printable(&raw).to_string();
            prop_assert!(!shown.contains(is_raw), "{shown:?}");
        }
    }

    /// Any content of any type is read without a panic.
    #[test]
    fn no_content_breaks_its_reader(msg_type in prop_oneof![0..400i64, any::<i64>()], raw in prop_oneof![any::<String>(), any_json().prop_map(|json| json.to_string())]) {
        let _ = format!("{:?}", Content::parse(MsgType::from(msg_type), &raw));
    }

    /// What is refused before it is sent is told without raw control or bidi characters too.
    #[test]
    fn no_refused_input_controls_the_terminal(text in prop_oneof![any::<String>(), "(https?:)?//[\u{1b}\u{202e}a-z@:/%.]{0,20}"]) {
        fn told<T, E: std::error::Error + 'static>(result: Result<T, E>) -> Option<Box<dyn std::error::Error>> {
            result.err().map(Into::into)
        }
        for error in [
            told(Image::new(&text)),
            told(Image::on_any_host(&text)),
            told(text.parse::<Origin>()),
            told(text.parse::<UserAgent>()),
            told(text.parse::<DeviceId>()),
            told(Credential::parse(&text)),
            told(SigningKeys::from_urls(&text, &text)),
        ].into_iter().flatten() {
            check_printable(&*error)?;
        }
    }

    /// What an HTTP client says of a failure is shown without raw control or bidi characters.
    #[test]
    fn no_failure_controls_the_terminal(cause in any::<String>()) {
        let credential = Credential::new("x", "y", Uid(5)).unwrap();
        let hosts = Hosts::single("http://127.0.0.1:1".parse().unwrap());
        let account = Account::builder(credential, [0; 24]).hosts(hosts).build();
        let failed = |_: &Seen| Input::Failed(Failure::new(Sent::Maybe, &*cause));
        let error = Timeline::new(0).run(account.call(SingleUnread::new()), failed).unwrap_err();
        check_printable(&error)?;
        prop_assert!(matches!(error, Error::Transport(_)));
    }
}

/// A thread with 1 MiB of stack, as on small systems.
fn on_a_small_stack(check: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(check)
        .unwrap()
        .join()
        .unwrap();
}

fn nested() -> Vec<String> {
    const LEVELS: usize = 100_000;
    [("[", "]"), ("{\"data\":", "}")]
        .into_iter()
        .flat_map(|(open, close)| {
            let opened = open.repeat(LEVELS);
            [opened.clone(), format!("{opened}0{}", close.repeat(LEVELS))]
        })
        .collect()
}

#[test]
fn an_answer_nested_a_hundred_thousand_deep_is_an_error() {
    on_a_small_stack(|| {
        for deep in nested() {
            for endpoint in ENDPOINTS {
                let answer = Response::new(deep.clone().into_bytes());
                let error = (endpoint.decode)(&answer).unwrap_err();
                assert!(error.to_string().len() < 1000, "{}", endpoint.name);
            }
        }
    });
}

#[test]
fn no_field_nested_a_hundred_thousand_deep_overflows_the_stack() {
    let cases: [(Decode, &[&str]); 4] = [
        (
            decode::<SendMsg>,
            &[
                "msg_key",
                "msg_content",
                "e_infos",
                "key_hit_infos",
                "v_voucher",
                "other",
            ],
        ),
        (
            decode::<FetchSessionMsgs>,
            &["messages", "content", "at_uids", "has_more"],
        ),
        (decode::<Nav>, &["wbi_img", "mid"]),
        (
            decode::<GetSessions>,
            &["session_list", "last_msg", "account_info", "system_msg"],
        ),
    ];
    on_a_small_stack(move || {
        for deep in nested() {
            for (decode, names) in cases {
                for name in names {
                    for body in [
                        format!(r#"{{"code":0,"data":{{"{name}":{deep}}}}}"#),
                        format!(r#"{{"code":0,"data":{{"messages":[{{"{name}":{deep}}}]}}}}"#),
                        format!(r#"{{"code":0,"data":{{"session_list":[{{"{name}":{deep}}}]}}}}"#),
                    ] {
                        let _ = decode(&Response::new(body.into_bytes()));
                    }
                }
            }
            for name in ["code", "message", "data", "ttl", "other"] {
                let body = format!(r#"{{"{name}":{deep}}}"#);
                let _ = decode::<SendMsg>(&Response::new(body.into_bytes()));
            }
        }
    });
}

#[test]
fn contents_and_cookies_nested_a_hundred_thousand_deep_are_refused() {
    on_a_small_stack(|| {
        for deep in nested() {
            for msg_type in (0..20).chain(300..307) {
                let raw = [deep.clone(), format!(r#"{{"content":{deep}}}"#)];
                for raw in raw {
                    let content = Content::parse(MsgType::from(msg_type), &raw);
                    // Other types may have it in a field that is not read.
                    if matches!(msg_type, 1 | 2 | 5 | 6) {
                        assert!(matches!(content, Content::Malformed { .. }), "{msg_type}");
                    }
                }
            }
            let refused = Credential::parse(&deep).unwrap_err();
            assert!(matches!(refused, InvalidCredential::BadJson { .. }));
            assert!(serde_json::from_str::<Snapshot>(&deep).is_err());
            assert!(serde_json::from_str::<SendTicket>(&deep).is_err());
        }
    });
}
