//! The printed history of a run.

use std::fmt::{Display, Write};

/// One line for each event of a run. Empty unless it was asked for.
#[derive(Debug, Default)]
pub(super) struct History {
    text: Option<String>,
}

impl History {
    pub(super) fn written() -> Self {
        Self {
            text: Some(String::new()),
        }
    }

    /// Adds a line; `at` is in microseconds since the run began.
    pub(super) fn note(&mut self, at: u64, what: impl FnOnce() -> String) {
        if let Some(text) = &mut self.text {
            let (seconds, millis) = (at / 1_000_000, at / 1_000 % 1_000);
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            // Writing to a string cannot fail.
            let _written = writeln!(
                text,
                "{hours:3}:{minutes:02}:{:02}.{millis:03} {}",
                seconds % 60,
                what()
            );
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text.unwrap_or_default()
    }
}

/// The value, or `-` when there is none.
pub(super) fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
