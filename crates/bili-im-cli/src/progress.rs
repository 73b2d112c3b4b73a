//! The progress of a long operation, shown only when stderr is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::is_quiet;

const TICK: Duration = Duration::from_millis(120);

/// A line on stderr with a count. Dropping it clears the line.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
}

impl Progress {
    pub(crate) fn of(what: &'static str) -> Self {
        let bar = if is_quiet() {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        bar.set_message(what);
        Self { bar, what }
    }

    pub(crate) fn reached(&self, count: usize) {
        self.say(format!("{count} {}", self.what));
    }

    pub(crate) fn say(&self, text: String) {
        self.bar.set_message(text);
    }
}

impl Progress {
    /// Clears the line, before something else is printed.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
