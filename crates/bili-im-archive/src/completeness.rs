//! Which conversations have been read whole.

use bili_im_proto::{Coverage, Seqno, Talker, UnixMicros, UnixSeconds};

use crate::{
    archive::Archive,
    error::ArchiveError,
    rows::{from_sql, talker_from_sql},
};

/// How many conversations an archive has, and how many of them not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Completeness {
    /// How many conversations.
    pub sessions: usize,
    /// How many of them lack messages that the service had when it was last asked.
    pub incomplete: usize,
}

/// A conversation, as far as it has been read.
struct Known {
    talker: Talker,
    /// Its newest message, as a list says.
    newest: Option<i64>,
    changed: Option<UnixMicros>,
    coverage: Coverage,
    has_messages: bool,
}

impl Archive {
    /// How many of these conversations have been read whole; with none of them, of all. What was
    /// written before `since` may be missing.
    ///
    /// A conversation is whole when everything between its first message and the newest that a list
    /// has shown has been read. One that only a watch has told of is not.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub fn completeness(
        &self,
        talkers: &[Talker],
        since: Option<UnixSeconds>,
    ) -> Result<Completeness, ArchiveError> {
        let mut select = self.connection.prepare_cached(
            "SELECT session_type, talker_id, max_seqno, session_ts, coverage,
                EXISTS (SELECT 1 FROM messages WHERE session_id = sessions.id)
             FROM sessions",
        )?;
        let mut rows = select.query([])?;
        let mut all = Completeness::default();
        while let Some(row) = rows.next()? {
            let Some(talker) = talker_from_sql(row.get(0)?, row.get(1)?) else {
                continue;
            };
            let changed: Option<i64> = row.get(3)?;
            let coverage: String = row.get(4)?;
            let known = Known {
                talker,
                newest: row.get(2)?,
                changed: changed.map(|changed| UnixMicros(from_sql(changed))),
                coverage: coverage.parse().unwrap_or_default(),
                has_messages: row.get(5)?,
            };
            if talkers.is_empty() || talkers.contains(&known.talker) {
                all.sessions += 1;
                all.incomplete += usize::from(!known.is_whole(since));
            }
        }
        Ok(all)
    }
}

impl Known {
    fn is_whole(&self, since: Option<UnixSeconds>) -> bool {
        let is_before = |changed: UnixMicros| since.is_some_and(|since| changed.seconds() < since);
        if self.changed.is_some_and(is_before) {
            return true;
        }
        let listed = self.newest.map(|newest| Seqno(from_sql(newest)));
        let is_behind = listed > self.coverage.newest();
        let is_untouched = self.coverage.stretches().is_empty() && self.has_messages;
        !is_behind && !is_untouched && self.coverage.older_gap(since).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FRIEND, GROUP, OWN, Shelf, text};

    #[test]
    fn a_conversation_is_whole_when_nothing_before_its_newest_message_is_missing() {
        let shelf = Shelf::with_people();
        let incomplete = |columns: &str, since| {
            shelf.sql(&format!(
                "UPDATE sessions SET {columns} WHERE talker_id = 10002"
            ));
            let found = shelf.archive.completeness(&[FRIEND], since).unwrap();
            assert_eq!(found.sessions, 1);
            found.incomplete
        };
        let at = |seconds| Some(UnixSeconds(seconds));
        for (columns, since, expected) in [
            ("max_seqno = 41, coverage = '0-41@0'", None, 0),
            // A watch has told of later ones.
            ("max_seqno = 40, coverage = '0-41@0'", None, 0),
            ("max_seqno = NULL, coverage = ''", None, 0),
            ("max_seqno = 5, coverage = ''", None, 1),
            ("max_seqno = 42, coverage = '0-41@0'", None, 1),
            ("max_seqno = 41, coverage = '9-41@50'", None, 1),
            ("max_seqno = 41, coverage = '0-5@0 9-41@50'", None, 1),
            // What is missing is older.
            ("max_seqno = 41, coverage = '9-41@50'", at(60), 0),
            ("max_seqno = 41, coverage = '9-41@50'", at(40), 1),
            (
                "max_seqno = 5, coverage = '', session_ts = 50000000",
                at(60),
                0,
            ),
            (
                "max_seqno = 5, coverage = '', session_ts = 50000000",
                at(40),
                1,
            ),
        ] {
            assert_eq!(incomplete(columns, since), expected, "{columns}, {since:?}");
        }
        shelf.receive(GROUP, &text(1, OWN, "x"));
        let found = shelf.archive.completeness(&[], None).unwrap();
        assert_eq!((found.sessions, found.incomplete), (3, 2));
    }
}
