//! `NAME=VALUE` pairs, as in a `Cookie` header, in a `.env` file or in a note.

use zeroize::Zeroizing;

use super::cookies::{Cookies, Found, is_token, known, names};

/// Reads the value of a `Cookie` header in the form in which browsers send it; `None` for any other
/// text. What is stored of a login has this form, so it is read back as it is.
pub(super) fn read_header(text: &str, cookies: &mut Cookies) -> Option<()> {
    let pairs: Option<Vec<_>> = (text.split(';'))
        .map(|pair| pair.split_once('='))
        .map(|pair| pair.map(|(name, value)| (name.trim(), value.trim())))
        .collect();
    let pairs = pairs?;
    let fits = |(name, value): &(&str, &str)| {
        // An `=` in the value of one of these is a second pair without a semicolon before it.
        let is_plain = matches!(*name, "SESSDATA" | "bili_jct" | "DedeUserID");
        let is_one = !is_plain || !value.contains('=');
        is_token(name) && value.bytes().all(|b| b.is_ascii_graphic()) && is_one
    };
    if !pairs.iter().all(fits) || !pairs.iter().any(|(name, _)| *name == "SESSDATA") {
        return None;
    }
    for (name, value) in pairs {
        add(name, value, cookies);
    }
    Some(())
}

/// Reads pairs that are separated by semicolons or line breaks; before a known name also by
/// spaces, commas and the like.
pub(super) fn read(text: &str, cookies: &mut Cookies) {
    for part in text.split([';', '\n', '\r']) {
        if part.trim_start().starts_with('#') {
            continue;
        }
        for pair in split_before_names(part) {
            let pair = pair.trim_start_matches(is_before_a_name);
            let pair = ["export ", "set ", "$env:", "const ", "let "]
                .into_iter()
                .fold(pair, |pair, word| pair.strip_prefix(word).unwrap_or(pair));
            if let Some((name, value)) = pair.split_once('=')
                && (known(name).is_some() || !name.contains([':', ' ', '\t']))
            {
                add(name, unquoted(value), cookies);
            } else if let Some((name, value)) = pair.split_once([':', ' ', '\t'])
                && known(name).is_some()
            {
                let value = value.trim_start_matches([':', '=', ' ', '\t']);
                add(name, unquoted(value), cookies);
            }
        }
    }
}

fn add(name: &str, value: &str, cookies: &mut Cookies) {
    let name = name.trim_matches([' ', '"', '\'']);
    // `MY_COOKIE="SESSDATA=…"`: the name is a variable's.
    if !name.to_ascii_lowercase().ends_with("cookie") {
        cookies.add(&Found::new(name, value));
    }
}

/// Cuts a text before each known name that follows a separator and is followed by `=` or `:`.
fn split_before_names(text: &str) -> Vec<&str> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let mut starts = Vec::new();
    for name in names() {
        let name = name.to_ascii_lowercase();
        let places = lower.match_indices(&name).map(|(start, _)| start);
        starts.extend(places.filter(|&start| begins_a_pair(text, start, name.len())));
    }
    starts.sort_unstable();
    let mut pieces = Vec::new();
    let mut rest = text;
    for &start in starts.iter().rev() {
        let (before, piece) = rest.split_at_checked(start).unwrap_or((rest, ""));
        pieces.push(piece);
        // The separator is not a part of the value before it.
        rest = before.trim_end_matches(|c| is_before_a_name(c) && c != '{');
    }
    pieces.push(rest);
    pieces.reverse();
    pieces
}

fn begins_a_pair(text: &str, start: usize, length: usize) -> bool {
    let Some((before, from)) = text.split_at_checked(start) else {
        return false;
    };
    let after = from.get(length..).unwrap_or_default();
    let after = after.trim_start_matches(['"', '\'', ' ', '\t']);
    before.chars().next_back().is_none_or(is_before_a_name) && after.starts_with(['=', ':'])
}

/// A value without its quotes, and without what stands behind them in the code of a program.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inside = value.trim_start_matches(['"', '\'']);
    if inside == value {
        return value.trim_end_matches(['"', '\'']);
    }
    inside.split(['"', '\'']).next().unwrap_or(inside)
}

fn is_before_a_name(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '&' | '?' | '|' | '"' | '\'' | '{' | '、')
}
