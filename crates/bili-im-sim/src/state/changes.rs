//! Changes of which users are told over push connections (docs/protocol.md §15).

use crate::{
    faults::Kind,
    ids::{Seqno, Talker, Uid},
};

/// Something that one user is told.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) uid: Uid,
    pub(crate) kind: ChangeKind,
}

/// What a user is told.
#[derive(Debug)]
pub(crate) enum ChangeKind {
    /// A message came.
    Message { talker: Talker, seqno: Seqno },
    /// A session was read or removed.
    Session { talker: Talker },
    /// What a fault makes of a notification.
    Fault(Kind),
}
