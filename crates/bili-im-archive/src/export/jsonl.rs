//! JSONL: a copy of the archive that can be imported again (docs/archive.md).

use std::{borrow::Cow, collections::BTreeSet, io::Write};

use bili_im_proto::{MsgKey, RawMessage, Seqno, Talker, Uid, UnixMicros, UnixSeconds};
use rusqlite::Row;

use super::{
    format::{self, Line, Sent},
    options::{Export, ExportReport, snapshot},
};
use crate::{
    archive::Archive,
    error::ArchiveError,
    messages,
    reading::ArchivedSession,
    rows::{from_sql, talker_to_sql, to_sql},
};

impl Export {
    /// Writes JSONL, which [`Import`](crate::Import) reads: all that the archive knows of the
    /// messages. `now` is noted in its first line.
    ///
    /// # Errors
    /// When the archive cannot be read, or `out` not written.
    pub fn jsonl(
        &self,
        archive: &Archive,
        now: UnixSeconds,
        out: &mut dyn Write,
    ) -> Result<ExportReport, ArchiveError> {
        let _snapshot = snapshot(archive)?;
        let (sessions, mut report) = self.sessions(archive)?;
        let mut writer = Writer {
            export: self,
            archive,
            out,
            lines: 0,
        };
        let owner = archive.owner()?;
        writer.line(&Line::Header(format::Header {
            format: format::NAME.into(),
            version: format::VERSION,
            owner,
            exported: now,
        }))?;
        writer.people(&sessions, owner)?;
        writer.emoticons()?;
        if self.is_whole() {
            writer.media()?;
        }
        for session in &sessions {
            writer.session(session.talker)?;
            writer.lines = 0;
            writer.recalls(session.talker)?;
            report.messages += writer.messages(session.talker)?;
            writer.edits(session.talker)?;
            writer.covered(session)?;
        }
        writer.end()?;
        Ok(report)
    }
}

struct Writer<'a> {
    export: &'a Export,
    archive: &'a Archive,
    out: &'a mut dyn Write,
    /// How many lines were written, since the last session began.
    lines: u64,
}

impl Writer<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), ArchiveError> {
        serde_json::to_writer(&mut self.out, line)
            .map_err(|error| ArchiveError::Output(error.into()))?;
        self.lines += 1;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Writes a line for each row of a query.
    fn rows<P: rusqlite::Params>(
        &mut self,
        query: &str,
        params: P,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<Line<'static>>,
    ) -> Result<(), ArchiveError> {
        let archive = self.archive;
        let mut select = archive.connection.prepare_cached(query)?;
        let mut rows = select.query(params)?;
        while let Some(row) = rows.next()? {
            self.line(&read(row)?)?;
        }
        Ok(())
    }

    /// Everyone; of a part of the archive only those in it.
    fn people(
        &mut self,
        sessions: &[ArchivedSession],
        owner: Option<Uid>,
    ) -> Result<(), ArchiveError> {
        let mut uids: BTreeSet<Uid> = owner.into_iter().collect();
        if self.export.is_whole() {
            uids.extend(self.archive.people()?.into_keys());
        }
        for session in sessions {
            match session.talker {
                Talker::User(uid) => {
                    uids.insert(uid);
                }
                Talker::Group(_) => self.add_senders(session.talker, &mut uids)?,
            }
        }
        for uid in uids {
            self.rows(
                "SELECT name, face, sign, level, fetched FROM people WHERE uid = ?",
                [to_sql(uid.0)],
                |row| {
                    Ok(Line::Person(format::Person {
                        uid,
                        name: text(row, 0)?,
                        face: text(row, 1)?,
                        sign: text(row, 2)?,
                        level: row.get(3)?,
                        fetched: row.get(4)?,
                    }))
                },
            )?;
        }
        Ok(())
    }

    fn add_senders(&self, talker: Talker, uids: &mut BTreeSet<Uid>) -> Result<(), ArchiveError> {
        let mut select = self.archive.connection.prepare_cached(
            "SELECT DISTINCT sender_uid FROM messages JOIN sessions ON session_id = sessions.id
             WHERE session_type = ? AND talker_id = ? AND sender_uid IS NOT NULL",
        )?;
        let senders = select.query_map(talker_to_sql(talker), |row| row.get(0))?;
        for sender in senders {
            uids.insert(Uid(from_sql(sender?)));
        }
        Ok(())
    }

    fn emoticons(&mut self) -> Result<(), ArchiveError> {
        let query = "SELECT text, url, gif_url, size FROM emoticons ORDER BY text";
        self.rows(query, [], |row| {
            Ok(Line::Emoticon(format::Emoticon {
                text: text(row, 0)?,
                url: text(row, 1)?,
                gif_url: text(row, 2)?,
                size: row.get(3)?,
            }))
        })
    }

    fn media(&mut self) -> Result<(), ArchiveError> {
        let query = "SELECT url, state, file, bytes, tries FROM media
             WHERE state <> 'wanted' OR tries > 0 OR file IS NOT NULL ORDER BY url";
        self.rows(query, [], |row| {
            Ok(Line::Media(format::Media {
                url: text(row, 0)?,
                state: text(row, 1)?,
                file: row.get::<_, Option<String>>(2)?.map(Cow::Owned),
                bytes: row.get(3)?,
                tries: row.get(4)?,
            }))
        })
    }

    fn session(&mut self, talker: Talker) -> Result<(), ArchiveError> {
        let query = "SELECT name, picture, system_account, is_follow, is_muted, is_intercepted,
                top_ts, session_ts, max_seqno, ack_seqno FROM sessions
             WHERE session_type = ? AND talker_id = ?";
        let micros = |ts: Option<i64>| ts.map(|ts| UnixMicros(from_sql(ts)));
        let seqno = |seqno: Option<i64>| seqno.map(|seqno| Seqno(from_sql(seqno)));
        self.rows(query, talker_to_sql(talker), |row| {
            Ok(Line::Session(format::Session {
                talker,
                name: text(row, 0)?,
                picture: text(row, 1)?,
                system_account: row.get(2)?,
                is_follow: row.get(3)?,
                is_muted: row.get(4)?,
                is_intercepted: row.get(5)?,
                top_ts: micros(row.get(6)?),
                session_ts: micros(row.get(7)?),
                max_seqno: seqno(row.get(8)?),
                ack_seqno: seqno(row.get(9)?),
            }))
        })
    }

    fn recalls(&mut self, talker: Talker) -> Result<(), ArchiveError> {
        let query = "SELECT msg_key, timestamp FROM recalls
             JOIN sessions ON sessions.id = session_id
             WHERE session_type = ? AND talker_id = ? ORDER BY msg_key";
        self.rows(query, talker_to_sql(talker), |row| {
            Ok(Line::Recall(format::Recall {
                talker,
                msg_key: MsgKey(from_sql(row.get(0)?)),
                timestamp: row.get(1)?,
            }))
        })
    }

    fn messages(&mut self, talker: Talker) -> Result<u64, ArchiveError> {
        let archive = self.archive;
        let mut select = archive.connection.prepare_cached(
            "SELECT msg_seqno, timestamp, is_rebuilt, json FROM messages
             JOIN raw_messages ON message_id = messages.id
             JOIN sessions ON sessions.id = session_id
             WHERE session_type = ? AND talker_id = ? AND timestamp >= ? AND timestamp < ?
             ORDER BY session_id, msg_seqno",
        )?;
        let mut rows = select.query(self.part(talker))?;
        let mut written = 0;
        while let Some(row) = rows.next()? {
            let seqno = Seqno(from_sql(row.get(0)?));
            let timestamp: i64 = row.get(1)?;
            let raw = RawMessage::new(seqno, row.get(3)?, None);
            self.line(&Line::Message(format::Message {
                talker,
                seqno,
                timestamp: (messages::timestamp(&raw) != timestamp).then_some(timestamp),
                is_rebuilt: row.get(2)?,
                sent: sent(&raw.json)?,
            }))?;
            written += 1;
        }
        Ok(written)
    }

    /// The parameters of a query for a session's messages in the time of the export.
    fn part(&self, talker: Talker) -> (i64, i64, i64, i64) {
        let limit = |time: UnixSeconds| i64::try_from(time.0).unwrap_or(i64::MAX);
        let (session_type, talker_id) = talker_to_sql(talker);
        let during = &self.export.during;
        (
            session_type,
            talker_id,
            limit(during.start),
            limit(during.end),
        )
    }

    fn edits(&mut self, talker: Talker) -> Result<(), ArchiveError> {
        let archive = self.archive;
        let mut select = archive.connection.prepare_cached(
            "SELECT msg_seqno, noticed, json FROM edits
             JOIN messages ON messages.id = message_id
             JOIN sessions ON sessions.id = session_id
             WHERE session_type = ? AND talker_id = ? AND timestamp >= ? AND timestamp < ?
             ORDER BY msg_seqno, edits.rowid",
        )?;
        let mut rows = select.query(self.part(talker))?;
        while let Some(row) = rows.next()? {
            let json: String = row.get(2)?;
            self.line(&Line::Edit(format::Edit {
                talker,
                seqno: Seqno(from_sql(row.get(0)?)),
                noticed: row.get(1)?,
                sent: sent(&json)?,
            }))?;
        }
        Ok(())
    }

    /// Says which messages have been read, if all of them are in the export.
    fn covered(&mut self, session: &ArchivedSession) -> Result<(), ArchiveError> {
        let coverage = session.coverage.to_string();
        if coverage.is_empty() || self.export.is_limited_in_time() {
            return Ok(());
        }
        self.line(&Line::Covered(format::Covered {
            talker: session.talker,
            coverage: coverage.into(),
            lines: Some(self.lines),
        }))
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        let (mut listed, mut compared) = (None, None);
        if self.export.is_whole() {
            let mut select =
                (self.archive.connection).prepare_cached("SELECT listed, compared FROM owner")?;
            let mut rows = select.query([])?;
            if let Some(row) = rows.next()? {
                (listed, compared) = (row.get(0)?, row.get(1)?);
            }
        }
        let micros = |ts: Option<i64>| ts.map(|ts| UnixMicros(from_sql(ts)));
        self.line(&Line::End(format::End {
            listed: micros(listed),
            compared: micros(compared),
        }))
    }
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Cow<'static, str>> {
    row.get(column).map(Cow::Owned)
}

fn sent(json: &str) -> Result<Sent<'_>, ArchiveError> {
    Sent::new(json).map_err(|error| ArchiveError::Output(error.into()))
}
