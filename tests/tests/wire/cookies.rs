//! A login is read from every form in which browsers export it.

use bili_im_proto::{
    Context, Credential, DeviceId, Endpoint, InvalidCredential, SingleUnread, Uid, UnixMicros,
    http::header::COOKIE,
};
use bili_im_tests::plain;
use proptest::{collection, prelude::*, sample};
use serde_json::{Value, json};

use crate::config;

/// The cookies of a login, SESSDATA decoded.
#[derive(Debug, Clone)]
struct Jar {
    sessdata: String,
    bili_jct: String,
    uid: u64,
    others: Vec<(String, String)>,
}

impl Jar {
    fn encoded(&self) -> String {
        plain::encode(&self.sessdata)
    }

    /// All pairs, rotated by `turn`.
    fn pairs(&self, decoded: bool, turn: usize) -> Vec<(String, String)> {
        let sessdata = if decoded {
            self.sessdata.clone()
        } else {
            self.encoded()
        };
        let mut pairs = vec![
            ("SESSDATA".to_owned(), sessdata),
            ("bili_jct".to_owned(), self.bili_jct.clone()),
            ("DedeUserID".to_owned(), self.uid.to_string()),
        ];
        pairs.extend(self.others.clone());
        let turn = turn % pairs.len();
        pairs.rotate_left(turn);
        pairs
    }
}

fn any_jar() -> impl Strategy<Value = Jar> {
    let others = collection::btree_map("[a-z][A-Za-z0-9_]{2,8}", "[A-Za-z0-9=|:/+.-]{1,12}", 0..4)
        .prop_map(|others| {
            (others.into_iter())
                // Attributes of `Set-Cookie` are not cookies.
                .filter(|(name, _)| {
                    ![
                        "path", "domain", "expires", "secure", "samesite", "httponly",
                    ]
                    .contains(&name.to_lowercase().as_str())
                })
                .collect()
        });
    (
        "[A-Za-z0-9,*_.~-]{1,40}",
        "[0-9a-f]{32}",
        1..u64::MAX,
        others,
    )
        .prop_map(|(sessdata, bili_jct, uid, others)| Jar {
            sessdata,
            bili_jct,
            uid,
            others,
        })
}

fn any_space() -> impl Strategy<Value = String> {
    "[ \t]{0,3}"
}

/// The cookies that go out, sorted.
fn sent(credential: &Credential) -> Vec<String> {
    let context = Context::new(DeviceId::from_random([0; 16]), UnixMicros(0))
        .with_credential(credential.clone());
    let request = SingleUnread::new().request(&context).unwrap();
    let header = &request.headers()[COOKIE];
    assert!(header.is_sensitive());
    let mut cookies: Vec<String> = header
        .to_str()
        .unwrap()
        .split("; ")
        .map(str::to_owned)
        .collect();
    cookies.sort();
    cookies
}

proptest! {
    #![proptest_config(config(300))]

    /// Every accepted form of the same cookies, in any order and spacing, SESSDATA decoded or
    /// not, is the same login, and the same cookies go out.
    #[test]
    fn every_form_of_a_login_is_the_same_login(
        jar in any_jar(),
        decoded in any::<bool>(),
        turn in any::<usize>(),
        space in any_space(),
        quoted in any::<bool>(),
        header in sample::select(vec!["", "Cookie: ", "cookie:", "COOKIE:  "]),
        mark in sample::select(vec!["", "\u{feff}", "\n\n "]),
    ) {
        let pairs = jar.pairs(decoded, turn);
        let value = |value: &str| if quoted { format!("\"{value}\"") } else { value.to_owned() };
        let texts = |between: &str| -> String {
            let pairs: Vec<String> = pairs.iter().map(|(name, text)| format!("{space}{name}={}{space}", value(text))).collect();
            pairs.join(between)
        };
        let domain = |index: usize| [".bilibili.com", "bilibili.com", "www.bilibili.com", "message.bilibili.com"][index % 4];
        let mut list: Vec<Value> = pairs.iter().enumerate()
            .map(|(index, (name, value))| json!({"name": name, "value": value, "domain": domain(index), "path": "/", "httpOnly": true, "expirationDate": 1.79e9}))
            .collect();
        for foreign in ["example.com", "notbilibili.com", ".bilibili.com.example.com"] {
            list.insert(turn % (list.len() + 1), json!({"name": "SESSDATA", "value": "foreign", "domain": foreign}));
        }
        let without_domains: Vec<Value> = pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let object: Value = pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect::<serde_json::Map<_, _>>().into();
        let mut with_number = object.clone();
        with_number["DedeUserID"] = json!(jar.uid);
        let forms = [
            format!("{mark}{header}{}", texts(";")),
            format!("{mark}{header}{};", texts("; ")),
            format!("{mark}{}\n", texts("\n")),
            format!("{mark}{}", texts("\r\n")),
            format!("{mark}{}", json!(list)),
            format!("{mark}{}", serde_json::to_string_pretty(&without_domains).unwrap()),
            json!({"cookies": list}).to_string(),
            object.to_string(),
            with_number.to_string(),
        ];
        let wanted = {
            let mut wanted: Vec<String> = jar.pairs(false, 0).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            wanted.sort();
            wanted
        };
        let first = Credential::parse(&forms[0]).unwrap();
        for form in &forms {
            let credential = Credential::parse(form).map_err(|error| TestCaseError::fail(format!("{error}: {form}")))?;
            prop_assert_eq!(sent(&credential), wanted.clone(), "{}", form);
            prop_assert!(credential == first);
            prop_assert_eq!(credential.uid(), Some(Uid(jar.uid)));
            prop_assert_eq!(credential.csrf_token(), Some(jar.bili_jct.as_str()));
            prop_assert!(credential.can_write());
            // What is stored is read back.
            prop_assert!(Credential::parse(&credential.expose()).unwrap() == credential);
        }
        if jar.others.is_empty() {
            let sessdata = if decoded { jar.sessdata.clone() } else { jar.encoded() };
            prop_assert!(Credential::new(&sessdata, &jar.bili_jct, Uid(jar.uid)).unwrap() == first);
        }
    }

    /// No text breaks the reader, and what it takes can stand in a header.
    #[test]
    fn no_text_breaks_the_reader(text in prop_oneof![
        any::<String>(),
        "[ \\[\\]{}\":;=,a-z\n\r%\u{0}\u{1b}]{0,40}",
        any::<String>().prop_map(|value| format!("SESSDATA={value}; bili_jct={value}")),
        any::<String>().prop_map(|value| json!({"SESSDATA": value, "other": value, "DedeUserID": value}).to_string()),
        any::<String>().prop_map(|value| json!([{"name": value, "value": value}, {"name": "SESSDATA", "value": value, "domain": 5}]).to_string()),
    ]) {
        if let Ok(credential) = Credential::parse(&text) {
            let cookies = sent(&credential);
            let is_fine = |cookie: &String| cookie.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
            prop_assert!(cookies.iter().all(is_fine), "{cookies:?}");
            let sessdata = cookies.iter().filter(|cookie| cookie.starts_with("SESSDATA="));
            prop_assert_eq!(sessdata.count(), 1);
        }
    }

    /// A SESSDATA that holds a `%` goes out as it stands; any other is encoded byte by byte.
    #[test]
    fn sessdata_is_encoded_once(value in "[!-:<-~]{1,30}") {
        prop_assume!(!(value.starts_with('"') && value.ends_with('"')));
        let jar = Jar { sessdata: value.clone(), bili_jct: "0".to_owned(), uid: 1, others: Vec::new() };
        let credential = Credential::new(&value, "0", Uid(1)).unwrap();
        let wanted = if value.contains('%') { value } else { jar.encoded() };
        let wanted = format!("SESSDATA={wanted}");
        prop_assert!(sent(&credential).contains(&wanted));
    }
}

#[test]
fn a_text_without_a_login_is_refused_as_such() {
    for text in [
        "",
        "x",
        "bili_jct=5",
        "SESSDATA=",
        "[]",
        "{}",
        r#"{"bili_jct":"x"}"#,
    ] {
        assert_eq!(
            Credential::parse(text).unwrap_err(),
            InvalidCredential::NoSessdata,
            "{text}"
        );
    }
    for text in ["[", "{", "[1]x", "{\"a\""] {
        assert_eq!(
            Credential::parse(text).unwrap_err(),
            InvalidCredential::BadJson,
            "{text}"
        );
    }
}
