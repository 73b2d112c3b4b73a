//! Secrets that are known again wherever they turn up, in part and in disguise.

use std::fmt::Write;

use memchr::memmem;

/// `SESSDATA`, decoded.
pub const SESSDATA: &str = "Qk7vSess2mZp,9tLb4RcYd8uH*fG3jN6sa";
/// `bili_jct`.
pub const BILI_JCT: &str = "5e8d0c7bf1a94236d7e05b8c1f3a6942";
/// Another cookie of the site that came with the login.
pub const SID: &str = "Tj3sidXw8pLkq5Vn";
/// What comes with a QR login and is to be kept.
pub const REFRESH_TOKEN: &str = "Vr8refreshTk5oWn2yXq7cBz";
/// What a QR code is asked about with.
pub const QR_KEY: &str = "Hn4qrkeyPz6bMe9tSc1vUg0w";

/// Where and how a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Which secret.
    pub name: String,
    /// In what disguise.
    pub form: &'static str,
    /// The part of it that was found.
    pub part: String,
}

/// Secrets to look for.
#[derive(Debug, Clone)]
pub struct Marks(Vec<(String, String)>);

/// How many characters of a secret in a row are one too many.
const PART: usize = 8;

impl Default for Marks {
    /// Those above.
    fn default() -> Self {
        Self::new([
            ("SESSDATA", SESSDATA),
            ("bili_jct", BILI_JCT),
            ("sid", SID),
            ("refresh_token", REFRESH_TOKEN),
            ("qrcode_key", QR_KEY),
        ])
    }
}

impl Marks {
    /// Secrets by their names.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        Self(secrets.into_iter().map(owned).collect())
    }

    /// The first part of any secret in a text: as it is, in other letters, percent-encoded or as the
    /// numbers of its bytes.
    pub fn find(&self, text: &[u8]) -> Option<Leak> {
        let plain = text.to_ascii_lowercase();
        let mut decoded = plain.clone();
        // Twice: what is a value in a query may have been encoded before.
        for _ in 0..2 {
            decoded = percent_decode(&decoded).to_ascii_lowercase();
        }
        let numbers: Vec<u8> = (text.iter().copied())
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        self.0.iter().find_map(|(name, secret)| {
            secret.as_bytes().windows(PART).find_map(|part| {
                let part_of = part.to_ascii_lowercase();
                let decimal = part.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
                let hex = part.iter().fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02x}");
                    hex
                });
                let forms: [(&str, &[u8], &[u8]); 4] = [
                    ("as it is", &plain, &part_of),
                    ("percent-encoded", &decoded, &part_of),
                    ("in numbers", &numbers, decimal.as_bytes()),
                    ("in hexadecimal", &plain, hex.as_bytes()),
                ];
                let (form, ..) =
                    (forms.iter()).find(|(_, text, part)| memmem::find(text, part).is_some())?;
                Some(Leak {
                    name: name.clone(),
                    form,
                    part: String::from_utf8_lossy(part).into_owned(),
                })
            })
        })
    }

    /// Sees to it that a text has none of them.
    ///
    /// # Panics
    /// When it has; `place` says where.
    pub fn check(&self, place: &str, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        if let Some(leak) = self.find(text) {
            panic!(
                "{place} shows {} {}: {:?} in {}",
                leak.name,
                leak.form,
                leak.part,
                String::from_utf8_lossy(text)
            );
        }
    }
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, others @ ..] = rest {
        rest = others;
        match (first, digit(others.first()), digit(others.get(1))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = others.get(2..).unwrap_or_default();
            }
            _ => decoded.push(*first),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::encode;

    fn form(text: &str) -> Option<&'static str> {
        Marks::default().find(text.as_bytes()).map(|leak| leak.form)
    }

    #[test]
    fn a_secret_is_found_in_every_disguise() {
        for secret in [SESSDATA, BILI_JCT, SID, REFRESH_TOKEN, QR_KEY] {
            let every: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
            for (text, found) in [
                (format!("before {secret} after"), "as it is"),
                (secret.to_uppercase(), "as it is"),
                // The part before the first encoded character is enough.
                (encode(secret), "as it is"),
                (every.clone(), "percent-encoded"),
                (encode(&every), "percent-encoded"),
                (format!("{:?}", secret.as_bytes()), "in numbers"),
                (format!("{:#?}", secret.as_bytes()), "in numbers"),
                (every.replace('%', ""), "in hexadecimal"),
            ] {
                assert_eq!(form(&text), Some(found), "{text}");
            }
        }
    }

    #[test]
    fn a_part_of_a_secret_is_found_and_no_other_text() {
        assert_eq!(form("... refreshTk ..."), Some("as it is"));
        assert_eq!(form("an excerpt that ends Hn4qrkey"), Some("as it is"));
        assert_eq!(form("refresh_token, qrcode_key, SESSDATA=***, sid"), None);
    }

    #[test]
    #[should_panic = "stderr shows sid as it is: \"Tj3sidXw\""]
    fn a_leak_is_told() {
        Marks::default().check("stderr", format!("cookie: sid={SID}"));
    }
}
