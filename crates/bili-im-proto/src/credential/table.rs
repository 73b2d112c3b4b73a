//! Tables with one cookie a line: `cookies.txt`, and what the developer tools copy.

use super::cookies::{Cookies, Found, known};
use crate::time::UnixSeconds;

/// The columns of a `cookies.txt` file: domain, whether with subdomains, path, whether secure,
/// expiry, name, value.
fn netscape_row(line: &str) -> Option<Found<'_>> {
    let line = line.trim();
    let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
    // An editor may have turned the tabs into spaces.
    let columns: Vec<&str> = if line.contains('\t') {
        line.split('\t').map(str::trim).collect()
    } else {
        line.split_whitespace().collect()
    };
    let (domain, wide, secure, expires, name, value) = match *columns.as_slice() {
        [domain, wide, _, secure, expires, name, value] => {
            (domain, wide, secure, expires, name, value)
        }
        [domain, wide, _, secure, expires, name] => (domain, wide, secure, expires, name, ""),
        _ => return None,
    };
    let is_flag = |text: &str| {
        ["TRUE", "FALSE"]
            .iter()
            .any(|f| f.eq_ignore_ascii_case(text))
    };
    (is_flag(wide) && is_flag(secure)).then_some(Found {
        name,
        value,
        domain,
        expires: UnixSeconds::parse_date(expires),
    })
}

/// The columns of the developer tools: name, value, domain, path, expiry, and others.
fn tools_row(line: &str) -> Option<Found<'_>> {
    let mut columns = line.trim().split('\t').map(str::trim);
    let (name, value, domain) = (columns.next()?, columns.next()?, columns.next()?);
    Some(Found {
        name,
        value,
        domain,
        // The path is between them.
        expires: columns.nth(1).and_then(UnixSeconds::parse_date),
    })
}

pub(super) fn is_netscape(text: &str) -> bool {
    text.lines().any(|line| netscape_row(line).is_some())
}

pub(super) fn read_netscape(text: &str, cookies: &mut Cookies) {
    (text.lines().filter_map(netscape_row)).for_each(|found| cookies.add(&found));
}

/// Whether some line is a row of a known cookie.
pub(super) fn is_tools_table(text: &str) -> bool {
    (text.lines().filter_map(tools_row)).any(|row| known(row.name).is_some())
}

pub(super) fn read_tools_table(text: &str, cookies: &mut Cookies) {
    (text.lines().filter_map(tools_row)).for_each(|found| cookies.add(&found));
}
