//! Changes of which users are told over push connections (docs/protocol.md §15).

use super::{State, Written};
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

impl State {
    /// Remembers what a user is told, if anyone listens.
    pub(super) fn tell(&mut self, uid: Uid, kind: ChangeKind) {
        if self.push.subscribed(uid).next().is_some() {
            self.changes.push(Change { uid, kind });
        }
    }

    /// A message of the session between `owner` and `talker`.
    pub(crate) fn message(&self, owner: Uid, talker: Talker, seqno: Seqno) -> Option<&Written> {
        let messages = self.conversation(owner, talker);
        let at = messages.binary_search_by_key(&seqno, |written| written.seqno);
        messages.get(at.ok()?)
    }
}
