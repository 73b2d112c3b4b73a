//! How far a synchronisation is.

use crate::sync::{RawMessage, SyncReport, SyncStep};

/// How far a synchronisation is, counted from its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SyncProgress {
    /// What it has done so far.
    pub report: SyncReport,
    /// How many sessions it reads in all; `None` before the first page.
    pub all: Option<usize>,
}

impl SyncProgress {
    /// Counts a step.
    pub fn take(&mut self, step: &SyncStep) {
        match step {
            SyncStep::Page(page) => {
                let is_unreadable = |one: &&RawMessage| one.message.is_none();
                let unreadable = page.messages.iter().filter(is_unreadable).count();
                self.report.messages += page.messages.len() as u64;
                self.report.unreadable += unreadable as u64;
                let all = *self.all.get_or_insert(page.sessions_left);
                self.report.sessions = all.saturating_sub(page.sessions_left);
            }
            SyncStep::SessionFailed { .. } => self.report.failed += 1,
            _ => {}
        }
    }

    /// How many sessions are still to be read; `None` before the first page.
    pub fn left(&self) -> Option<usize> {
        Some(self.all?.saturating_sub(self.report.sessions))
    }
}
