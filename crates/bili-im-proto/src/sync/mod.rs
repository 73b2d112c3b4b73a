//! What a synchronisation reads, and what it must know before.

mod coverage;
mod options;
mod progress;
mod state;
mod step;
mod store;

pub use self::{
    coverage::{Coverage, Gap, InvalidCoverage, Stretch},
    options::SyncOptions,
    progress::SyncProgress,
    state::{SyncMark, SyncState, SyncedSession},
    step::{RawMessage, SyncPage, SyncReport, SyncStep},
    store::SyncStore,
};
