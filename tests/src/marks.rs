//! Secrets that are recognized in any text, in part and in any encoding.

use std::collections::HashMap;

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
    /// How it was encoded.
    pub form: &'static str,
    /// The part of it that was found.
    pub part: String,
}

/// Secrets to look for.
#[derive(Debug, Clone)]
pub struct Marks {
    /// The name of the secret of each of their parts.
    parts: HashMap<Vec<u8>, String>,
    /// How parts begin. Few places in a text begin so, and no others are looked up.
    beginnings: Vec<bool>,
}

/// Undoes an encoding.
type Read = fn(&[u8]) -> Vec<u8>;

/// The shortest part of a secret that counts as a leak, in bytes.
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
        let parts = secrets.into_iter().flat_map(|(name, secret)| {
            // Digits alone, such as a time within a secret, do not count.
            let parts = (secret.as_bytes().windows(PART))
                .filter(|part| !part.iter().all(u8::is_ascii_digit));
            parts.map(move |part| (part.to_ascii_lowercase(), name.to_owned()))
        });
        let parts: HashMap<Vec<u8>, String> = parts.collect();
        let mut beginnings = vec![false; 1 << 16];
        for part in parts.keys() {
            if let Some(begins) = beginnings.get_mut(beginning(part)) {
                *begins = true;
            }
        }
        Self { parts, beginnings }
    }

    /// The first part of any secret in a text: as it is, in other letters, percent-encoded or as
    /// the numbers of its bytes.
    pub fn find(&self, text: &[u8]) -> Option<Leak> {
        let forms: [(_, Read); 4] = [
            ("as it is", <[u8]>::to_vec),
            // Twice: what is a value in a query may have been encoded before.
            ("percent-encoded", |text| {
                percent_decode(&percent_decode(text))
            }),
            ("in numbers", from_decimal),
            ("in hexadecimal", from_hexadecimal),
        ];
        forms.into_iter().find_map(|(form, read)| {
            let text = read(text).to_ascii_lowercase();
            let part = text.windows(PART).find(|part| {
                self.beginnings.get(beginning(part)) == Some(&true)
                    && self.parts.contains_key(*part)
            })?;
            Some(Leak {
                name: self.parts.get(part)?.clone(),
                form,
                part: String::from_utf8_lossy(part).into_owned(),
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

/// The first two bytes as a number.
fn beginning(part: &[u8]) -> usize {
    match part {
        [first, second, ..] => usize::from(*first) << 8 | usize::from(*second),
        _ => 0,
    }
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    let digit = char::from(*byte?).to_digit(16)?;
    digit.try_into().ok()
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, others @ ..] = rest {
        rest = others;
        match (first, digit(others.first()), digit(others.get(1))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high * 16 + low);
                rest = others.get(2..).unwrap_or_default();
            }
            _ => decoded.push(*first),
        }
    }
    decoded
}

/// The bytes whose numbers stand between commas; zero for what is no such number.
fn from_decimal(text: &[u8]) -> Vec<u8> {
    let number = |text: &[u8]| std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok();
    let numbers = text.split(|byte| b",[](){}".contains(byte));
    // A comma or a bracket at the end leaves an empty place.
    let numbers = numbers.filter(|text| !text.trim_ascii().is_empty());
    numbers.map(|text| number(text).unwrap_or(0)).collect()
}

/// The bytes that pairs of hex digits stand for, beginning at any place; zero where there is none.
fn from_hexadecimal(text: &[u8]) -> Vec<u8> {
    let pairs = |text: &[u8]| -> Vec<u8> {
        let pair = |pair: &[u8]| Some(digit(pair.first())? * 16 + digit(pair.get(1))?);
        text.chunks(2).map(|two| pair(two).unwrap_or(0)).collect()
    };
    [pairs(text), pairs(text.get(1..).unwrap_or_default())].concat()
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
    #[should_panic = "stderr shows sid as it is: \"tj3sidxw\""]
    fn a_leak_is_told() {
        Marks::default().check("stderr", format!("cookie: sid={SID}"));
    }
}
