//! What a store knows when a synchronisation begins.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ids::{Seqno, Talker, Uid},
    sync::Coverage,
    time::UnixMicros,
};

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
