//! The language of everything that people read.
//!
//! A text stands in both languages, one beside the other, where it is used:
//!
//! ```text
//! out.warn(text!("there is no text to delete", "没有可删除的文本"));
//! format_text!("there is no user {uid}", "没有用户 {uid}")
//! write_text!(f, "recalled {}", "已撤回 {}", self.msg_key)
//! ```
//!
//! Only the one that is needed is made. A text without its translation, or with other values in it,
//! does not compile. The help is in `help/texts.rs`.

use std::{cell::Cell, env, ffi::OsString, sync::OnceLock};

use clap::ValueEnum;

use crate::{
    command_line::{options, value_of},
    config, variables,
};

/// A language of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    #[value(name = "zh")]
    Chinese,
    #[value(name = "en")]
    English,
}

/// A text without values, in the language of the user.
macro_rules! text {
    ($english:literal, $chinese:literal $(,)?) => {
        match $crate::language::current() {
            $crate::language::Language::English => $english,
            $crate::language::Language::Chinese => $chinese,
        }
    };
}

/// As `format!`, in the language of the user.
macro_rules! format_text {
    ($english:literal, $chinese:literal $(, $($values:tt)*)?) => {{
        const { assert!($crate::language::has_same_values($english, $chinese)) };
        match $crate::language::current() {
            $crate::language::Language::English => format!($english $(, $($values)*)?),
            $crate::language::Language::Chinese => format!($chinese $(, $($values)*)?),
        }
    }};
}

/// As `write!`, in the language of the user.
macro_rules! write_text {
    ($to:expr, $english:literal, $chinese:literal $(, $($values:tt)*)?) => {{
        const { assert!($crate::language::has_same_values($english, $chinese)) };
        match $crate::language::current() {
            $crate::language::Language::English => write!($to, $english $(, $($values)*)?),
            $crate::language::Language::Chinese => write!($to, $chinese $(, $($values)*)?),
        }
    }};
}

/// The language of this process: of `--lang`, the environment or the system; with `--json` always
/// English.
pub(crate) fn current() -> Language {
    static CURRENT: OnceLock<Language> = OnceLock::new();
    if IS_ENGLISH.get() {
        return Language::English;
    }
    // The arguments are read here, since texts are needed before and while clap parses them.
    *CURRENT.get_or_init(|| match options().any(|option| option == "--json") {
        true => Language::English,
        false => of_user(),
    })
}

/// The language of `--lang`, the environment or the system, also with `--json`.
pub(crate) fn of_user() -> Language {
    asked_for(options()).unwrap_or_else(of_environment)
}

thread_local! {
    static IS_ENGLISH: Cell<bool> = const { Cell::new(false) };
}

/// Makes something for scripts, although the output is not JSON as a whole.
pub(crate) fn in_english<T>(make: impl FnOnce() -> T) -> T {
    let before = IS_ENGLISH.replace(true);
    let made = make();
    IS_ENGLISH.set(before);
    made
}

/// The language of `--lang`. Clap refuses any other name.
fn asked_for(options: impl Iterator<Item = OsString>) -> Option<Language> {
    Language::from_str(&value_of("--lang", options)?, false).ok()
}

fn of_environment() -> Language {
    let locale = match env::var(variables::LANGUAGE) {
        Ok(name) if !name.is_empty() => Some(name),
        // The tests of this crate compare English texts.
        _ if cfg!(test) => None,
        _ => match config::value("lang") {
            Some(entry) => Some(entry.value.clone()),
            None => sys_locale::get_locale(),
        },
    };
    match locale {
        Some(name) if name.starts_with("zh") => Language::Chinese,
        _ => Language::English,
    }
}

/// Whether two formats show the same values, named ones in any order, unnamed ones in the same.
pub(crate) const fn has_same_values(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    shows_all(one, other) && shows_all(other, one)
}

const fn shows_all(values_of: &[u8], within: &[u8]) -> bool {
    let mut at = 0;
    while let Some((start, end)) = next_value(values_of, at) {
        if count(values_of, values_of, start, end) != count(within, values_of, start, end) {
            return false;
        }
        at = end;
    }
    true
}

/// How often `format` shows the value that is named in `whole` from `start` to `end`.
const fn count(format: &[u8], whole: &[u8], start: usize, end: usize) -> usize {
    let (name, _) = whole.split_at(end);
    let (_, name) = name.split_at(start);
    let (mut at, mut count) = (0, 0);
    while let Some((start, end)) = next_value(format, at) {
        let (value, _) = format.split_at(end);
        let (_, value) = value.split_at(start);
        count += is_same(name, value) as usize;
        at = end;
    }
    count
}

#[allow(clippy::indexing_slicing, reason = "the compiler runs it")]
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// Where the name of the next value in a format is.
#[allow(clippy::indexing_slicing, reason = "the compiler runs it")]
const fn next_value(format: &[u8], mut at: usize) -> Option<(usize, usize)> {
    while at < format.len() && format[at] != b'{' {
        at += 1;
    }
    let start = at + 1;
    while at < format.len() && format[at] != b'}' {
        at += 1;
    }
    if at < format.len() {
        Some((start, at))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_texts_have_the_same_values() {
        assert!(has_same_values("a {x} b {y}", "{y} 甲 {x}"));
        assert!(has_same_values("{} and {}", "{}、{}"));
        for other in ["甲", "{x}", "{x} {z}", "{x} {y} {y}", "{x} {}"] {
            assert!(!has_same_values("a {x} b {y}", other), "{other}");
        }
    }

    #[test]
    fn the_option_says_the_language() {
        let asked = |line: &str| asked_for(line.split(' ').map(OsString::from));
        assert_eq!(asked("--lang zh unread"), Some(Language::Chinese));
        assert_eq!(asked("unread --lang=en"), Some(Language::English));
        for none in ["unread --lang fr", "unread --lang", "send zh"] {
            assert_eq!(asked(none), None, "{none}");
        }
    }
}
