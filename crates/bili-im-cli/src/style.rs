//! Colours: at terminals, or as `--color` says.

use std::env;

use clap::ValueEnum;
use console::{StyledObject, set_colors_enabled, set_colors_enabled_stderr, style};

use crate::{
    command_line::{options, value_of},
    config,
};

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

/// Sets what `--color` says, also for the help. Otherwise terminals get colours, unless `NO_COLOR` is
/// set.
pub(crate) fn apply_option() {
    let option = value_of("--color", options());
    let setting = || match env::var_os("NO_COLOR") {
        Some(_) => None,
        None => config::value("color").map(|entry| entry.value.clone()),
    };
    let is_always = match option.or_else(setting).as_deref() {
        Some("always") => true,
        Some("never") => false,
        _ => return,
    };
    set_colors_enabled(is_always);
    set_colors_enabled_stderr(is_always);
}

/// The heads of a table.
pub(crate) fn head(text: &str) -> StyledObject<&str> {
    style(text).bold()
}

/// What one should see first: unread counts, own messages.
pub(crate) fn striking(text: &str) -> StyledObject<&str> {
    style(text).cyan().bold()
}

/// A check that found nothing.
pub(crate) fn good(text: &str) -> StyledObject<&str> {
    style(text).green()
}

/// A check that found something to know.
pub(crate) fn doubtful(text: &str) -> StyledObject<&str> {
    style(text).yellow()
}

/// A check that found a fault.
pub(crate) fn bad(text: &str) -> StyledObject<&str> {
    style(text).red().bold()
}

/// The word before an error.
pub(crate) fn error(text: &str) -> StyledObject<&str> {
    style(text).red().bold().for_stderr()
}

/// The word before a warning.
pub(crate) fn warning(text: &str) -> StyledObject<&str> {
    style(text).yellow().for_stderr()
}
