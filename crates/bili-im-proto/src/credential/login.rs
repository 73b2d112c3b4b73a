use std::{fmt, sync::Arc};

use http::HeaderValue;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::{ids::Uid, time::UnixSeconds};

/// The cookies of one login. Its memory is wiped when the last clone is dropped. `Debug` shows the
/// uid only.
#[derive(Clone)]
pub struct Credential(Arc<Login>);

struct Login {
    /// In the order given, with unique names. `SESSDATA` is always there.
    pairs: Vec<(String, Zeroizing<String>)>,
    /// The value of the `Cookie` header.
    header: Zeroizing<String>,
    uid: Option<Uid>,
    expires: Option<UnixSeconds>,
}

impl Credential {
    pub(super) fn of(
        pairs: Vec<(String, Zeroizing<String>)>,
        expires: Option<UnixSeconds>,
    ) -> Self {
        let mut login = Login {
            header: joined(&pairs),
            pairs,
            uid: None,
            expires,
        };
        login.uid = (login.get("DedeUserID"))
            .and_then(|uid| uid.parse().ok())
            .filter(|&uid| uid != Uid(0));
        Self(Arc::new(login))
    }

    /// Its cookies, in the order given.
    pub(super) fn pairs(&self) -> Vec<(String, Zeroizing<String>)> {
        self.0.pairs.clone()
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
        Self::of(self.0.pairs.clone(), expires)
    }

    /// Whether there is a cookie of this name, with a value.
    pub fn has_cookie(&self, name: &str) -> bool {
        self.0.get(name).is_some()
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

impl Login {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{CookieForm, InvalidCredential};

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
    fn a_value_cannot_smuggle_a_header() {
        let text = r#"{"SESSDATA":"x","bili_jct":"a\r\nX-Evil: 1"}"#;
        assert_eq!(
            Credential::parse(text).unwrap_err(),
            InvalidCredential::BadValue {
                form: CookieForm::Json,
                name: "bili_jct"
            }
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
}
