//! Recognizes the form of a pasted login, and reads it.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    cookies::{Cookies, Found},
    curl,
    form::{CookieForm, InvalidCredential},
    headers, json,
    login::Credential,
    pairs, table,
};
use crate::ids::Uid;

/// A form that is not JSON.
struct Form {
    form: CookieForm,
    is_of: fn(&str) -> bool,
    read: fn(&str, &mut Cookies),
}

/// The forms, in the order in which they are tried. The last takes every text.
const FORMS: [Form; 5] = [
    Form {
        form: CookieForm::Curl,
        is_of: curl::is_curl,
        read: curl::read,
    },
    Form {
        form: CookieForm::Netscape,
        is_of: table::is_netscape,
        read: table::read_netscape,
    },
    Form {
        form: CookieForm::Headers,
        is_of: headers::are_headers,
        read: headers::read,
    },
    Form {
        form: CookieForm::Table,
        is_of: table::is_tools_table,
        read: table::read_tools_table,
    },
    Form {
        form: CookieForm::Pairs,
        is_of: |_| true,
        read: pairs::read,
    },
];

impl Credential {
    /// Makes a login from the values of `SESSDATA`, `bili_jct` and `DedeUserID`.
    ///
    /// # Errors
    /// When `sessdata` is empty, or a value contains a character that cookies cannot have.
    pub fn new(sessdata: &str, bili_jct: &str, uid: Uid) -> Result<Self, InvalidCredential> {
        let uid = uid.to_string();
        let mut cookies = Cookies::new(CookieForm::Pairs);
        cookies.add(&Found::new("SESSDATA", sessdata));
        cookies.add(&Found::new("bili_jct", bili_jct));
        cookies.add(&Found::new("DedeUserID", &uid));
        cookies.finish("")
    }

    /// Parses the cookies in any form in which people have them: see [`CookieForm`]. Cookies of
    /// other sites are left out. When `SESSDATA` expires is read where the form has it.
    ///
    /// # Errors
    /// When the text has no cookies of the service, no `SESSDATA`, or a needed value with a
    /// character that cookies cannot have. The error says which form the text was taken for.
    pub fn parse(text: &str) -> Result<Self, InvalidCredential> {
        let text = text.trim_start_matches('\u{feff}').trim();
        let mut header = Cookies::new(CookieForm::Pairs);
        if pairs::read_header(text, &mut header).is_some() {
            return header.finish(text);
        }
        if !text.starts_with(['[', '{']) {
            return read_text(text).finish(text);
        }
        match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                let mut cookies = Cookies::new(CookieForm::Json);
                json::read(&value, &mut cookies);
                cookies.finish(text)
            }
            Err(error) => {
                // What Python or JavaScript prints looks like JSON.
                let cookies = read_text(text.trim_matches(['{', '}', '[', ']']));
                if cookies.has_sessdata() {
                    return cookies.finish(text);
                }
                Err(InvalidCredential::BadJson {
                    line: error.line(),
                    column: error.column(),
                })
            }
        }
    }

    /// Adds a cookie or replaces its value. Names and values that cannot be in a cookie are
    /// ignored.
    #[must_use]
    pub fn with_cookie(&self, name: &str, value: &str) -> Self {
        let mut cookies = Cookies::of(CookieForm::Pairs, self.pairs(), self.expires());
        cookies.add(&Found::new(name, value));
        cookies.finish("").unwrap_or_else(|_| self.clone())
    }
}

fn read_text(text: &str) -> Cookies {
    let text = with_plain_punctuation(text);
    let form = FORMS.iter().find(|form| (form.is_of)(&text));
    let mut cookies = Cookies::new(form.map_or(CookieForm::Pairs, |form| form.form));
    if let Some(form) = form {
        (form.read)(&text, &mut cookies);
    }
    cookies
}

/// Replaces the punctuation of Chinese input methods. No cookie contains it.
fn with_plain_punctuation(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    plain.extend(text.chars().map(|c| match c {
        '；' => ';',
        '：' => ':',
        '＝' => '=',
        '，' | '、' => ',',
        '“' | '”' | '＂' => '"',
        '‘' | '’' => '\'',
        '\u{3000}' | '\u{a0}' => ' ',
        c => c,
    }));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixSeconds;

    /// Texts with the same three cookies, as tools write them. `tests/wire/cookies.rs` has more
    /// forms. Those of the second list say when the login expires: 2027-01-15 08:00 UTC.
    const UNDATED: [&str; 11] = [
        ":authority:\napi.bilibili.com\ncookie:\nSESSDATA=a%2Cb%2Ac; bili_jct=d; DedeUserID=5\naccept:\n*/*",
        "export SESSDATA=\"a,b*c\"\nexport bili_jct='d'\n# export DedeUserID=6\nexport DedeUserID=5",
        "SESSDATA: a%2Cb%2Ac\nbili_jct: d\nDedeUserID: 5",
        "bili_jct=d&DedeUserID=5; SESSDATA=a%2Cb%2Ac",
        "SESSDATA=a%2Cb%2Ac bili_jct=d, DedeUserID=5",
        "cookies = {\n    'SESSDATA': 'a,b*c',\n    'bili_jct': 'd',\n    'DedeUserID': '5',\n}",
        "{\n  SESSDATA: \"a,b*c\",\n  bili_jct: \"d\",\n  DedeUserID: 5\n}",
        "SESSDATA=a,b*c\nbili_jct=d\nDedeUserID=5\n# SESSDATA=old\n# DedeUserID=6",
        r#"{"account":{"biliJct":"d","SessData":"a%2Cb%2Ac","DEDEUSERID":5}}"#,
        r#"{"log":{"entries":[{"request":{"headers":[{"name":"Host","value":"x"},{"name":"Cookie",
            "value":"SESSDATA=a%2Cb%2Ac; bili_jct=d; DedeUserID=5"}]}}]}}"#,
        "curl ^\"https://api.bilibili.com/x^\" ^\r\n  -H ^\"accept: */*^\" ^\r\n  -H ^\"cookie: \
         SESSDATA=a^%^2Cb^%^2Ac; bili_jct=d; DedeUserID=5^\"",
    ];

    const DATED: [&str; 8] = [
        "# Netscape HTTP Cookie File\r\n\r\n#HttpOnly_.bilibili.com\tTRUE\t/\tTRUE\t1800000000\tSESSDATA\ta%2Cb%2Ac\r\n\
         .bilibili.com\tTRUE\t/\tFALSE\t1800000000\tbili_jct\td\r\n.bilibili.com\tTRUE\t/\tFALSE\t0\tDedeUserID\t5\r\n\
         .example.com\tTRUE\t/\tFALSE\t0\tSESSDATA\tforeign\r\n",
        ".bilibili.com TRUE / TRUE 1800000000 SESSDATA a%2Cb%2Ac\n.bilibili.com TRUE / FALSE 0 bili_jct d\n\
         .bilibili.com TRUE / FALSE 0 DedeUserID 5",
        r#"[{"domain":".bilibili.com","expirationDate":1800000000.25,"hostOnly":false,"name":"SESSDATA",
            "value":"a%2Cb%2Ac"},{"name":"bili_jct","value":"d"},{"name":"DedeUserID","value":"5"},
            {"name":"SESSDATA","value":"foreign","domain":"example.com"}]"#,
        r#"{"cookies":[{"name":"SESSDATA","value":"a%2Cb%2Ac","domain":".bilibili.com","expires":1800000000},
            {"name":"bili_jct","value":"d"},{"name":"DedeUserID","value":"5","expires":-1}],
            "origins":[{"localStorage":[{"name":"SESSDATA","value":"no"}]}]}"#,
        r#"{"cookie_info":{"cookies":[{"expires":1800000000,"http_only":1,"name":"SESSDATA","value":"a%2Cb%2Ac"},
            {"name":"bili_jct","value":"d"},{"name":"DedeUserID","value":"5"}]},
            "token_info":{"access_token":"e","refresh_token":"f"}}"#,
        r#"[{"Host raw":"https://.bilibili.com/","Name raw":"SESSDATA","Content raw":"a%2Cb%2Ac",
            "Expires raw":"1800000000"},{"Name raw":"bili_jct","Content raw":"d"},
            {"Name raw":"DedeUserID","Content raw":"5"}]"#,
        "Set-Cookie: SESSDATA=a%2Cb%2Ac; Path=/; Domain=bilibili.com; Expires=Fri, 15 Jan 2027 08:00:00 GMT; \
         HttpOnly; Secure\nSet-Cookie: bili_jct=d; Path=/\nset-cookie: DedeUserID=5; path=/",
        "Name\tValue\tDomain\tPath\tExpires / Max-Age\tSize\n\
         SESSDATA\ta%2Cb%2Ac\t.bilibili.com\t/\t2027-01-15T08:00:00.000Z\t20\t✓\n\
         bili_jct\td\t.bilibili.com\t/\tSession\t9\nDedeUserID\t5\t.bilibili.com\t/\tSession\t9",
    ];

    #[test]
    fn every_form_is_read_as_the_same_login() {
        let three = Credential::new("a,b*c", "d", Uid(5)).unwrap();
        let undated = UNDATED.map(|text| (text, None));
        let dated = DATED.map(|text| (text, Some(UnixSeconds(1_800_000_000))));
        for (text, expires) in undated.into_iter().chain(dated) {
            for mark in ["", "\u{feff}", "\n "] {
                let credential = Credential::parse(&format!("{mark}{text}\n")).expect(text);
                assert!(credential == three, "{text}");
                assert_eq!(credential.expires(), expires, "{text}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_form_and_never_with_a_value() {
        let json = CookieForm::Json;
        let pairs = CookieForm::Pairs;
        let no_sessdata = |form, seen| InvalidCredential::NoSessdata { form, seen };
        for (text, wrong) in [
            ("", InvalidCredential::Unknown),
            ("x", InvalidCredential::Unknown),
            ("[]", InvalidCredential::Unknown),
            ("secret%2Csecret", InvalidCredential::Unknown),
            (
                "https://www.bilibili.com/?secret=1",
                InvalidCredential::Unknown,
            ),
            ("[1", InvalidCredential::BadJson { line: 1, column: 2 }),
            (
                "bili_jct=secret; sid=secret",
                no_sessdata(pairs, vec!["bili_jct"]),
            ),
            (
                r#"{"bili_jct":"secret","buvid3":"secret"}"#,
                no_sessdata(json, vec!["bili_jct", "buvid3"]),
            ),
            ("SESSDATA=", InvalidCredential::NoValue { form: pairs }),
            (
                "my SESSDATA is secret",
                InvalidCredential::NoValue { form: pairs },
            ),
            (
                "curl x -b 'SESSDATA=' -H 'a: secret'",
                InvalidCredential::NoValue {
                    form: CookieForm::Curl,
                },
            ),
            (
                ".example.com\tTRUE\t/\tTRUE\t0\tSESSDATA\tsecret",
                InvalidCredential::AnotherSite {
                    form: CookieForm::Netscape,
                },
            ),
            (
                r#"{"SESSDATA":"x","bili_jct":"sec\nret"}"#,
                InvalidCredential::BadValue {
                    form: json,
                    name: "bili_jct",
                },
            ),
        ] {
            let error = Credential::parse(text).expect_err(text);
            assert_eq!(error, wrong, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
