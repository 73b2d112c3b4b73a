//! The wire format read and signed a second time, by other code than the crate's: plain, slow, and
//! taken from docs/protocol.md alone.

use md5::{Digest, Md5};

/// Where each character of the mixin key stands in the joined stems (docs/protocol.md §4).
const PLACES: &str = "46 47 18 2 53 8 23 32 15 50 10 31 58 3 45 35 27 43 5 49 33 9 42 19 29 28 14 \
                      39 12 38 41 13 37 48 7 16 24 55 40 61 26 17 0 1 60 51 30 4 22 25 54 21 56 59 \
                      6 63 57 62 11 36 20 34 44 52";

/// Undoes percent-encoding; a plus sign stays one. `None` when an escape is broken or the bytes
/// are not UTF-8.
pub fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// The names and values of a query, in its order. `None` when it is no such thing.
pub fn query_pairs(query: &str) -> Option<Vec<(String, String)>> {
    if query.is_empty() {
        return Some(Vec::new());
    }
    query
        .split('&')
        .map(|field| {
            let (name, value) = field.split_once('=')?;
            Some((percent_decode(name)?, percent_decode(value)?))
        })
        .collect()
}

/// The names and values of a form, in its order.
pub fn form_pairs(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// The only value of a name; `None` when it is missing or there are several.
pub fn only<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = pairs.iter().filter(|(other, _)| other == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}

/// Encodes all but letters, digits and `-_.~`, with upper-case hex.
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The key that is hashed behind a query, of the two addresses that `nav` gives.
pub fn mixin_key(img_url: &str, sub_url: &str) -> String {
    let stem = |url: &str| -> String {
        let name = url.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    };
    let joined: Vec<char> = (stem(img_url) + &stem(sub_url)).chars().collect();
    PLACES
        .split_whitespace()
        .take(32)
        .filter_map(|place| joined.get(place.parse::<usize>().ok()?))
        .collect()
}

/// The string that is signed: fields with `wts`, sorted, without `!'()*` in values.
pub fn canonical(pairs: &[(String, String)], wts: u64) -> String {
    let mut pairs = pairs.to_vec();
    pairs.push(("wts".to_owned(), wts.to_string()));
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let fields: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            let value = value.replace(['!', '\'', '(', ')', '*'], "");
            format!("{}={}", encode(name), encode(&value))
        })
        .collect();
    fields.join("&")
}

/// The signature of such a string.
pub fn w_rid(canonical: &str, mixin_key: &str) -> String {
    let digest = Md5::digest(format!("{canonical}{mixin_key}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a query is signed with a key, and is byte for byte what was signed.
pub fn is_signed_with(query: &str, mixin_key: &str) -> bool {
    let Some((signed, rid)) = query.split_once("&w_rid=") else {
        return false;
    };
    let Some(mut pairs) = query_pairs(signed) else {
        return false;
    };
    let Some(wts) = only(&pairs, "wts").and_then(|wts| wts.parse().ok()) else {
        return false;
    };
    pairs.retain(|(name, _)| name != "wts");
    canonical(&pairs, wts) == signed && w_rid(signed, mixin_key) == rid
}

/// How many bytes a text takes as JSON inside its quotes: UTF-8, escapes only where JSON needs
/// them.
pub fn json_length(text: &str) -> usize {
    text.chars()
        .map(|character| match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => 6,
            _ => character.len_utf8(),
        })
        .sum()
}
