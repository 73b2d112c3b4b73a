//! How far a watcher got.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{Seqno, Talker, Uid},
    time::UnixMicros,
};

/// How far a program got in handling what happens to one account. It stores this, and goes on from it
/// however long it was away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    version: u32,
    uid: Uid,
    /// When the watch began: what is older is never told.
    start: UnixMicros,
    /// Everything that had changed by then is handled.
    mark: UnixMicros,
    /// The newest message handled in each session.
    #[serde(default, with = "as_list")]
    handled: BTreeMap<Talker, Seqno>,
}

/// Changes when what is stored changes its meaning.
const VERSION: u32 = 1;

/// How far a cursor gets by one event: append it to a file when the event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub(crate) talker: Talker,
    pub(crate) seqno: Seqno,
    pub(crate) mark: UnixMicros,
}

/// The cursor is another account's, or of a version not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored cursor belongs to uid {0}, or to another version of this program")]
pub struct ForeignCursor(pub Uid);

impl Cursor {
    /// Begins at a moment of the service's clock.
    pub(crate) fn new(uid: Uid, start: UnixMicros) -> Self {
        Self {
            version: VERSION,
            uid,
            start,
            mark: start,
            handled: BTreeMap::new(),
        }
    }

    /// Whose it is.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// The event at this position is handled. Positions may be given again, and in any order within
    /// different sessions.
    pub fn advance(&mut self, position: &Position) {
        let handled = self.handled.entry(position.talker).or_default();
        *handled = position.seqno.max(*handled);
        self.mark = position.mark.max(self.mark);
    }

    pub(crate) fn check(&self, uid: Uid) -> Result<(), ForeignCursor> {
        if self.uid == uid && self.version == VERSION {
            Ok(())
        } else {
            Err(ForeignCursor(self.uid))
        }
    }

    pub(crate) fn start(&self) -> UnixMicros {
        self.start
    }

    pub(crate) fn mark(&self) -> UnixMicros {
        self.mark
    }

    pub(crate) fn set_mark(&mut self, mark: UnixMicros) {
        self.mark = mark.max(self.mark);
    }

    pub(crate) fn handled(&self, talker: Talker) -> Option<Seqno> {
        self.handled.get(&talker).copied()
    }

    pub(crate) fn set_handled(&mut self, talker: Talker, seqno: Seqno) {
        let handled = self.handled.entry(talker).or_default();
        *handled = seqno.max(*handled);
    }
}

/// JSON has no objects with such keys.
mod as_list {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(
        map: &BTreeMap<Talker, Seqno>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Talker, Seqno>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_being_stored_and_never_goes_back() {
        let mut cursor = Cursor::new(Uid(1), UnixMicros(10));
        let position = |seqno, mark| Position {
            talker: Talker::group(5),
            seqno: Seqno(seqno),
            mark: UnixMicros(mark),
        };
        cursor.advance(&position(7, 20));
        cursor.advance(&position(3, 15));
        let json = serde_json::to_string(&cursor).unwrap();
        let stored: Cursor = serde_json::from_str(&json).unwrap();
        assert_eq!(stored, cursor);
        assert_eq!(stored.handled(Talker::group(5)), Some(Seqno(7)));
        assert_eq!(stored.handled(Talker::user(5)), None);
        assert_eq!(
            (stored.start(), stored.mark()),
            (UnixMicros(10), UnixMicros(20))
        );
        assert_eq!(stored.check(Uid(2)), Err(ForeignCursor(Uid(1))));
    }
}
