//! An independent reader gets back what was written, and what is signed is what goes out.

use std::{collections::BTreeMap, iter};

use bili_im_proto::{
    Answer, Body, Content, Context, Credential, DeviceId, Endpoint, Error, FetchSessionMsgs, Host,
    Image, ImageFormat, Invalid, InvalidContent, MsgKey, Parts, Query, Recall, SendMsg, Seqno,
    SigningKeys, Spec, Talker, Text, Uid, UnixSeconds,
    http::{Request, Response},
};
use bili_im_tests::plain;
use proptest::{collection, prelude::*, sample};
use serde_json::Value;

use crate::config;

const LIMIT: usize = 2000;

fn keys() -> SigningKeys {
    SigningKeys::from_urls(
        "7cd084941338484aae1ad9425b84077c",
        "4932caff0ff746eab6f01bf08b70ac45",
    )
    .unwrap()
}

fn context(time: u64) -> Context {
    let credential = Credential::parse("SESSDATA=a%2Cb; bili_jct=0123; DedeUserID=293793435");
    Context::new(DeviceId::from_random([7; 16]), UnixSeconds(time).micros())
        .with_credential(credential.unwrap())
        .with_keys(keys())
}

/// The fields of a query, or of a form of ours, in their order.
fn decoded(text: &str) -> Vec<(String, String)> {
    plain::query_pairs(text).expect("every field has a value")
}

fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = decoded(text);
    let fields: BTreeMap<String, String> = pairs.iter().cloned().collect();
    assert_eq!(fields.len(), pairs.len(), "a name is there twice: {text}");
    fields
}

/// Only unreserved characters, `%XX` in upper case, `&` and `=`: no client encodes it again.
fn goes_out_as_it_stands(text: &str) -> Result<(), TestCaseError> {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let fine = match byte {
            b'%' => {
                let mut is_hex = || matches!(rest.next(), Some(b'0'..=b'9' | b'A'..=b'F'));
                is_hex() && is_hex()
            }
            _ => byte.is_ascii_alphanumeric() || b"-_.~&=".contains(&byte),
        };
        prop_assert!(fine, "{:?} in {text}", char::from(byte));
    }
    Ok(())
}

fn check_shape(request: &Request<Body>) -> Result<(), TestCaseError> {
    goes_out_as_it_stands(request.uri().query().unwrap_or_default())?;
    goes_out_as_it_stands(std::str::from_utf8(request.body().as_ref()).unwrap())
}

fn body(request: &Request<Body>) -> BTreeMap<String, String> {
    let bytes = request.body().as_ref();
    let by_hand = fields(std::str::from_utf8(bytes).unwrap());
    let by_form: BTreeMap<String, String> = form_urlencoded::parse(bytes).into_owned().collect();
    assert_eq!(by_hand, by_form, "the two readers differ");
    by_hand
}

/// How long `{"content":"…"}` is, in bytes.
fn json_length(text: &str) -> usize {
    r#"{"content":""}"#.len() + plain::json_length(text)
}

fn any_character() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => any::<char>(),
        2 => proptest::char::range(' ', '~'),
        1 => proptest::char::range('\0', '\u{9f}'),
        1 => sample::select(vec!['"', '\\', '/', '%', '+', '&', '=', '*', '~', ' ', '\u{7f}', '\u{2028}']),
        1 => sample::select(vec!['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{fffd}', '👋', '世', '\u{10ffff}']),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    let short = collection::vec(any_character(), 0..40).prop_map(String::from_iter);
    // Made as long as wanted, give or take what does not fit exactly.
    let edge = (
        collection::vec(any_character(), 1..500),
        1985usize..2015,
        any_character(),
    )
        .prop_map(|(start, wanted, filler)| {
            let mut text = String::from_iter(start);
            let length = json_length(&text);
            let each = json_length(&filler.to_string()) - json_length("");
            let fillers = wanted.saturating_sub(length) / each;
            text.extend(iter::repeat_n(filler, fillers));
            let letters = wanted.saturating_sub(length + fillers * each);
            text.extend(iter::repeat_n('a', letters));
            text
        });
    prop_oneof![short, edge]
}

fn any_name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_\\[\\].~-]{1,12}".prop_filter("these are the signature's own", |name| {
        !matches!(name.as_str(), "wts" | "w_rid")
    })
}

fn any_value() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any_character(),
        sample::select(vec!['!', '\'', '(', ')', '*']),
    ];
    collection::vec(character, 0..20).prop_map(String::from_iter)
}

/// What a query must become, by the second implementation.
fn signed(fields: &BTreeMap<String, String>, wts: u64) -> String {
    let fields: Vec<_> = fields.clone().into_iter().collect();
    let text = plain::canonical(&fields, wts);
    let w_rid = plain::w_rid(&text, "ea1db124af3c7062474693fa704f4ff8");
    format!("{text}&w_rid={w_rid}")
}

/// A call with a query of the test's choice.
struct Anything(Vec<(String, String)>);

impl Endpoint for Anything {
    type Response = ();
    const SPEC: Spec = Spec::get(Host::Main, "/x/anything").signed();

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(query(&self.0)))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

fn query(fields: &[(String, String)]) -> Query {
    (fields.iter()).fold(Query::new(), |query, (name, value)| {
        query.with(name.clone(), value)
    })
}

/// A call with a form of the test's choice.
struct AnyForm(Vec<(String, String)>);

impl Endpoint for AnyForm {
    type Response = ();
    const SPEC: Spec = Spec::post(Host::Im, "/x/anything");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::of(&self.0)?))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

fn any_talker() -> impl Strategy<Value = Talker> {
    (any::<bool>(), 1..=u64::MAX)
        .prop_map(|(group, id)| {
            if group {
                Talker::group(id)
            } else {
                Talker::user(id)
            }
        })
        .prop_filter("one cannot write to oneself", |talker| {
            *talker != Talker::user(293_793_435)
        })
}

fn check_signed(
    request: &Request<Body>,
    wts: u64,
) -> Result<BTreeMap<String, String>, TestCaseError> {
    let query = request.uri().query().unwrap();
    let mut fields = fields(query);
    prop_assert_eq!(fields.remove("wts"), Some(wts.to_string()));
    prop_assert!(fields.remove("w_rid").is_some());
    prop_assert_eq!(query, signed(&fields, wts));
    Ok(fields)
}

proptest! {
    #![proptest_config(config(300))]

    /// A text arrives unchanged when its JSON has at most 2000 bytes. All others, and the empty
    /// one, are refused.
    #[test]
    fn every_text_arrives_unchanged_or_is_refused_for_its_length(text in any_text(), to in any_talker()) {
        let length = json_length(&text);
        match Text::new(text.clone()) {
            Err(InvalidContent::EmptyText) => prop_assert_eq!(text, ""),
            Err(InvalidContent::TooLong { bytes, over }) => {
                prop_assert_eq!(bytes, length);
                prop_assert!(length > LIMIT);
                prop_assert_eq!(over, length - LIMIT);
            }
            Err(other) => prop_assert!(false, "{other}"),
            Ok(content) => {
                prop_assert!(length <= LIMIT && !text.is_empty());
                let send = SendMsg::new(to, content);
                let request = send.request(&context(1_626_181_379)).unwrap();
                check_shape(&request)?;
                let body = body(&request);
                let json = &body["msg[content]"];
                prop_assert_eq!(json.len(), length);
                prop_assert_eq!(serde_json::from_str::<Value>(json).unwrap(), serde_json::json!({ "content": text }));
                prop_assert_eq!(send.content.json(), json.as_str());
                prop_assert_eq!(Content::parse(send.content.msg_type(), json), Content::Text(text));
            }
        }
    }

    /// The query is the body's in sender, receiver and device; the body is complete; the query is
    /// signed as a second implementation signs it.
    #[test]
    fn a_send_has_every_field_and_its_query_repeats_three_of_them(to in any_talker(), device in any::<[u8; 16]>(), time in 0..4_000_000_000u64) {
        let mut context = context(time);
        context.device_id = DeviceId::from_random(device);
        let request = SendMsg::new(to, Text::new("a + b*~").unwrap()).request(&context).unwrap();
        check_shape(&request)?;
        let body = body(&request);
        let query = check_signed(&request, time)?;
        prop_assert_eq!(query.len(), 3);
        for (in_query, in_body) in [
            ("w_sender_uid", "msg[sender_uid]"),
            ("w_receiver_id", "msg[receiver_id]"),
            ("w_dev_id", "msg[dev_id]"),
        ] {
            prop_assert_eq!(&query[in_query], &body[in_body]);
        }
        let receiver = to.id().to_string();
        let receiver_type = if matches!(to, Talker::User(_)) { "1" } else { "2" };
        let time = time.to_string();
        for (field, value) in [
            ("msg[sender_uid]", "293793435"),
            ("msg[receiver_id]", &receiver),
            ("msg[receiver_type]", receiver_type),
            ("msg[msg_type]", "1"),
            ("msg[msg_status]", "0"),
            ("msg[timestamp]", &time),
            ("msg[new_face_version]", "1"),
            ("csrf", "0123"),
            ("csrf_token", "0123"),
            ("build", "0"),
            ("mobi_app", "web"),
        ] {
            prop_assert_eq!(&body[field], value, "{}", field);
        }
        prop_assert_eq!(body.len(), 13);
        let device = &body["msg[dev_id]"];
        prop_assert!(device.len() == 36 && device.as_bytes()[14] == b'4' && b"89AB".contains(&device.as_bytes()[19]));
        prop_assert_eq!(&device.to_ascii_uppercase(), device);
    }

    /// Any query signs to the string, and the `w_rid`, of a second implementation, and goes out so.
    #[test]
    fn every_query_is_signed_as_a_second_implementation_signs_it(
        fields in collection::btree_map(any_name(), any_value(), 0..8),
        wts in any::<u64>(),
        backwards in any::<bool>(),
    ) {
        let mut given: Vec<_> = fields.clone().into_iter().collect();
        if backwards {
            given.reverse();
        }
        let wanted = signed(&fields, wts);
        prop_assert_eq!(&keys().sign(query(&given), UnixSeconds(wts)), &wanted);
        let unsigned = query(&given).to_string();
        if !given.is_empty() {
            goes_out_as_it_stands(&unsigned)?;
            prop_assert_eq!(decoded(&unsigned), given.clone());
        }
        let mut context = context(0);
        context.time = UnixSeconds(wts % 4_000_000_000).micros();
        let request = Anything(given).request(&context).unwrap();
        check_shape(&request)?;
        let wts = wts % 4_000_000_000;
        prop_assert_eq!(request.uri().query().unwrap(), signed(&fields, wts));
        prop_assert!(request.body().is_empty());
    }

    /// Any form arrives as it was, followed by what every form carries, in the encoding of queries.
    #[test]
    fn every_form_arrives_unchanged(
        fields in collection::btree_map(any_name(), any_value(), 0..8),
    ) {
        let own: Vec<_> = (fields.into_iter())
            .filter(|(name, _)| !matches!(name.as_str(), "csrf" | "csrf_token" | "build" | "mobi_app"))
            .collect();
        let request = AnyForm(own.clone()).request(&context(0)).unwrap();
        check_shape(&request)?;
        let mut wanted = own;
        for (name, value) in [("csrf", "0123"), ("csrf_token", "0123"), ("build", "0"), ("mobi_app", "web")] {
            wanted.push((name.to_owned(), value.to_owned()));
        }
        prop_assert_eq!(decoded(std::str::from_utf8(request.body().as_ref()).unwrap()), wanted);
    }

    /// A page asked for names the session and both bounds, whatever their numbers, and is signed.
    #[test]
    fn a_page_is_asked_for_as_it_was_meant(talker in any_talker(), size in any::<u32>(), begin in any::<Option<u64>>(), end in any::<Option<u64>>(), time in 0..4_000_000_000u64) {
        let mut fetch = FetchSessionMsgs::new(talker).with_size(size);
        fetch.begin_seqno = begin.map(Seqno);
        fetch.end_seqno = end.map(Seqno);
        let request = fetch.request(&context(time)).unwrap();
        check_shape(&request)?;
        prop_assert!(request.body().is_empty());
        let query = check_signed(&request, time)?;
        prop_assert_eq!(&query["talker_id"], &talker.id().to_string());
        prop_assert_eq!(&query["session_type"], if matches!(talker, Talker::User(_)) { "1" } else { "2" });
        prop_assert_eq!(&query["sender_device_id"], "1");
        prop_assert_eq!(query.get("begin_seqno").cloned(), begin.map(|seqno| seqno.to_string()));
        prop_assert_eq!(query.get("end_seqno").cloned(), end.map(|seqno| seqno.to_string()));
        let size: u32 = query["size"].parse().unwrap();
        prop_assert!((1..=200).contains(&size));
    }

    /// Every message key survives in an answer, as a number and as a string, in a recall, and in
    /// JSON for scripts, where it is a string.
    #[test]
    fn no_digit_of_a_message_key_is_lost(key in 1..=u64::MAX, to in any_talker()) {
        for spelled in [format!("{key}"), format!("\"{key}\"")] {
            let body = format!(r#"{{"code":0,"message":"0","ttl":1,"data":{{"msg_key":{spelled}}}}}"#);
            let sent = SendMsg::response(&Response::new(body.as_bytes())).unwrap();
            prop_assert_eq!(sent.msg_key, MsgKey(key));
            let page = format!(r#"{{"code":0,"data":{{"messages":[{{"sender_uid":1,"msg_type":1,"content":"","msg_seqno":{spelled},"msg_key":{spelled},"timestamp":1}}]}}}}"#);
            let page = FetchSessionMsgs::response(&Response::new(page.as_bytes())).unwrap();
            prop_assert_eq!((page.messages[0].msg_key, page.messages[0].msg_seqno), (MsgKey(key), Seqno(key)));
        }
        let request = Recall::new(to, MsgKey(key)).request(&context(0)).unwrap();
        check_shape(&request)?;
        let body = body(&request);
        prop_assert_eq!(&body["msg[content]"], &key.to_string());
        prop_assert_eq!(&body["msg[msg_type]"], "5");
        prop_assert_eq!(&body["msg[receiver_id]"], &to.id().to_string());
        let json = serde_json::to_value(MsgKey(key)).unwrap();
        prop_assert_eq!(&json, &Value::String(key.to_string()));
        prop_assert_eq!(serde_json::from_value::<MsgKey>(json).unwrap(), MsgKey(key));
    }

    /// An image's content says its address, both names of its format, and kilobytes rounded up.
    #[test]
    fn an_image_is_described_as_it_was_given(name in "[a-z0-9/_.-]{1,30}", size in proptest::option::of((1..10_000u32, 1..10_000u32)), length in proptest::option::of(1..20_000_000u64), format in sample::select(vec![None, Some((ImageFormat::Jpeg, "jpeg")), Some((ImageFormat::Png, "png")), Some((ImageFormat::Gif, "gif"))])) {
        let url = format!("https://i0.hdslb.com/{name}");
        let mut image = Image::new(&url).unwrap();
        let mut wanted = serde_json::json!({ "url": url, "original": 1 });
        if let Some((width, height)) = size {
            image = image.with_dimensions(width, height);
            wanted["width"] = width.into();
            wanted["height"] = height.into();
        }
        if let Some(length) = length {
            image = image.with_length(length);
            wanted["size"] = length.div_ceil(1024).into();
        }
        if let Some((format, name)) = format {
            image = image.with_format(format);
            wanted["imageType"] = name.into();
            wanted["type"] = name.into();
        }
        let request = SendMsg::new(Uid(1), image).request(&context(0)).unwrap();
        check_shape(&request)?;
        let body = body(&request);
        prop_assert_eq!(&body["msg[msg_type]"], "2");
        let content: Value = serde_json::from_str(&body["msg[content]"]).unwrap();
        prop_assert_eq!(content, wanted);
    }
}
