//! A login is read from every form in which browsers export it.

use bili_im_proto::{
    Context, Credential, DeviceId, Endpoint, SingleUnread, Uid, UnixMicros, http::header::COOKIE,
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

/// The cookies in every form that keeps all of them.
fn forms(pairs: &[(String, String)]) -> Vec<String> {
    let join = |between: &str, write: &dyn Fn(&str, &str) -> String| {
        let pairs: Vec<_> = (pairs.iter())
            .map(|(name, value)| write(name, value))
            .collect();
        pairs.join(between)
    };
    let plain = |name: &str, value: &str| format!("{name}={value}");
    let header = join("; ", &plain);
    let list: Vec<Value> = (pairs.iter())
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let object: serde_json::Map<String, Value> = (pairs.iter())
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    vec![
        header.clone(),
        format!("{header};"),
        join(";", &plain),
        join("\n", &plain),
        join("\r\n", &|name, value| format!("export {name}=\"{value}\"")),
        join(" ;\t", &|name, value| format!(" {name} = '{value}' ")),
        join("；", &|name, value| format!("{name}＝{value}")),
        format!("COOKIE:  {header}"),
        format!("Host: a\r\nReferer: https://b?SESSDATA=no\r\ncookie: {header}\r\nAccept: */*"),
        format!("accept\n*/*\ncookie\n{header}\nhost\na"),
        join("\n", &|name, value| format!("Set-Cookie: {name}={value}; Path=/; Secure")),
        join("\n", &|name, value| format!("{name}={value}; Domain=.bilibili.com; path=/")),
        format!("curl 'https://a' \\\n -H 'x: y' \\\n -b '{header}' --compressed"),
        format!("$ curl https://a --header \"Cookie: {header}\""),
        format!("curl 'https://a' -H $'cookie: {}'", header.replace('%', "\\u0025")),
        format!("curl.exe ^\"https://a^\" ^\r\n  -H ^\"cookie: {}^\"", with_carets(&header)),
        join("\r\n", &|name, value| {
            format!("#HttpOnly_.bilibili.com\tTRUE\t/\tTRUE\t1800000000\t{name}\t{value}")
        }),
        join("\n", &|name, value| format!("{name}\t{value}\t.bilibili.com\t/\tSession\t9")),
        json!(list).to_string(),
        serde_json::to_string_pretty(&list).unwrap(),
        json!({"a": [{"cookie_info": {"cookies": list}}]}).to_string(),
        json!({"cookies": list, "origins": [{"localStorage": [{"name": "SESSDATA", "value": "no"}]}]}).to_string(),
        json!({"headers": [{"name": "Host", "value": "a"}, {"name": "cookie", "value": header}]}).to_string(),
        json!({"cookie": header}).to_string(),
        json!(object).to_string(),
        json!({"data": {"login": object}}).to_string(),
    ]
}

/// Quotes a text for the Windows shell.
fn with_carets(text: &str) -> String {
    let quoted = |c: char| {
        if c.is_ascii_alphanumeric() {
            String::new()
        } else {
            "^".to_owned()
        }
    };
    text.chars().map(|c| format!("{}{c}", quoted(c))).collect()
}

/// A list of cookies as extensions export it, among cookies of other sites.
fn export(pairs: &[(String, String)], turn: usize) -> String {
    let domains = [
        ".bilibili.com",
        "bilibili.com",
        "www.bilibili.com",
        "message.bilibili.com",
    ];
    let mut list: Vec<Value> = (pairs.iter().zip(domains.iter().cycle()))
        .map(|((name, value), domain)| {
            json!({"name": name, "value": value, "domain": domain, "expirationDate": 1.79e9})
        })
        .collect();
    for foreign in [
        "example.com",
        "notbilibili.com",
        ".bilibili.com.example.com",
    ] {
        let cookie = json!({"name": "SESSDATA", "value": "foreign", "domain": foreign});
        list.insert(turn % (list.len() + 1), cookie);
    }
    json!(list).to_string()
}

proptest! {
    #![proptest_config(config(300))]

    /// Every form of the same cookies, in any order, SESSDATA decoded or not, is the same login,
    /// and the same cookies go out.
    #[test]
    fn every_form_of_a_login_is_the_same_login(
        jar in any_jar(),
        decoded in any::<bool>(),
        turn in any::<usize>(),
        mark in sample::select(vec!["", "\u{feff}", "\n\n "]),
    ) {
        let pairs = jar.pairs(decoded, turn);
        let mut wanted: Vec<String> = (jar.pairs(false, 0).iter())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        wanted.sort();
        for form in forms(&pairs).into_iter().chain([export(&pairs, turn)]) {
            let credential = Credential::parse(&format!("{mark}{form}\n"))
                .map_err(|error| TestCaseError::fail(format!("{error}: {form}")))?;
            prop_assert_eq!(sent(&credential), wanted.clone(), "{}", form);
            prop_assert_eq!(credential.uid(), Some(Uid(jar.uid)));
            prop_assert_eq!(credential.csrf_token(), Some(jar.bili_jct.as_str()));
            // What is stored is read back.
            prop_assert!(Credential::parse(&credential.expose()).unwrap() == credential);
        }
    }

    /// The names that matter are found in whatever case, and without the usual separators.
    #[test]
    fn the_three_cookies_are_found_in_any_writing(jar in any_jar(), decoded in any::<bool>()) {
        // A comma at its end would be taken for a separator.
        prop_assume!(!jar.sessdata.ends_with(','));
        let [sessdata, bili_jct, uid] = jar.pairs(decoded, 0).into_iter().map(|(_, value)| value)
            .take(3).collect::<Vec<_>>().try_into().unwrap();
        let three = Credential::new(&sessdata, &bili_jct, Uid(jar.uid)).unwrap();
        for text in [
            format!("SESSDATA={sessdata}&bili_jct={bili_jct}&DedeUserID={uid}"),
            format!("https://a.com/?DedeUserID={uid}&SESSDATA={sessdata}&bili_jct={bili_jct}"),
            format!("sessdata: {sessdata}, BILI_JCT: {bili_jct}, dedeuserid: {uid}"),
            format!("bili_jct={bili_jct} DedeUserID={uid} SESSDATA={sessdata}"),
            format!("BILI_SESSDATA={sessdata}\nBILI_BILI_JCT={bili_jct}\nBILI_DEDEUSERID={uid}"),
            format!("DedeUserID：{uid}，bili_jct：{bili_jct}，SESSDATA：{sessdata}"),
            format!("BILI_IM_COOKIE=\"SESSDATA={sessdata}; bili_jct={bili_jct}; DedeUserID={uid}\""),
            format!("{{'sessdata': '{sessdata}', 'bili_jct': '{bili_jct}', 'dedeuserid': {uid}}}"),
            json!({"sessdata": sessdata, "biliJct": bili_jct, "DEDEUSERID": jar.uid}).to_string(),
        ] {
            let credential = Credential::parse(&text);
            prop_assert_eq!(credential.as_ref(), Ok(&three), "{}", text);
        }
    }

    /// Whatever is lost of a form, the error shows no value.
    #[test]
    fn no_error_shows_a_value(jar in any_jar(), cut in 0.0..1.0, without in 0..3_usize) {
        prop_assume!(jar.sessdata.len() > 8);
        for form in forms(&jar.pairs(false, 0)) {
            let name = ["SESSDATA", "bili_jct", "DedeUserID"][without];
            let cut: String = form.chars().take((form.len() as f64 * cut) as usize).collect();
            for broken in [form.replace(name, "x"), form.replace('=', " "), cut, form.replace(':', "\u{1}")] {
                if let Err(error) = Credential::parse(&broken) {
                    let shown = format!("{error} {error:?} {}", error.advice());
                    for secret in [&jar.sessdata, &jar.encoded(), &jar.bili_jct] {
                        prop_assert!(!shown.contains(secret.as_str()), "{}: {}", shown, broken);
                    }
                }
            }
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
        prop_assume!(!value.starts_with(['"', '\'']));
        let jar = Jar { sessdata: value.clone(), bili_jct: "0".to_owned(), uid: 1, others: Vec::new() };
        let credential = Credential::new(&value, "0", Uid(1)).unwrap();
        let wanted = if value.contains('%') { value } else { jar.encoded() };
        let wanted = format!("SESSDATA={wanted}");
        prop_assert!(sent(&credential).contains(&wanted));
    }
}
