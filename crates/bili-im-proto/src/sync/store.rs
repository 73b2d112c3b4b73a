//! Where a synchronisation keeps what it reads.

use crate::{
    error::Error,
    sync::{SyncState, SyncStep},
};

/// Where a synchronisation keeps what it reads: an archive.
///
/// Both methods may block. An async client calls them between two requests.
pub trait SyncStore {
    /// Why the store cannot be read or written.
    type Error: From<Error>;

    /// What is stored, so that it is not read again.
    ///
    /// # Errors
    /// When it cannot be read.
    fn state(&mut self) -> Result<SyncState, Self::Error>;

    /// Stores a step, all of it or nothing. A step may come again: after a crash, or when the
    /// service repeats itself.
    ///
    /// # Errors
    /// When it cannot be stored. The synchronisation ends then.
    fn save(&mut self, step: SyncStep) -> Result<(), Self::Error>;
}
