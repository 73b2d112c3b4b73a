//! The examples with known answers in `vectors/`: new ones are picked up as they are added.

use std::collections::BTreeMap;

use bili_im_proto::{
    Context, Credential, Effect, Endpoint, Error, FetchSessionMsgs, Image, MsgKey, MyGroupUnread,
    Nav, Query, Recall, SendMsg, SigningKeys, SingleUnread, Talker, Text, UnixSeconds,
    http::{Request, Response, header::COOKIE},
};
use serde_json::{Map, Value};

const SEED: &str = include_str!("../../vectors/seed.json");
const WBI: &str = include_str!("../../vectors/wbi.json");

/// Whose examples these are, where one does not say.
const OWNER: &str = "293793435";

fn read(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text).unwrap() {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
}

fn only_known_keys(case: &Map<String, Value>, known: &[&str]) {
    for key in case.keys() {
        assert!(
            known.contains(&key.as_str()),
            "unknown key {key} in {case:?}"
        );
    }
}

fn keys() -> SigningKeys {
    let wbi = read(WBI);
    SigningKeys::from_urls(text(&wbi["img_url"]), text(&wbi["sub_url"])).unwrap()
}

/// The fields of a form, by hand.
fn form(body: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        let earlier = fields.insert(name.clone(), value);
        assert_eq!(earlier, None, "{name} is there twice");
    }
    fields
}

fn build(case: &Map<String, Value>) -> Request<Vec<u8>> {
    let field = |name: &str| {
        let form = case.get("form_includes")?;
        form.get(name).map(|value| text(value).to_owned())
    };
    let number = |name: &str, default: &str| -> u64 {
        let text = field(name).unwrap_or_else(|| default.to_owned());
        text.parse().unwrap()
    };
    let mut cookies: Vec<String> = (case["cookie"].as_object().unwrap().iter())
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    let uid = number("msg[sender_uid]", OWNER);
    cookies.push(format!("DedeUserID={uid}"));
    if let Some(token) = field("csrf_token") {
        cookies.push(format!("bili_jct={token}"));
    }
    let context = Context::new(
        "372778FD-E359-461D-86A3-EA2BCC6FF52A".parse().unwrap(),
        UnixSeconds(1_626_181_379).micros(),
    )
    .with_credential(Credential::parse(&cookies.join("; ")).unwrap())
    .with_keys(keys());
    let receiver = number("msg[receiver_id]", "1");
    let talker = Talker::from_wire(number("msg[receiver_type]", "1"), receiver).unwrap();
    let kind = text(&case["name"]).split(',').next().unwrap();
    let request = match kind {
        "single_unread" => SingleUnread::new().request(&context),
        "my_group_unread" => MyGroupUnread.request(&context),
        "send text" => {
            let content = text(&case["content"]["content"]);
            SendMsg::new(talker, Text::new(content).unwrap()).request(&context)
        }
        "send image" => {
            let url = text(&case["content_includes"]["url"]);
            SendMsg::new(talker, Image::new(url).unwrap()).request(&context)
        }
        "recall" => {
            let key = number("msg[content]", "0");
            Recall::new(talker, MsgKey(key)).request(&context)
        }
        unknown => panic!("no request is known under the name {unknown}"),
    };
    request.unwrap().map(Vec::from)
}

/// The fields that an example must have in one of its parts.
fn included<'a>(
    case: &'a Map<String, Value>,
    part: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let fields = case.get(part).and_then(Value::as_object);
    fields.into_iter().flatten()
}

#[test]
fn every_example_request_is_built_as_the_source_document_has_it() {
    let seed = read(SEED);
    only_known_keys(&seed, &["origin", "requests", "responses"]);
    let cases = seed["requests"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let case = case.as_object().unwrap();
        only_known_keys(
            case,
            &[
                "name",
                "method",
                "path",
                "cookie",
                "form_includes",
                "content",
                "content_includes",
            ],
        );
        let name = &case["name"];
        let request = build(case);
        assert_eq!(request.method().as_str(), text(&case["method"]), "{name}");
        assert_eq!(request.uri().path(), text(&case["path"]), "{name}");
        assert_eq!(
            request.headers().get_all(COOKIE).iter().count(),
            1,
            "{name}"
        );
        let cookies: Vec<&str> = request.headers()[COOKIE]
            .to_str()
            .unwrap()
            .split("; ")
            .collect();
        for (cookie, value) in case["cookie"].as_object().unwrap() {
            let wanted = format!("{cookie}={}", text(value));
            assert!(cookies.contains(&wanted.as_str()), "{name}: {wanted}");
        }
        let form = form(request.body());
        for (field, value) in included(case, "form_includes") {
            assert_eq!(
                form.get(field).map(String::as_str),
                Some(text(value)),
                "{name}: {field}"
            );
        }
        let content = || -> Value { serde_json::from_str(&form["msg[content]"]).unwrap() };
        if let Some(wanted) = case.get("content") {
            assert_eq!(content(), *wanted, "{name}");
        }
        for (field, value) in included(case, "content_includes") {
            assert_eq!(content().get(field), Some(value), "{name}: {field}");
        }
    }
}

fn decode<E: Endpoint>(body: &str) -> Result<E::Response, Error> {
    E::response(&Response::new(body.as_bytes()))
}

/// What an answer is found to say under a name; `None` when the name means nothing.
fn found(body: &str, name: &str) -> Option<Result<String, Error>> {
    let unread = || decode::<SingleUnread>(body);
    Some(match name {
        "unfollow_unread" => unread().map(|unread| unread.unfollow_unread.to_string()),
        "follow_unread" => unread().map(|unread| unread.follow_unread.to_string()),
        "unread_count" => {
            decode::<MyGroupUnread>(body).map(|unread| unread.unread_count.to_string())
        }
        "msg_key" => decode::<SendMsg>(body).map(|sent| sent.msg_key.to_string()),
        _ => return None,
    })
}

#[test]
fn every_example_response_says_what_is_expected() {
    let seed = read(SEED);
    let cases = seed["responses"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let case = case.as_object().unwrap();
        only_known_keys(case, &["name", "body", "expect", "expect_error"]);
        let name = &case["name"];
        let body = text(&case["body"]);
        match (case.get("expect"), case.get("expect_error")) {
            (Some(expected), None) => {
                let expected = expected.as_object().unwrap();
                assert!(!expected.is_empty(), "{name}");
                for (field, value) in expected {
                    let found = found(body, field)
                        .unwrap_or_else(|| panic!("{name}: nothing is known under {field}"))
                        .unwrap_or_else(|error| panic!("{name}: {error}"));
                    let value = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    assert_eq!(found, value, "{name}: {field}");
                }
            }
            (None, Some(kind)) => {
                let refusals = [
                    decode::<SingleUnread>(body).map(drop).unwrap_err(),
                    decode::<MyGroupUnread>(body).map(drop).unwrap_err(),
                    decode::<SendMsg>(body).map(drop).unwrap_err(),
                    decode::<Recall>(body).unwrap_err(),
                    decode::<FetchSessionMsgs>(body).map(drop).unwrap_err(),
                ];
                for error in refusals {
                    let found = error.kind().unwrap_or_else(|| panic!("{name}: {error}"));
                    assert_eq!(found.name(), text(kind), "{name}");
                }
            }
            _ => panic!("{name}: either expect or expect_error is needed"),
        }
    }
}

#[test]
fn every_example_query_is_signed_as_known() {
    let wbi = read(WBI);
    only_known_keys(
        &wbi,
        &["origin", "img_url", "sub_url", "mixin_key", "cases"],
    );
    let keys = keys();
    assert_eq!(keys.mixin_key(), text(&wbi["mixin_key"]));
    let cases = wbi["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let case = case.as_object().unwrap();
        only_known_keys(case, &["query", "wts", "signed", "w_rid"]);
        let fields = case["query"].as_object().unwrap();
        let wanted = format!("{}&w_rid={}", text(&case["signed"]), text(&case["w_rid"]));
        let wts = UnixSeconds(case["wts"].as_u64().unwrap());
        let build = |fields: &mut dyn Iterator<Item = (&String, &Value)>| {
            fields.fold(Query::new(), |query, (name, value)| {
                query.with(name.clone(), text(value))
            })
        };
        // In whatever order the fields were added.
        assert_eq!(keys.sign(build(&mut fields.iter()), wts), wanted);
        assert_eq!(keys.sign(build(&mut fields.iter().rev()), wts), wanted);
    }
}

#[test]
fn a_send_is_signed_as_the_example_with_its_three_fields() {
    let seed = read(SEED);
    let send = (seed["requests"].as_array().unwrap().iter())
        .find(|case| case["name"] == "send text")
        .unwrap();
    let request = build(send.as_object().unwrap());
    let example = &read(WBI)["cases"][2];
    let wanted = format!(
        "{}&w_rid={}",
        text(&example["signed"]),
        text(&example["w_rid"])
    );
    assert_eq!(request.uri().query(), Some(wanted.as_str()));
    assert_eq!(SendMsg::SPEC.effect(), Effect::Once);
    assert_eq!(Recall::SPEC.effect(), Effect::Idempotent);
    assert_eq!(Nav::SPEC.effect(), Effect::Read);
}
