//! The arguments as they were typed, for what is needed before clap has parsed them.

use std::{env, ffi::OsString};

/// The arguments before `--`, which can be options.
pub(crate) fn options() -> impl Iterator<Item = OsString> {
    let arguments = env::args_os().skip(1);
    arguments.take_while(|argument| argument != "--")
}

/// The value of an option.
pub(crate) fn value_of(name: &str, mut options: impl Iterator<Item = OsString>) -> Option<String> {
    while let Some(option) = options.next() {
        let option = option.to_string_lossy();
        if option == name {
            return options
                .next()
                .map(|value| value.to_string_lossy().into_owned());
        }
        if let Some(value) = option
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
        {
            return Some(value.to_owned());
        }
    }
    None
}
