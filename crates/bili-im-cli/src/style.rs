//! Colours: at terminals, or as `--color` says.

use clap::ValueEnum;
use console::{StyledObject, set_colors_enabled, set_colors_enabled_stderr, style};

use crate::args::{options, value_of};

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
    let said = value_of("--color", options());
    let is_always = match said.as_deref() {
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

/// The word before an error.
pub(crate) fn error(text: &str) -> StyledObject<&str> {
    style(text).red().bold().for_stderr()
}

/// The word before a warning.
pub(crate) fn warning(text: &str) -> StyledObject<&str> {
    style(text).yellow().for_stderr()
}
