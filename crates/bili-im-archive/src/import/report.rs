//! What an import tells.

/// How many broken lines the report names.
const NAMED: usize = 100;

/// What an import has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ImportReport {
    /// How many messages were stored.
    pub messages: u64,
    /// How many messages the archive had already.
    pub known: u64,
    /// How many messages that the archive had have lost what they said, since the file says that
    /// they were recalled. With [`keep_recalled`](crate::Archive::keep_recalled) none does.
    pub erased: u64,
    /// How many lines (of other programs' files: messages) could not be read.
    pub broken: u64,
    /// The first hundred of them.
    pub broken_lines: Vec<BrokenLine>,
    /// Whether the file was there to its end.
    pub is_complete: bool,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenLine {
    /// Its number, the first being 1.
    pub number: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl ImportReport {
    pub(super) fn count_message(&mut self, is_new: bool) {
        if is_new {
            self.messages += 1;
        } else {
            self.known += 1;
        }
    }

    pub(super) fn note_broken(&mut self, number: u64, reason: impl ToString) {
        self.broken += 1;
        if self.broken_lines.len() < NAMED {
            let reason = reason.to_string();
            self.broken_lines.push(BrokenLine { number, reason });
        }
    }
}
