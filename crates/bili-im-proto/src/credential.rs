//! The login: the cookies of a browser or of a QR login (docs/protocol.md §2).

use std::{fmt, sync::Arc};

use http::HeaderValue;
use memchr::memmem;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    encode::RESERVED,
    ids::Uid,
    lenient::{self, wire},
    time::UnixSeconds,
};

/// The cookies of one login. Its memory is wiped when the last clone is dropped. `Debug` shows the
/// uid only.
#[derive(Clone)]
pub struct Credential(Arc<Cookies>);

struct Cookies {
    /// In the order given, with unique names. `SESSDATA` is always there.
    pairs: Vec<(String, Zeroizing<String>)>,
    /// The value of the `Cookie` header.
    header: Zeroizing<String>,
    uid: Option<Uid>,
    expires: Option<UnixSeconds>,
}

/// Why cookies were not accepted as a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredential {
    /// `SESSDATA` is missing.
    #[error("the cookie has no SESSDATA: copy it from a browser that is logged in")]
    NoSessdata,
    /// A value contains a character that cookies cannot have, such as a line break.
    #[error("a cookie's value holds a character that cookies cannot have")]
    BadValue,
    /// The text begins like JSON but is not valid, or holds no cookies in a known form.
    #[error("the JSON is neither a list of cookies nor an object of names and values")]
    BadJson,
}

impl Credential {
    /// Makes a login from the values of `SESSDATA`, `bili_jct` and `DedeUserID`.
    ///
    /// # Errors
    /// When `sessdata` is empty, or a value contains a character that cookies cannot have.
    pub fn new(sessdata: &str, bili_jct: &str, uid: Uid) -> Result<Self, InvalidCredential> {
        let mut cookies = Collector::default();
        cookies.add("SESSDATA", sessdata)?;
        cookies.add("bili_jct", bili_jct)?;
        cookies.add("DedeUserID", &uid.to_string())?;
        cookies.finish()
    }

    /// Parses the cookies in any of these forms: a whole `Cookie:` header, `name=value` pairs
    /// separated by semicolons or line breaks, or a browser's export in JSON. An export is a list
    /// of objects with `name`, `value` and perhaps `domain`, or one object of names and values.
    /// Cookies of other sites are left out.
    ///
    /// # Errors
    /// When `SESSDATA` is missing, the text has none of these forms, or a needed value contains a
    /// character that cookies cannot have.
    pub fn parse(text: &str) -> Result<Self, InvalidCredential> {
        let text = text.trim_start_matches('\u{feff}').trim();
        let mut cookies = Collector::default();
        if text.starts_with(['[', '{']) {
            let export = serde_json::from_str(text).map_err(|_| InvalidCredential::BadJson)?;
            cookies.add_export(export)?;
        } else {
            let text = match text.split_at_checked("cookie:".len()) {
                Some((name, rest)) if name.eq_ignore_ascii_case("cookie:") => rest,
                _ => text,
            };
            for pair in text.split([';', '\n', '\r']) {
                if let Some((name, value)) = pair.split_once('=') {
                    cookies.add(name, value)?;
                }
            }
        }
        cookies.finish()
    }

    /// The account's own uid, from `DedeUserID`.
    pub fn uid(&self) -> Option<Uid> {
        self.0.uid
    }

    /// When the login (`SESSDATA`) expires, if known.
    pub fn expires(&self) -> Option<UnixSeconds> {
        self.0.expires
    }

    /// Sets when the login expires.
    #[must_use]
    pub fn with_expires(self, expires: Option<UnixSeconds>) -> Self {
        Self(Arc::new(Cookies {
            pairs: self.0.pairs.clone(),
            header: self.0.header.clone(),
            uid: self.0.uid,
            expires,
        }))
    }

    /// Adds a cookie or replaces its value. Names and values that cannot be in a cookie are
    /// ignored.
    #[must_use]
    pub fn with_cookie(&self, name: &str, value: &str) -> Self {
        let mut cookies = Collector {
            pairs: self.0.pairs.clone(),
            expires: self.0.expires,
        };
        let added = cookies.add(name, value).and_then(|()| cookies.finish());
        added.unwrap_or_else(|_| self.clone())
    }

    /// The value of the `Cookie` header. It is a secret: store it where only its owner can read it.
    /// [`parse`](Self::parse) reads it back.
    pub fn expose(&self) -> Zeroizing<String> {
        self.0.header.clone()
    }

    /// Whether there is a CSRF token, without which nothing can be changed or sent.
    pub fn can_write(&self) -> bool {
        self.csrf_token().is_some()
    }

    /// The CSRF token (`bili_jct`). It is a secret.
    pub fn csrf_token(&self) -> Option<&str> {
        self.0.get("bili_jct")
    }

    /// Whether `text` contains a part of a secret, as a page does that quotes the request.
    pub(crate) fn is_shown_in(&self, text: &[u8]) -> bool {
        /// Matches of fewer characters may be chance.
        const PART: usize = 8;
        let values = ["SESSDATA", "bili_jct"].into_iter();
        values
            .filter_map(|name| self.0.get(name))
            // Other characters may be percent-encoded in the text, so only alphanumeric runs are
            // compared.
            .flat_map(|value| value.split(|c: char| !c.is_ascii_alphanumeric()))
            .flat_map(|run| run.as_bytes().windows(PART))
            // SESSDATA contains a timestamp, which is no secret.
            .filter(|part| !part.iter().all(u8::is_ascii_digit))
            .any(|part| memmem::find(text, part).is_some())
    }

    /// The value of the `Cookie` header, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        // `Collector` accepts only characters valid in a header.
        let mut header =
            HeaderValue::from_str(&self.0.header).unwrap_or_else(|_| HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

impl Cookies {
    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(other, _)| other == name)?;
        Some(value).filter(|value| !value.is_empty()).map(|v| &***v)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("uid", &self.uid())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Credential {
    /// Compares the cookies without regard to their order or expiry.
    fn eq(&self, other: &Self) -> bool {
        self.0.pairs.len() == other.0.pairs.len()
            && (self.0.pairs.iter()).all(|(name, value)| {
                (other.0.pairs.iter()).any(|(n, v)| n == name && **v == **value)
            })
    }
}

impl Eq for Credential {}

#[derive(Default)]
struct Collector {
    pairs: Vec<(String, Zeroizing<String>)>,
    expires: Option<UnixSeconds>,
}

/// Attributes in a pasted `Set-Cookie` line, which are not cookies.
const ATTRIBUTES: [&str; 7] = [
    "path", "domain", "expires", "max-age", "samesite", "httponly", "secure",
];

impl Collector {
    fn add(&mut self, name: &str, value: &str) -> Result<(), InvalidCredential> {
        let name = name.trim();
        let mut value = value.trim();
        while let Some(inner) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
            value = inner.trim();
        }
        if name.is_empty() || ATTRIBUTES.iter().any(|a| name.eq_ignore_ascii_case(a)) {
            return Ok(());
        }
        let value = if name == "SESSDATA" && !value.contains('%') {
            Zeroizing::new(utf8_percent_encode(value, RESERVED).to_string())
        } else {
            Zeroizing::new(value.to_owned())
        };
        // With other characters at its front the header would be parsed as JSON or as another
        // header.
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let fits = |b: u8| b.is_ascii_graphic() && b != b';';
        if !name.bytes().all(is_token) || !value.bytes().all(fits) {
            // Other scripts store all sorts of things in cookies. Only the needed ones matter.
            return if NEEDED.contains(&name) {
                Err(InvalidCredential::BadValue)
            } else {
                Ok(())
            };
        }
        match self.pairs.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value,
            None => self.pairs.push((name.to_owned(), value)),
        }
        Ok(())
    }

    fn add_export(&mut self, export: Export) -> Result<(), InvalidCredential> {
        match export {
            Export::List(cookies) => {
                for cookie in cookies.iter().filter(|cookie| is_ours(&cookie.domain)) {
                    self.add(&cookie.name, &cookie.value)?;
                    if cookie.name == "SESSDATA" {
                        self.expires = cookie.expires();
                    }
                }
            }
            Export::Nested { cookies } => self.add_export(Export::List(cookies))?,
            Export::Map(pairs) => {
                for (name, Scalar(value)) in &pairs {
                    self.add(name, value)?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Credential, InvalidCredential> {
        let mut cookies = Cookies {
            header: joined(&self.pairs),
            pairs: self.pairs,
            uid: None,
            expires: self.expires,
        };
        if cookies.get("SESSDATA").is_none() {
            return Err(InvalidCredential::NoSessdata);
        }
        cookies.uid = (cookies.get("DedeUserID"))
            .and_then(|uid| uid.parse().ok())
            .filter(|&uid| uid != Uid(0));
        Ok(Credential(Arc::new(cookies)))
    }
}

fn joined(pairs: &[(String, Zeroizing<String>)]) -> Zeroizing<String> {
    // Reserves the exact length: a string that grows leaves unwiped copies behind.
    let length = pairs.iter().map(|(n, v)| n.len() + v.len() + 3);
    let mut text = String::with_capacity(length.sum::<usize>().saturating_sub(2));
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push_str("; ");
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    Zeroizing::new(text)
}

/// Cookies that must not be dropped silently: without them later calls fail.
const NEEDED: [&str; 3] = ["SESSDATA", "bili_jct", "DedeUserID"];

/// The forms in which browsers and their extensions export cookies.
#[derive(Deserialize)]
#[serde(untagged)]
enum Export {
    List(Vec<ExportedCookie>),
    Nested { cookies: Vec<ExportedCookie> },
    Map(std::collections::BTreeMap<String, Scalar>),
}

wire! {
    struct ExportedCookie {
        name: String,
        value: String,
        domain: String,
        #[serde(rename = "expirationDate")]
        expiration_date: Option<f64>,
        expires: Option<f64>,
        expiry: Option<f64>,
    }
}

impl ExportedCookie {
    fn expires(&self) -> Option<UnixSeconds> {
        let seconds = self.expiration_date.or(self.expires).or(self.expiry);
        let seconds = seconds.filter(|&seconds| seconds >= 1.0)?;
        Some(UnixSeconds(seconds as u64))
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Scalar(#[serde(deserialize_with = "lenient::or_default")] String);

/// Whether a cookie's domain is empty or the service's.
pub(crate) fn is_ours(domain: &str) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    domain.is_empty() || domain == "bilibili.com" || domain.ends_with(".bilibili.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of(text: &str) -> String {
        let credential = Credential::parse(text).unwrap();
        credential.header().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_header_is_sent_as_it_was_pasted() {
        let header = "buvid3=x; SESSDATA=a%2Cb%2A; bili_jct=c; DedeUserID=5; other=1=2";
        assert_eq!(header_of(header), header);
        assert_eq!(header_of(&format!("Cookie: {header}\n")), header);
    }

    #[test]
    fn every_accepted_form_gives_the_same_credential() {
        let three = Credential::new("a,b*c", "d", Uid(5)).unwrap();
        for text in [
            "SESSDATA=a%2Cb%2Ac; bili_jct=d; DedeUserID=5",
            "DedeUserID=5\nbili_jct=d\nSESSDATA=a,b*c\n",
            r#"[{"name":"SESSDATA","value":"a%2Cb%2Ac","domain":".bilibili.com","expirationDate":1.5},
                {"name":"bili_jct","value":"d"},{"name":"DedeUserID","value":5},
                {"name":"SESSDATA","value":"foreign","domain":"example.com"}]"#,
            r#"{"SESSDATA":"a,b*c","bili_jct":"d","DedeUserID":5}"#,
            r#"{"url":"x","cookies":[{"name":"SESSDATA","value":"a,b*c"},
                {"name":"bili_jct","value":"d"},{"name":"DedeUserID","value":"5"}]}"#,
        ] {
            let credential = Credential::parse(text).unwrap();
            assert!(credential == three, "{text}");
            assert_eq!(credential.uid(), Some(Uid(5)));
        }
    }

    #[test]
    fn a_decoded_sessdata_is_encoded_and_an_encoded_one_is_left_alone() {
        assert_eq!(header_of("SESSDATA=a,b*c~"), "SESSDATA=a%2Cb%2Ac~");
        assert_eq!(header_of("SESSDATA=a%2Cb*"), "SESSDATA=a%2Cb*");
    }

    #[test]
    fn a_cookie_without_sessdata_is_refused() {
        for text in ["", "bili_jct=x", "SESSDATA=", "[]", "{}", "x"] {
            let refused = Credential::parse(text).unwrap_err();
            assert_eq!(refused, InvalidCredential::NoSessdata, "{text}");
        }
        assert_eq!(
            Credential::parse("[1").unwrap_err(),
            InvalidCredential::BadJson
        );
    }

    #[test]
    fn a_value_cannot_smuggle_a_header() {
        let text = r#"{"SESSDATA":"x","bili_jct":"a\r\nX-Evil: 1"}"#;
        assert_eq!(
            Credential::parse(text).unwrap_err(),
            InvalidCredential::BadValue
        );
        assert_eq!(
            header_of(r#"{"SESSDATA":"x\r\ny","z":"a\nb"}"#),
            "SESSDATA=x%0D%0Ay"
        );
    }

    #[test]
    fn a_part_of_a_secret_is_recognized_encoded_or_not() {
        let credential = Credential::new(
            "aB3dE6gH9,1700000000,b*c",
            "0011223344aabbcc",
            Uid(123456789),
        )
        .unwrap();
        for shown in [
            "SESSDATA=aB3dE6gH9%2C1700000000%2Cb%2Ac",
            "SESSDATA=aB3dE6gH9,1700000000,b*c",
            "cut off: aB3dE6gH",
            "csrf=0011223344aabbcc",
        ] {
            assert!(credential.is_shown_in(shown.as_bytes()), "{shown}");
        }
        for other in [
            "aB3dE6g",
            "1700000000",
            "DedeUserID=123456789",
            "SESSDATA",
            "",
        ] {
            assert!(!credential.is_shown_in(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn an_exposed_cookie_is_parsed_again_whatever_was_pasted() {
        for text in [
            "a=b; {\"url\":\"x=y; SESSDATA=a",
            "a\n[=y\nSESSDATA=a",
            "cookie:x=y; SESSDATA=a",
            "Cookie: Cookie: x=y; SESSDATA=a",
            "SESSDATA=\"\"a\"\"; x=\"\"\"y\"\"",
            "SESSDATA=\" a \"; x=\" \"y\" \"",
        ] {
            let credential = Credential::parse(text).unwrap();
            let again = Credential::parse(&credential.expose());
            assert!(again.as_ref() == Ok(&credential), "{text}");
        }
    }

    #[test]
    fn a_credential_is_not_printable() {
        let credential = Credential::new("topsecret", "alsosecret", Uid(5)).unwrap();
        let shown = format!("{credential:?} {:?}", credential.header());
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains('5'));
    }
}
