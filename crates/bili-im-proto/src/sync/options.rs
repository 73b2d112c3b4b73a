//! What a synchronisation reads.

use crate::{ids::Talker, setters::setters, time::UnixSeconds};

/// What a synchronisation reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SyncOptions {
    /// The only sessions to read; none are all of them.
    pub with: Vec<Talker>,
    /// Reads back to this time only; `None` is to the beginning.
    pub since: Option<UnixSeconds>,
    /// Whether to go through the lists of sessions to their end, even if that was done lately.
    pub full: bool,
}

setters! { SyncOptions {
    with_since sets since: UnixSeconds,
    with_full sets full: bool,
} }

impl SyncOptions {
    /// Reads only these sessions.
    pub fn only(talkers: impl IntoIterator<Item = Talker>) -> Self {
        Self {
            with: talkers.into_iter().collect(),
            ..Self::default()
        }
    }
}
