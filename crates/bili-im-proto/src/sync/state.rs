//! What a store knows when a synchronisation begins.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::Error,
    ids::{Seqno, Talker, Uid},
    sync::{Coverage, SyncStep},
    time::UnixMicros,
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

/// What a store knows when a synchronisation begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncState {
    /// Up to where the lists of sessions have been read; `None` before the first synchronisation
    /// has finished.
    pub mark: Option<SyncMark>,
    /// The sessions.
    pub sessions: BTreeMap<Talker, SyncedSession>,
    /// Users whose names are stored and need not be asked for again.
    pub people: BTreeSet<Uid>,
}

/// What a store knows of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncedSession {
    /// Its newest message, as a list said.
    pub newest: Option<Seqno>,
    /// When it last changed, as a list said.
    pub changed: Option<UnixMicros>,
    /// What has been read of it.
    pub coverage: Coverage,
}

/// Up to where the lists of sessions have been read, by the service's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncMark {
    /// Everything that had changed by then is stored.
    pub listed: UnixMicros,
    /// When the lists were last read to their end.
    pub compared: UnixMicros,
}
