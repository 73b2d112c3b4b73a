//! How a long operation goes, shown at a terminal. Nothing is shown in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const TICK: Duration = Duration::from_millis(120);

/// A line on stderr that counts, and is gone when this is.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
}

impl Progress {
    /// Begins to count.
    pub(crate) fn of(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        bar.set_message(what);
        Self { bar, what }
    }

    /// Shows how many there are by now.
    pub(crate) fn reached(&self, count: usize) {
        self.bar.set_message(format!("{count} {}", self.what));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
