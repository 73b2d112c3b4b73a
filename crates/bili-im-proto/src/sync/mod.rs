//! What a synchronisation reads, and what it must know before.

mod coverage;
mod options;
mod progress;
mod state;
mod step;

pub use self::{
    coverage::{Coverage, Gap, InvalidCoverage, Stretch},
    options::SyncOptions,
    progress::SyncProgress,
    state::{SyncMark, SyncState, SyncStore, SyncedSession},
    step::{RawMessage, SyncPage, SyncReport, SyncStep},
};
