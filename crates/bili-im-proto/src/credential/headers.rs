//! Header lines, as the developer tools copy them from a request or an answer.

use super::{cookies::Cookies, pairs, set_cookie::SetCookie};

/// The headers with cookies in a text, each with its value.
///
/// Some tools put the name on a line of its own, and the value on the next.
fn of(text: &str) -> Vec<(Header, &str)> {
    let mut headers = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        // In the code of a program, a line of an object.
        let line = if line.starts_with(['"', '\'']) {
            line.trim_end_matches(',').trim_matches(['"', '\''])
        } else {
            line
        };
        let end = line.find([':', '\t', ' ']).unwrap_or(line.len());
        let (name, value) = line.split_at_checked(end).unwrap_or((line, ""));
        let Some(header) = Header::named(name) else {
            continue;
        };
        let value = value.trim_start_matches([':', '\t', ' ', '"', '\'']);
        let value = if value.is_empty() {
            lines.next().unwrap_or_default()
        } else {
            value
        };
        headers.push((header, value.trim()));
    }
    headers
}

/// A header with cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    Cookie,
    SetCookie,
}

impl Header {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name
            .trim_matches(['"', '\'', ' '])
            .to_ascii_lowercase()
            .as_str()
        {
            "cookie" => Some(Self::Cookie),
            "set-cookie" => Some(Self::SetCookie),
            _ => None,
        }
    }

    pub(super) fn read(self, value: &str, cookies: &mut Cookies) {
        match self {
            Self::Cookie => {
                pairs::read_header(value, cookies).unwrap_or_else(|| pairs::read(value, cookies))
            }
            Self::SetCookie => (value.lines().filter_map(SetCookie::parse))
                .for_each(|cookie| cookies.add(&cookie.found(None))),
        }
    }
}

/// Whether some line is a header with cookies, or the value of such a header.
pub(super) fn are_headers(text: &str) -> bool {
    !of(text).is_empty() || text.lines().any(has_attributes)
}

pub(super) fn read(text: &str, cookies: &mut Cookies) {
    let headers = of(text);
    if headers.is_empty() {
        Header::SetCookie.read(text, cookies);
    }
    for (header, value) in headers {
        header.read(value, cookies);
    }
}

/// Whether a line is the value of a `Set-Cookie` header: a cookie with attributes.
fn has_attributes(line: &str) -> bool {
    SetCookie::parse(line).is_some_and(|cookie| cookie.attribute("path").is_some())
}
