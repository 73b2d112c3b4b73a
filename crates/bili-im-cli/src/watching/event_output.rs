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
    pub(crate) fn warn(self, message: impl AsRef<str>) {
        let (Self { out, event }, message) = (self, message.as_ref());
        out.warn(format_text!(
            "{message} (event {event})",
            "{message}（事件 {event}）"
        ));
    }
}
