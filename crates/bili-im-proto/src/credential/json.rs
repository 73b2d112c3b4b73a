//! JSON: what browsers, their extensions and other programs export.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    cookies::{Cookies, Found, known},
    headers::Header,
};
use crate::time::UnixSeconds;

/// Parts of an export that hold no cookies, but look like it.
const STORAGE: [&str; 3] = ["origins", "localStorage", "sessionStorage"];

/// The last seconds that fit a date; larger numbers are milliseconds.
const MOST_SECONDS: f64 = 1e11;

/// Reads the cookies at any depth: lists of objects with name and value, and objects with keys
/// that are named like the cookies.
pub(super) fn read(value: &Value, cookies: &mut Cookies) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| read(value, cookies)),
        Value::Object(object) => read_object(object, cookies),
        _ => {}
    }
}

fn read_object(object: &Map<String, Value>, cookies: &mut Cookies) {
    let field = |names: &[&str]| names.iter().find_map(|name| text_of(object.get(*name)?));
    // "Name raw" is the name that "Cookie Quick Manager" has for it.
    if let Some(name) = field(&["name", "Name raw"])
        && read_cookie(&name, object, cookies)
    {
        return;
    }
    let is_jar = object.contains_key("SESSDATA");
    for (key, value) in object {
        let name = known(key);
        if key == "headers"
            && let Value::Array(headers) = value
        {
            headers
                .iter()
                .for_each(|header| read_header(header, cookies));
            continue;
        }
        match (text_of(value), value) {
            (Some(text), _) if name.is_some() || is_jar => cookies.add(&Found::new(key, &text)),
            (Some(text), _) if key.to_ascii_lowercase().contains("cookie") => {
                Header::Cookie.read(&text, cookies);
            }
            (_, Value::Object(inner)) if name.is_some() && read_cookie(key, inner, cookies) => {}
            (_, inner) if !STORAGE.contains(&key.as_str()) => read(inner, cookies),
            _ => {}
        }
    }
}

/// Reads an entry of a list of headers, which has a name and a value.
fn read_header(entry: &Value, cookies: &mut Cookies) {
    let field = |name| entry.get(name).and_then(text_of);
    if let (Some(name), Some(value)) = (field("name"), field("value"))
        && let Some(header) = Header::named(&name)
    {
        header.read(&value, cookies);
    }
}

/// Reads an object that describes one cookie. Returns whether it has a value.
fn read_cookie(name: &str, object: &Map<String, Value>, cookies: &mut Cookies) -> bool {
    let field = |names: &[&str]| names.iter().find_map(|name| text_of(object.get(*name)?));
    let Some(value) = field(&["value", "Content raw"]) else {
        return false;
    };
    let domain = field(&["domain", "Host raw", "host"]).unwrap_or_default();
    let expires = ["expirationDate", "expires", "expiry", "Expires raw"];
    cookies.add(&Found {
        name,
        value: &value,
        domain: host_of(&domain),
        expires: expires.iter().find_map(|name| seconds(object.get(*name)?)),
    });
    true
}

fn text_of(value: &Value) -> Option<Zeroizing<String>> {
    match value {
        Value::String(text) => Some(Zeroizing::new(text.clone())),
        Value::Number(number) => Some(Zeroizing::new(number.to_string())),
        _ => None,
    }
}

/// The host of a domain that is written as an address.
fn host_of(domain: &str) -> &str {
    let host = domain.split_once("://").map_or(domain, |(_, host)| host);
    host.trim_end_matches('/')
}

fn seconds(value: &Value) -> Option<UnixSeconds> {
    let number = match value {
        Value::String(text) => return UnixSeconds::parse_date(text),
        value => value.as_f64().filter(|&number| number >= 1.0)?,
    };
    let seconds = if number > MOST_SECONDS {
        number / 1000.0
    } else {
        number
    };
    Some(UnixSeconds(seconds as u64))
}
