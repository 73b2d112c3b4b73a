//! A login is read from whatever people have at hand, and never shown again.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::BTreeMap, fmt::Debug};

use bili_im_proto::{
    Account, Body, Context, Credential, DeviceId, Endpoint, Hosts, Input, MsgKey, Now, Origin,
    Recall, SendMsg, SigningKeys, SingleUnread, Step, Text, Uid, UnixMicros, http,
};
use bili_im_tests::{answers, cases, drive::World, plain};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The settings of a property test; a failure is to be repeated from what it prints.
fn config(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A login, its token in the form that the service wrote before it was encoded.
#[derive(Debug, Clone)]
struct Login {
    sessdata: String,
    bili_jct: String,
    uid: u64,
    others: BTreeMap<String, String>,
}

fn login() -> impl Strategy<Value = Login> {
    (
        "[A-Za-z0-9._~-]{6,20}[,*][A-Za-z0-9,*/+_-]{6,30}",
        "[0-9a-f]{32}",
        1..=u64::MAX,
        prop::collection::btree_map(
            "(buvid[34]|_uuid|sid|b_[a-z]{3}|x[A-Za-z0-9_]{2,6})",
            "[!#-+\\--:<-\\[\\]-~]{1,20}",
            0..4,
        ),
    )
        .prop_map(|(sessdata, bili_jct, uid, others)| Login {
            sessdata,
            bili_jct,
            uid,
            others,
        })
}

impl Login {
    /// Names and values, the token decoded or encoded.
    fn pairs(&self, encoded: bool) -> Vec<(String, String)> {
        let sessdata = if encoded {
            plain::encode(&self.sessdata)
        } else {
            self.sessdata.clone()
        };
        let mut pairs = vec![
            ("SESSDATA".to_owned(), sessdata),
            ("bili_jct".to_owned(), self.bili_jct.clone()),
            ("DedeUserID".to_owned(), self.uid.to_string()),
        ];
        pairs.extend(self.others.clone());
        pairs
    }
}

/// In what words a cookie is handed over.
#[derive(Debug, Clone, Copy)]
enum Form {
    Header,
    NamedHeader,
    Lines,
    List,
    Object,
}

const FORMS: [Form; 5] = [
    Form::Header,
    Form::NamedHeader,
    Form::Lines,
    Form::List,
    Form::Object,
];

/// Whitespace of every kind that comes with pasting.
#[derive(Debug, Clone)]
struct Paste {
    before: String,
    between: String,
    after: String,
    line_end: &'static str,
    name: &'static str,
    last_semicolon: bool,
    pretty: bool,
    numeric_uid: bool,
    domains: Vec<Option<&'static str>>,
}

fn paste() -> impl Strategy<Value = Paste> {
    (
        "[ \t\r\n]{0,3}",
        "[ \t]{0,2}",
        "[ \t\r\n]{0,3}",
        prop::sample::select(vec!["\n", "\r\n"]),
        prop::sample::select(vec!["Cookie:", "cookie: ", "COOKIE:  "]),
        any::<(bool, bool, bool)>(),
        prop::collection::vec(
            prop::sample::select(vec![
                None,
                Some(".bilibili.com"),
                Some("bilibili.com"),
                Some("www.bilibili.com"),
                Some(".Bilibili.COM"),
            ]),
            8,
        ),
    )
        .prop_map(
            |(before, between, after, line_end, name, flags, domains)| Paste {
                before,
                between,
                after,
                line_end,
                name,
                last_semicolon: flags.0,
                pretty: flags.1,
                numeric_uid: flags.2,
                domains,
            },
        )
}

fn written(form: Form, pairs: &[(String, String)], paste: &Paste) -> String {
    let joined = |separator: &str| {
        let pairs: Vec<String> = (pairs.iter())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join(separator)
    };
    let value = |name: &str, value: &str| -> Value {
        match value.parse::<u64>() {
            Ok(number) if name == "DedeUserID" && paste.numeric_uid => number.into(),
            _ => value.into(),
        }
    };
    let json = |json: Value| {
        if paste.pretty {
            serde_json::to_string_pretty(&json).unwrap()
        } else {
            json.to_string()
        }
    };
    let end = if paste.last_semicolon { ";" } else { "" };
    let body = match form {
        Form::Header => joined(&format!(";{}", paste.between)) + end,
        Form::NamedHeader => {
            let pairs = joined(&format!(";{}", paste.between));
            format!("{}{pairs}{end}", paste.name)
        }
        Form::Lines => joined(&format!("{}{}", paste.between, paste.line_end)),
        Form::List => {
            let foreign = |domain: &str| json!({"name": "SESSDATA", "value": "foreign%2Cvalue", "domain": domain, "path": "/"});
            let mut cookies = vec![foreign(".example.com"), foreign("notbilibili.com")];
            for ((name, text), domain) in pairs.iter().zip(paste.domains.iter().cycle()) {
                let mut cookie = json!({
                    "name": name, "value": value(name, text), "path": "/", "httpOnly": true,
                    "expirationDate": 1_799_999_999.5, "expires": 1_799_999_999, "sameSite": null,
                });
                if let (Some(domain), Some(fields)) = (domain, cookie.as_object_mut()) {
                    fields.insert("domain".to_owned(), (*domain).into());
                }
                cookies.push(cookie);
            }
            cookies.push(foreign("bilibili.com.example.net"));
            json(cookies.into())
        }
        Form::Object => json(Value::Object(
            (pairs.iter())
                .map(|(name, text)| (name.clone(), value(name, text)))
                .collect(),
        )),
    };
    format!("{}{body}{}", paste.before, paste.after)
}

fn context(credential: Credential) -> Context {
    let [img, sub] = answers::key_urls(1);
    Context::new(
        DeviceId::from_random([3; 16]),
        UnixMicros(1_700_000_000_000_000),
    )
    .with_credential(credential)
    .with_keys(SigningKeys::from_urls(&img, &sub).unwrap())
}

/// The cookies that go out, by a parser of our own.
fn sent_cookies(request: &http::Request<Body>) -> BTreeMap<String, String> {
    let mut headers = request.headers().get_all("cookie").iter();
    let header = headers.next().unwrap().to_str().unwrap();
    assert!(headers.next().is_none(), "two Cookie headers");
    header
        .split("; ")
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

proptest! {
    #![proptest_config(config(300))]

    /// Law: a login reads the same from every accepted form, in any order, with its token encoded
    /// or decoded; and all of it goes out, the token encoded once.
    #[test]
    fn a_login_reads_the_same_from_every_form(
        (login, order) in login().prop_flat_map(|login| {
            let pairs = login.pairs(true).len();
            (Just(login), Just((0..pairs).collect::<Vec<_>>()).prop_shuffle())
        }),
        form in prop::sample::select(&FORMS[..]),
        paste in paste(),
        encoded: bool,
    ) {
        let pairs = login.pairs(encoded);
        let shuffled: Vec<_> = order.iter().filter_map(|&place| pairs.get(place).cloned()).collect();
        let text = written(form, &shuffled, &paste);
        let parsed = Credential::parse(&text).unwrap();

        let expected: BTreeMap<_, _> = login.pairs(true).into_iter().collect();
        let request = SingleUnread::new().request(&context(parsed.clone())).unwrap();
        prop_assert_eq!(sent_cookies(&request), expected, "{}", text);
        prop_assert_eq!(parsed.uid(), Some(Uid(login.uid)));
        prop_assert_eq!(parsed.csrf_token(), Some(login.bili_jct.as_str()));
        prop_assert!(parsed.can_write());

        let plainest = Credential::parse(&written(Form::Header, &login.pairs(true), &Paste {
            before: String::new(),
            between: " ".to_owned(),
            after: String::new(),
            last_semicolon: false,
            ..paste
        }));
        prop_assert!(parsed == plainest.unwrap());
        if login.others.is_empty() {
            let sessdata = pairs.first().map(|(_, value)| value.as_str()).unwrap();
            let three = Credential::new(sessdata, &login.bili_jct, Uid(login.uid)).unwrap();
            prop_assert!(parsed == three);
        }
        // Another token is another login.
        let other = Credential::new("other%2C", &login.bili_jct, Uid(login.uid)).unwrap();
        prop_assert!(parsed != other);
        // What a program stores is read back.
        prop_assert!(Credential::parse(&parsed.expose()).unwrap() == parsed);
    }

    /// Law: no text panics, and what is taken makes one clean header.
    #[test]
    fn any_text_is_read_or_refused(
        text in prop_oneof![
            prop::collection::vec(any::<char>(), 0..60).prop_map(String::from_iter),
            "(Cookie:|\\[|\\{|;|=|\"|SESSDATA|bili_jct|name|value|cookies|:|,|\\]|\\}|%2C|a|\r\n|\u{e9}|\u{feff}){0,24}",
            "SESSDATA=.{0,20}; bili_jct=.{0,20}; DedeUserID=.{0,12}",
            prop::collection::vec(any::<char>(), 0..20).prop_map(|value| {
                json!({"SESSDATA": String::from_iter(value), "x": [1], "DedeUserID": null}).to_string()
            }),
        ],
    ) {
        if let Ok(credential) = Credential::parse(&text) {
            let request = SingleUnread::new().request(&context(credential)).unwrap();
            let cookies = request.headers().get("cookie").unwrap();
            prop_assert!(cookies.is_sensitive());
            let visible = |&byte: &u8| byte == b' ' || byte.is_ascii_graphic();
            prop_assert!(cookies.as_bytes().iter().all(visible));
            let token = sent_cookies(&request).remove("SESSDATA");
            prop_assert!(token.is_some_and(|token| !token.is_empty()));
        }
    }

    /// Law: nothing that holds a login shows any of its secrets, in Debug or Display.
    #[test]
    fn secrets_are_never_shown(login in login(), encoded: bool) {
        let text = written(Form::Header, &login.pairs(encoded), &Paste {
            before: String::new(),
            between: " ".to_owned(),
            after: String::new(),
            line_end: "\n",
            name: "",
            last_semicolon: false,
            pretty: false,
            numeric_uid: false,
            domains: vec![],
        });
        let credential = Credential::parse(&text).unwrap();
        let mut secrets = vec![
            login.sessdata.clone(),
            plain::encode(&login.sessdata),
            login.bili_jct.clone(),
        ];
        // The shorter ones could stand anywhere by chance.
        secrets.extend(login.others.values().filter(|value| value.len() > 8).cloned());
        let hidden = |shown: String| {
            for secret in &secrets {
                prop_assert!(!shown.contains(secret.as_str()), "{} in {}", secret, shown);
            }
            Ok(())
        };
        fn both(value: &impl Debug) -> String {
            format!("{value:?}\n{value:#?}")
        }

        let context = context(credential.clone());
        hidden(both(&credential))?;
        hidden(both(&context))?;
        let send = SendMsg::new(Uid(login.uid ^ 1), Text::new("hi").unwrap());
        for request in [
            send.request(&context),
            Recall::new(Uid(login.uid ^ 1), MsgKey(5)).request(&context),
            SingleUnread::new().request(&context),
        ].into_iter().flatten() {
            hidden(both(&request))?;
            hidden(both(request.body()))?;
            hidden(both(request.headers()))?;
            hidden(request.uri().to_string())?;
        }
        hidden(both(&send.parts(&context)))?;

        let builder = Account::builder(credential, [1; 24]);
        hidden(both(&builder))?;
        let account = builder.build();
        hidden(both(&account))?;
        hidden(both(&account.context(Now::default())))?;
        let mut world = World::new(1_700_000_000);
        let mut flow = account.send(Uid(login.uid ^ 1), Text::new("hi").unwrap());
        let mut input = Input::Begin;
        for _ in 0..12 {
            hidden(both(&flow))?;
            let step = flow.resume(world.now, input);
            hidden(both(&step))?;
            input = match step {
                Step::Send(outgoing) => Input::Response(match world.note(outgoing).endpoint() {
                    "nav" => answers::nav(login.uid, 1),
                    "send_msg" => answers::refused(-111),
                    _ => answers::empty_page(),
                }),
                Step::WaitUntil(moment) => {
                    world.advance_to(moment);
                    Input::Woken
                }
                Step::Item(never) => match never {},
                Step::Done(result) => {
                    let error = result.unwrap_err();
                    hidden(format!("{error} {error:?} {:?}", error.advice()))?;
                    break;
                }
            };
        }
        let snapshot = account.snapshot(world.now);
        hidden(both(&snapshot))?;
        hidden(serde_json::to_string(&snapshot).unwrap())?;
    }

    /// Law: a broken cookie is refused without being quoted.
    #[test]
    fn a_refused_cookie_is_not_quoted(secret in "[A-Za-z0-9]{12,30}", broken in prop_oneof![
        Just("\u{1}"), Just("\u{e9}"), Just(" "),
    ]) {
        for text in [
            format!("bili_jct={secret}"),
            format!("SESSDATA={secret}%2C; bili_jct={secret}{broken}{secret}"),
            format!("SESSDATA={secret}%2C{broken}{secret}"),
            format!("[{{\"name\":\"SESSDATA\",\"value\":\"{secret}"),
            format!("{{\"bili_jct\":\"{secret}\"}}"),
        ] {
            let error = Credential::parse(&text).unwrap_err();
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }
    }
}

#[test]
fn a_token_with_an_escape_is_sent_as_it_stands_and_one_without_is_encoded() {
    for (given, sent) in [
        ("a%2Cb%2Ac", "a%2Cb%2Ac"),
        ("a%2cb*c,d", "a%2cb*c,d"),
        ("a,b*c/d+e", "a%2Cb%2Ac%2Fd%2Be"),
        ("aZ09-_.~", "aZ09-_.~"),
    ] {
        let credential = Credential::new(given, "c", Uid(5)).unwrap();
        let request = SingleUnread::new().request(&context(credential)).unwrap();
        let cookies = sent_cookies(&request);
        assert_eq!(cookies.get("SESSDATA").map(String::as_str), Some(sent));
    }
}

#[test]
fn the_cookie_goes_over_https_unless_the_service_is_on_this_machine() {
    let credential = || Credential::new("a%2C", "c", Uid(5)).unwrap();
    let request = SingleUnread::new().request(&context(credential())).unwrap();
    assert_eq!(request.uri().scheme_str(), Some("https"));
    assert_eq!(request.uri().host(), Some("api.vc.bilibili.com"));
    for text in [
        "http://example.com",
        "http://10.0.0.1",
        "http://127.0.0.1.nip.io",
    ] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
    let hosts = Hosts::single("http://127.0.0.1:9".parse().unwrap());
    let request = SingleUnread::new()
        .request(&context(credential()).with_hosts(hosts))
        .unwrap();
    assert_eq!(request.uri().authority().unwrap().as_str(), "127.0.0.1:9");
}
