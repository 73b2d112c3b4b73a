//! Reading an archive.

use std::{collections::BTreeMap, ops::Range};

use bili_im_proto::{Coverage, Message, Seqno, Talker, Uid, UnixMicros, UnixSeconds};
use rusqlite::{OptionalExtension, Row};

use crate::{
    archive::Archive,
    error::ArchiveError,
    rows::{from_sql, talker_from_sql, talker_to_sql, to_sql},
};

/// A user whose name is stored. All texts are untrusted: users choose them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The user.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// The address of the avatar.
    pub face: String,
    /// What the user says of themselves on their page.
    pub sign: String,
}

/// A session that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchivedSession {
    /// The other side.
    pub talker: Talker,
    /// The name of the user, the group or the system account; empty when it is not known.
    pub name: String,
    /// The address of the avatar or picture; may be empty.
    pub picture: String,
    /// The number of the system account that it is with; 0 is none.
    pub system_account: i64,
    /// When it last changed.
    pub changed: Option<UnixMicros>,
    /// How many messages of it are stored.
    pub messages: u64,
    /// Which of its messages have been read.
    pub coverage: Coverage,
}

/// A message that is stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ArchivedMessage {
    /// The session.
    pub talker: Talker,
    /// Its sequence number.
    pub seqno: Seqno,
    /// When it was written; 0 when that is not known.
    pub timestamp: UnixSeconds,
    /// The message as the service sent it: a JSON object. It differs for a message that only a watch
    /// has told of yet, which is rebuilt from its fields, and for a recalled one, which has the
    /// status of one and, unless it was to be kept, no content.
    pub json: String,
    /// The message; `None` when it lacks its sender, type or key.
    pub message: Option<Message>,
}

/// Messages of a session, to read them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageRange {
    /// The session.
    pub talker: Talker,
    /// Only messages that were written in this time.
    pub during: Range<UnixSeconds>,
}

impl MessageRange {
    /// All messages of a session.
    pub fn of(talker: impl Into<Talker>) -> Self {
        Self {
            talker: talker.into(),
            during: UnixSeconds(0)..UnixSeconds(u64::MAX),
        }
    }

    /// Only what was written in this time.
    #[must_use]
    pub fn during(self, during: Range<UnixSeconds>) -> Self {
        Self { during, ..self }
    }
}

/// SQL for the name of a session: its own, or that of its user. The query must join `people`.
pub(crate) const SESSION_NAME: &str =
    "CASE WHEN sessions.name <> '' THEN sessions.name ELSE coalesce(people.name, '') END";

/// How many messages are read from the database at once.
const BATCH_SIZE: i64 = 1000;

impl Archive {
    /// The sessions, those that changed last first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn sessions(&self) -> Result<Vec<ArchivedSession>, ArchiveError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT session_type, talker_id, {SESSION_NAME},
                CASE WHEN picture <> '' THEN picture ELSE coalesce(face, '') END,
                system_account, session_ts, coverage,
                (SELECT count(*) FROM messages WHERE session_id = sessions.id)
             FROM sessions LEFT JOIN people ON session_type = 1 AND uid = talker_id
             ORDER BY session_ts DESC, sessions.id",
        ))?;
        let mut rows = select.query([])?;
        let mut sessions = Vec::new();
        while let Some(row) = rows.next()? {
            // A later version may know more types.
            let Some(talker) = talker_from_sql(row.get(0)?, row.get(1)?) else {
                continue;
            };
            let changed: Option<i64> = row.get(5)?;
            let coverage: String = row.get(6)?;
            sessions.push(ArchivedSession {
                talker,
                name: row.get(2)?,
                picture: row.get(3)?,
                system_account: row.get(4)?,
                changed: changed.map(|changed| UnixMicros(from_sql(changed))),
                messages: from_sql(row.get(7)?),
                // Whoever only reads need not fail: damaged, it covers nothing.
                coverage: coverage.parse().unwrap_or_default(),
            });
        }
        Ok(sessions)
    }

    /// Everyone whose name is stored.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn people(&self) -> Result<BTreeMap<Uid, Person>, ArchiveError> {
        let mut select =
            (self.connection).prepare_cached("SELECT uid, name, face, sign FROM people")?;
        let people = select.query_map([], |row| {
            let uid = Uid(from_sql(row.get(0)?));
            let person = Person {
                uid,
                name: row.get(1)?,
                face: row.get(2)?,
                sign: row.get(3)?,
            };
            Ok((uid, person))
        })?;
        Ok(people.collect::<Result<_, _>>()?)
    }

    /// The pictures of emoticons: the address of each by its name in texts, such as `[doge]`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn emoticons(&self) -> Result<BTreeMap<String, String>, ArchiveError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT text, url FROM emoticons")?;
        let emoticons = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(emoticons.collect::<Result<_, _>>()?)
    }

    /// Messages of a session, oldest first. Memory stays small, however many they
    /// are.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn messages(&self, range: MessageRange) -> Result<Messages<'_>, ArchiveError> {
        Ok(Messages {
            archive: self,
            session: self.session_id(range.talker)?,
            range,
            last_seqno: i64::MIN,
            batch: Vec::new().into_iter(),
        })
    }

    /// The row of a session, if it is stored.
    pub(crate) fn session_id(&self, talker: Talker) -> Result<Option<i64>, ArchiveError> {
        let id = self
            .connection
            .prepare_cached("SELECT id FROM sessions WHERE session_type = ? AND talker_id = ?")?
            .query_row(talker_to_sql(talker), |row| row.get(0));
        Ok(id.optional()?)
    }
}

/// The messages of a session, oldest first.
#[derive(Debug)]
pub struct Messages<'a> {
    archive: &'a Archive,
    /// The session's row; `None` when nothing more is to be read.
    session: Option<i64>,
    range: MessageRange,
    last_seqno: i64,
    /// Messages that were read and not returned yet.
    batch: std::vec::IntoIter<ArchivedMessage>,
}

impl Messages<'_> {
    fn read_batch(&mut self, session: i64) -> Result<(), ArchiveError> {
        let limit = |time: UnixSeconds| to_sql(time.0.min(i64::MAX.cast_unsigned()));
        let mut select = self.archive.connection.prepare_cached(
            "SELECT msg_seqno, timestamp, json FROM messages
             JOIN raw_messages ON message_id = id
             WHERE session_id = ? AND msg_seqno > ? AND timestamp >= ? AND timestamp < ?
             ORDER BY msg_seqno LIMIT ?",
        )?;
        let talker = self.range.talker;
        let during = &self.range.during;
        let rows = select.query_map(
            (
                session,
                self.last_seqno,
                limit(during.start),
                limit(during.end),
                BATCH_SIZE,
            ),
            |row| ArchivedMessage::of_row(talker, row),
        )?;
        let batch: Vec<ArchivedMessage> = rows.collect::<Result<_, _>>()?;
        match batch.last() {
            Some(last) => self.last_seqno = to_sql(last.seqno.0),
            None => self.session = None,
        }
        self.batch = batch.into_iter();
        Ok(())
    }
}

impl Iterator for Messages<'_> {
    type Item = Result<ArchivedMessage, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(message) = self.batch.next() {
                return Some(Ok(message));
            }
            if let Err(error) = self.read_batch(self.session?) {
                self.session = None;
                return Some(Err(error));
            }
        }
    }
}

impl ArchivedMessage {
    /// From the columns `msg_seqno`, `timestamp`, `json`.
    pub(crate) fn of_row(talker: Talker, row: &Row<'_>) -> rusqlite::Result<Self> {
        let json: String = row.get(2)?;
        Ok(Self {
            talker,
            seqno: Seqno(from_sql(row.get(0)?)),
            timestamp: UnixSeconds(from_sql(row.get(1)?)),
            message: Message::from_json(&json),
            json,
        })
    }
}
