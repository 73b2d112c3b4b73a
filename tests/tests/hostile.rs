//! Whatever the service or a stranger sends, it neither panics the process nor drives the terminal.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use bili_im_proto::{
    BatchRmDustbin, BatchUpdateDustbinAck, Content, Credential, Endpoint, Error, FetchSessionMsgs,
    FingerSpi, GetMsgDnd, GetSessionSs, GetSessions, GetSettings, IsLimit, Logout, MsgKey, MsgType,
    MyGroupUnread, Nav, NewSessions, QrGenerate, QrPoll, Recall, RemoveSession, SendMsg,
    SessionDetail, SetMsgDnd, SetPushSs, SetSettings, SetTop, SingleUnread, UpdateAck,
    UpdateIntercept, UploadBfs, UserCards, http,
};
use bili_im_tests::{answers, cases};
use http::{HeaderValue, Response};
use proptest::prelude::*;

/// The settings of a property test; a failure is to be repeated from what it prints.
fn config(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

type Decode = fn(&Response<Vec<u8>>) -> Option<Error>;

fn decode<E: Endpoint>(response: &Response<Vec<u8>>) -> Option<Error> {
    E::response(response).err()
}

/// Reads a page to the last content.
fn decode_page(response: &Response<Vec<u8>>) -> Option<Error> {
    match FetchSessionMsgs::response(response) {
        Ok(page) => {
            for message in &page.messages {
                let _ = (message.content(), message.content_even_if_recalled());
            }
            let _ = (page.oldest(), page.newest());
            None
        }
        Err(error) => Some(error),
    }
}

const ENDPOINTS: [Decode; 28] = [
    decode_page,
    decode::<BatchRmDustbin>,
    decode::<BatchUpdateDustbinAck>,
    decode::<FingerSpi>,
    decode::<GetMsgDnd>,
    decode::<GetSessionSs>,
    decode::<GetSessions>,
    decode::<GetSettings>,
    decode::<IsLimit>,
    decode::<Logout>,
    decode::<MyGroupUnread>,
    decode::<Nav>,
    decode::<NewSessions>,
    decode::<QrGenerate>,
    decode::<QrPoll>,
    decode::<Recall>,
    decode::<RemoveSession>,
    decode::<SendMsg>,
    decode::<SessionDetail>,
    decode::<SetMsgDnd>,
    decode::<SetPushSs>,
    decode::<SetSettings>,
    decode::<SetTop>,
    decode::<SingleUnread>,
    decode::<UpdateAck>,
    decode::<UpdateIntercept>,
    decode::<UploadBfs>,
    decode::<UserCards>,
];

/// Law: no answer panics any endpoint, and no error shows a character that drives a terminal.
fn is_survived(response: &Response<Vec<u8>>) -> Result<(), TestCaseError> {
    for decode in ENDPOINTS {
        if let Some(error) = decode(response) {
            let shown = error.to_string();
            prop_assert!(!shown.contains(drives_a_terminal), "{:?}", shown);
            // Bounded: 200 bytes of the answer, each at most a long escape.
            prop_assert!(shown.len() < 4000, "{} bytes", shown.len());
            let _ = (error.advice(), error.kind(), error.took_no_effect());
        }
    }
    Ok(())
}

/// C0, C1, DEL, bidirectional controls and line separators, by their numbers.
fn drives_a_terminal(character: char) -> bool {
    matches!(
        u32::from(character),
        0..=0x1f | 0x7f..=0x9f | 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069
    )
}

fn nasty_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        "[\u{0}-\u{20}\u{7f}-\u{9f}\u{61c}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}a]{0,300}",
        "(18446744073709551615|-1|1e999|NaN|true|null|0x1|１|\\+1| 1 ){1,2}",
        Just("https://i0.hdslb.com/bfs/wbi/7cd084941338484aae1ad9425b84077c.png".to_owned()),
        Just(r#"{"content":{"content":[1]},"url":5}"#.to_owned()),
    ]
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![3 => Just(200u16), 2 => 100..=999u16, 1 => prop::sample::select(
        vec![204u16, 301, 307, 401, 403, 404, 412, 429, 500, 503, 999],
    )]
}

const HEADERS: [&str; 8] = [
    "retry-after",
    "date",
    "x-bili-gaia-vvoucher",
    "content-type",
    "content-length",
    "set-cookie",
    "location",
    "x-other",
];

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        any::<u64>().prop_map(|number| number.to_string().into_bytes()),
        prop::sample::select(vec![
            &b"Thu, 01 Jan 1970 00:00:00 GMT"[..],
            b"Fri, 31 Dec 9999 23:59:59 GMT",
            b"Thu, 01 Jan 0000 00:00:00 GMT",
            b"Monday, 99-Foo-99 99:99:99 GMT",
            b"-1",
            b"99999999999999999999999999",
            b"SESSDATA=a%2Cb; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=99999999999999999999",
            b"SESSDATA=\x80; bili_jct; =; ;; DedeUserID=",
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    (prop::sample::select(&HEADERS[..]), value)
}

fn response(
    status: u16,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
) -> Response<Vec<u8>> {
    let mut response = answers::answer(status, body);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Names that mean something somewhere on the wire.
const NAMES: [&str; 52] = [
    "code",
    "message",
    "msg",
    "ttl",
    "data",
    "v_voucher",
    "msg_key",
    "msg_content",
    "e_infos",
    "text",
    "uri",
    "url",
    "size",
    "gif_url",
    "key_hit_infos",
    "toast",
    "high_text",
    "messages",
    "has_more",
    "min_seqno",
    "max_seqno",
    "sender_uid",
    "receiver_type",
    "receiver_id",
    "msg_type",
    "content",
    "msg_seqno",
    "timestamp",
    "at_uids",
    "msg_status",
    "msg_source",
    "isLogin",
    "mid",
    "wbi_img",
    "img_url",
    "sub_url",
    "session_list",
    "last_msg",
    "talker_id",
    "session_type",
    "session_ts",
    "system_msg",
    "account_info",
    "uid_settings",
    "image_url",
    "image_width",
    "img_size",
    "refresh_token",
    "follow_unread",
    "unread_count",
    "level_info",
    "name",
];

/// JSON text, as odd as it gets while it is JSON.
fn odd_json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no such number", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        prop::sample::select(vec![
            "-0",
            "0.0",
            "1.0",
            "-101",
            "0",
            "1E2",
            "18446744073709551616",
            "-9223372036854775809",
            "1.7976931348623157e308",
            "0.1e-400",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|yes| yes.to_string()),
        number,
        nasty_text().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let name = prop_oneof![
            5 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
            1 => nasty_text(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(name, inner, 0..8).prop_map(|fields| {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| {
                        format!("{}:{value}", serde_json::to_string(name).unwrap())
                    })
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// Puts some JSON where an envelope has its data.
fn enveloped(code: &str, data: &str) -> String {
    format!(r#"{{"code":{code},"message":"m","data":{data}}}"#)
}

proptest! {
    #![proptest_config(config(300))]

    /// See [`is_survived`].
    #[test]
    fn arbitrary_bytes_are_survived(
        status in status(),
        headers in prop::collection::vec(header(), 0..4),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            nasty_text().prop_map(String::into_bytes),
        ],
    ) {
        is_survived(&response(status, headers, body))?;
    }

    /// See [`is_survived`].
    #[test]
    fn arbitrary_json_is_survived(
        status in status(),
        headers in prop::collection::vec(header(), 0..4),
        body in odd_json(),
        code in prop_oneof![Just("0".to_owned()), Just("-101".to_owned()), odd_json()],
    ) {
        is_survived(&response(status, headers.clone(), enveloped(&code, &body).into_bytes()))?;
        is_survived(&response(status, headers, body.into_bytes()))?;
    }

    /// See [`is_survived`]: cut anywhere, or with a byte turned into another.
    #[test]
    fn damaged_json_is_survived(
        data in odd_json(),
        cut: prop::sample::Index,
        place: prop::sample::Index,
        byte: u8,
    ) {
        let whole = enveloped("0", &data).into_bytes();
        let mut damaged = whole.clone();
        if let Some(other) = damaged.get_mut(place.index(whole.len())) {
            *other = byte;
        }
        is_survived(&answers::answer(200, damaged))?;
        let mut short = whole.clone();
        short.truncate(cut.index(whole.len()));
        is_survived(&answers::answer(200, short.clone()))?;
        // What is cut short is never taken for a success.
        for decode in ENDPOINTS {
            prop_assert!(decode(&answers::answer(200, short.clone())).is_some());
        }
    }

    /// Law: a message that was accepted (code 0 and its key) counts as sent, however odd all else in
    /// the answer is.
    #[test]
    fn an_accepted_message_is_never_lost_over_other_fields(
        key in 1..=u64::MAX,
        in_data in prop::collection::btree_map(
            prop::sample::select(vec![
                "msg_content", "e_infos", "key_hit_infos", "_gt_", "v_voucher", "other",
            ]),
            odd_json(),
            0..5,
        ),
        emoticon in prop::collection::btree_map(
            prop::sample::select(vec!["text", "uri", "url", "size", "gif_url", "other"]),
            odd_json(),
            0..6,
        ),
        outside in prop::collection::btree_map(
            prop::sample::select(vec!["message", "msg", "ttl", "other"]),
            odd_json(),
            0..4,
        ),
    ) {
        let fields = |fields: &std::collections::BTreeMap<&str, String>| -> String {
            let fields: Vec<String> = (fields.iter())
                .map(|(name, value)| format!(",\"{name}\":{value}"))
                .collect();
            fields.concat()
        };
        let emoticon = fields(&emoticon);
        let mut in_data = in_data;
        in_data.entry("e_infos").or_insert_with(|| {
            format!("[{{{}}}]", emoticon.trim_start_matches(','))
        });
        let body = format!(
            r#"{{"code":0{},"data":{{"msg_key":{key}{}}}}}"#,
            fields(&outside),
            fields(&in_data)
        );
        match SendMsg::response(&answers::answer(200, body.clone())) {
            Ok(sent) => prop_assert_eq!(sent.msg_key, MsgKey(key)),
            Err(error) => prop_assert!(false, "{}: {}", error, body),
        }
    }

    /// Law: a content of any type and text never panics, and is kept raw when it is not understood.
    #[test]
    fn any_content_is_parsed_or_kept(
        number in prop_oneof![0..20i64, 300..307i64, any::<i64>()],
        raw in prop_oneof![odd_json(), nasty_text()],
    ) {
        match Content::parse(MsgType::from(number), &raw) {
            Content::Unknown { raw: kept, msg_type } | Content::Malformed { raw: kept, msg_type } => {
                prop_assert_eq!(kept, raw);
                prop_assert_eq!(msg_type.number(), number);
            }
            _ => {}
        }
    }
}

#[test]
fn an_emoticon_with_both_spellings_of_its_address_is_read() {
    let data = r#"{"msg_key":5,"e_infos":[{"text":"[doge]","uri":"https://a","url":"https://b"}]}"#;
    let sent = SendMsg::response(&answers::success(data)).unwrap();
    assert_eq!(sent.msg_key, MsgKey(5));
    assert_eq!(sent.e_infos.len(), 1);
}

#[test]
fn nesting_of_100_000_levels_does_not_overflow_the_stack() {
    let depth = 100_000;
    let lists = "[".repeat(depth);
    let closed = lists.clone() + &"]".repeat(depth);
    let objects = r#"{"data":"#.repeat(depth);
    let closed_objects = objects.clone() + "1" + &"}".repeat(depth);
    let is_error = |decode: Decode, body: &str| {
        let error = decode(&answers::answer(200, body));
        assert!(error.is_some(), "{}", body.get(..40).unwrap_or(body));
    };
    for (place, decode) in ENDPOINTS.into_iter().enumerate() {
        // Never closed, or without a code: an error in any case.
        is_error(decode, &lists);
        is_error(decode, &objects);
        is_error(decode, &closed);
        is_error(decode, &closed_objects);
        is_error(decode, &enveloped("0", &lists));
        is_error(decode, &enveloped("0", &objects));
        // Closed, where nobody looks or where data is: no panic is all that is asked.
        let ignored = format!(r#"{{"code":0,"x":{closed},"data":{{"x":{closed_objects}}}}}"#);
        let _ = decode(&answers::answer(200, ignored));
        // Each name at some endpoint in turn, all of them at the one with the most fields.
        let names = NAMES.into_iter().enumerate();
        for (_, name) in names.filter(|(index, _)| place == 0 || index % ENDPOINTS.len() == place) {
            let inside = format!(r#"{{"{name}":{closed}}}"#);
            let _ = decode(&answers::answer(200, enveloped("0", &inside)));
            let _ = decode(&answers::answer(
                200,
                enveloped("0", &format!("[{inside}]")),
            ));
        }
    }
    // A field that the answer is nothing without cannot be read out of it.
    is_error(
        decode::<SendMsg>,
        &enveloped("0", &format!(r#"{{"msg_key":{closed}}}"#)),
    );
    is_error(
        decode::<Nav>,
        &enveloped("0", &format!(r#"{{"mid":{closed}}}"#)),
    );
    for number in [
        1, 2, 5, 6, 7, 9, 10, 11, 12, 13, 14, 16, 18, 19, 301, 306, 999,
    ] {
        let parse = |raw: &str| Content::parse(MsgType::from(number), raw);
        for raw in [&lists, &objects] {
            let kept = parse(raw);
            let is_kept = matches!(kept, Content::Malformed { .. } | Content::Unknown { .. });
            assert!(is_kept, "type {number}");
        }
        let _ = (parse(&closed), parse(&closed_objects));
        let twice = serde_json::json!({ "content": closed }).to_string();
        let _ = parse(&twice);
    }
    for raw in [&lists, &closed, &objects, &closed_objects] {
        assert!(Credential::parse(raw).is_err());
    }
}

#[test]
fn the_service_cannot_write_to_the_terminal_through_an_error() {
    let nasty = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{2066}\r\n\u{2028}";
    let json = serde_json::to_string(nasty).unwrap();
    let refusal = format!(r#"{{"code":-400,"message":{json},"msg":{json}}}"#);
    for (status, body) in [
        (200, refusal.clone()),
        (412, refusal),
        (200, nasty.to_owned()),
        (502, nasty.to_owned()),
        (200, format!(r#"{{"code":{json}}}"#)),
        (200, enveloped("0", &json)),
    ] {
        is_survived(&answers::answer(status, body)).unwrap();
    }
}
