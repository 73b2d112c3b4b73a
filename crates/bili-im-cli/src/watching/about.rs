//! Warnings about one event.

use crate::output::Output;

/// Tells what happens with one event, and which one that is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) out: Output,
    /// The event's id.
    pub(crate) event: &'a str,
}

impl About<'_> {
    /// As [`Output::warn`].
    pub(crate) fn warn(self, message: &str) {
        let Self { out, event } = self;
        out.warn(&format!("{message} (event {event})"));
    }

    /// As [`Output::show_toast`].
    pub(crate) fn show_toast(self, toast: &str) {
        self.out.show_toast(toast);
    }
}
