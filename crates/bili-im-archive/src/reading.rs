//! Reading an archive.

use std::{collections::BTreeMap, ops::Range};

use bili_im_proto::{Coverage, Message, Seqno, Talker, Uid, UnixMicros, UnixSeconds};
use rusqlite::{OptionalExtension, Row};

use crate::{
    archive::Archive,
    error::ArchiveError,
    rows::{from_sql, talker_from_sql, talker_to_sql, to_sql},
};

/// Someone whose name is stored. What is in it was written by strangers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The user.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// The address of the avatar.
    pub face: String,
    /// The signature.
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
    /// The message as the service sent it: a JSON object. Of a recalled message the content is
    /// erased, unless it was to be kept.
    pub json: String,
    /// The message; `None` when it lacks its sender, type or key.
    pub message: Option<Message>,
}

/// Which messages to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The session.
    pub talker: Talker,
    /// Only messages that were written in this time.
    pub during: Range<UnixSeconds>,
}

impl Part {
    /// All of a session.
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

/// How many messages are read from the database at once.
const AT_ONCE: i64 = 1000;

impl Archive {
    /// The sessions, those that changed last first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn sessions(&self) -> Result<Vec<ArchivedSession>, ArchiveError> {
        let mut select = self.connection.prepare_cached(
            "SELECT session_type, talker_id,
                CASE WHEN sessions.name <> '' THEN sessions.name ELSE coalesce(people.name, '') END,
                CASE WHEN picture <> '' THEN picture ELSE coalesce(face, '') END,
                system_account, session_ts, coverage,
                (SELECT count(*) FROM messages WHERE session_id = sessions.id)
             FROM sessions LEFT JOIN people ON session_type = 1 AND uid = talker_id
             ORDER BY session_ts DESC, sessions.id",
        )?;
        let mut rows = select.query([])?;
        let mut sessions = Vec::new();
        while let Some(row) = rows.next()? {
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

    /// The messages of a part of a session, oldest first. Memory stays small, however many they
    /// are.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn messages(&self, part: Part) -> Result<Messages<'_>, ArchiveError> {
        let id = self
            .connection
            .prepare_cached("SELECT id FROM sessions WHERE session_type = ? AND talker_id = ?")?
            .query_row(talker_to_sql(part.talker), |row| row.get(0))
            .optional()?;
        Ok(Messages {
            archive: self,
            session: id,
            part,
            after: i64::MIN,
            read: Vec::new().into_iter(),
        })
    }
}

/// The messages of a session, oldest first.
#[derive(Debug)]
pub struct Messages<'a> {
    archive: &'a Archive,
    /// The session's row; `None` at the end.
    session: Option<i64>,
    part: Part,
    /// The last sequence number that was read.
    after: i64,
    read: std::vec::IntoIter<ArchivedMessage>,
}

impl Messages<'_> {
    fn read_more(&mut self, session: i64) -> Result<(), ArchiveError> {
        let limit = |time: UnixSeconds| to_sql(time.0.min(i64::MAX.cast_unsigned()));
        let mut select = self.archive.connection.prepare_cached(
            "SELECT msg_seqno, timestamp, json FROM messages
             JOIN raw_messages ON message_id = id
             WHERE session_id = ? AND msg_seqno > ? AND timestamp >= ? AND timestamp < ?
             ORDER BY msg_seqno LIMIT ?",
        )?;
        let talker = self.part.talker;
        let during = &self.part.during;
        let rows = select.query_map(
            (
                session,
                self.after,
                limit(during.start),
                limit(during.end),
                AT_ONCE,
            ),
            |row| ArchivedMessage::of_row(talker, row),
        )?;
        let read: Vec<ArchivedMessage> = rows.collect::<Result<_, _>>()?;
        match read.last() {
            Some(last) => self.after = to_sql(last.seqno.0),
            None => self.session = None,
        }
        self.read = read.into_iter();
        Ok(())
    }
}

impl Iterator for Messages<'_> {
    type Item = Result<ArchivedMessage, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(message) = self.read.next() {
                return Some(Ok(message));
            }
            if let Err(error) = self.read_more(self.session?) {
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
