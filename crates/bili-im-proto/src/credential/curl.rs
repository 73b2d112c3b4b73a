//! The command that browsers copy as cURL, quoted for a POSIX shell or for the Windows one.

use zeroize::Zeroizing;

use super::{
    cookies::Cookies,
    headers::{self, Header},
};

/// Whether the text begins with the command, perhaps after a prompt.
pub(super) fn is_curl(text: &str) -> bool {
    let text = text.trim_start_matches(['$', '>', ' ']);
    let rest = text.strip_prefix("curl").unwrap_or_default();
    let rest = rest.strip_prefix(".exe").unwrap_or(rest);
    rest.starts_with(char::is_whitespace)
}

pub(super) fn read(text: &str, cookies: &mut Cookies) {
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-H" | "--header" => headers::read(&words.next().unwrap_or_default(), cookies),
            "-b" | "--cookie" => {
                Header::Cookie.read(&words.next().unwrap_or_default(), cookies);
            }
            _ => {
                if let Some(header) = (word.strip_prefix("--header=")).or(word.strip_prefix("-H")) {
                    headers::read(header, cookies);
                } else if let Some(value) =
                    (word.strip_prefix("--cookie=")).or(word.strip_prefix("-b"))
                {
                    Header::Cookie.read(value, cookies);
                }
            }
        }
    }
}

/// Splits a command into its words, without their quotes.
fn words(text: &str) -> Vec<Zeroizing<String>> {
    // The Windows shell's quoting is around that of the program, which is like a POSIX shell's.
    let unquoted;
    let text = if text.contains("^\"") {
        unquoted = without_carets(text);
        &unquoted
    } else {
        text
    };
    let mut words = Vec::new();
    // No word is longer, so that none grows and leaves a copy behind.
    let new = || Zeroizing::new(String::with_capacity(text.len()));
    let mut word = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '$') if chars.peek() == Some(&'\'') => {
                chars.next();
                quote = Some('$');
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some('$'), '\'') => quote = None,
            (Some(open), c) if c == open => quote = None,
            (Some('$'), '\\') => {
                let escaped = chars.next();
                let c = match escaped {
                    Some('u' | 'x') => {
                        let digits: String = (0..if escaped == Some('u') { 4 } else { 2 })
                            .map_while(|_| chars.next_if(char::is_ascii_hexdigit))
                            .collect();
                        u32::from_str_radix(&digits, 16)
                            .ok()
                            .and_then(char::from_u32)
                    }
                    Some('n' | 'r' | 't') => Some(' '),
                    other => other,
                };
                word.get_or_insert_with(new).extend(c);
            }
            (None | Some('"'), '\\') => match chars.next() {
                None | Some('\n' | '\r') => {}
                Some(c) => word.get_or_insert_with(new).push(c),
            },
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_with(new).push(c),
        }
    }
    words.extend(word);
    words
}

/// Takes away the carets by which the Windows shell quotes the next character.
fn without_carets(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            // A caret at the end of a line continues it.
            '^' => plain.extend(chars.next().filter(|c| !matches!(c, '\n' | '\r'))),
            c => plain.push(c),
        }
    }
    plain
}
