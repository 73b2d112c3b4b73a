//! Warnings about one event.

use crate::output::Output;

/// Prints with the id of the event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventOutput<'a> {
    pub(crate) out: Output,
    pub(crate) event: &'a str,
}

impl EventOutput<'_> {
    /// As [`Output::warn`].
    pub(crate) fn warn(self, message: &str) {
        let Self { out, event } = self;
        out.warn(&format!("{message} (event {event})"));
    }
}
