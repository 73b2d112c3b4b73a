//! What rules have done, and what they wait for.

use bili_im_proto::{Seqno, Talker, Uid};
use rusqlite::{OptionalExtension, params};

use crate::{
    error::ArchiveError,
    queue::{Queue, parse, text},
    rows::{from_sql, to_sql},
    saving::now,
};

/// For how long runs are kept, in seconds.
const DAY: u64 = 86_400;

/// A rule has done something because of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRun {
    /// The rule's name.
    pub rule: String,
    /// The event's id.
    pub event: u64,
    /// Who caused it.
    pub person: Uid,
    /// When, in seconds since 1970.
    pub time: u64,
    /// The text that was answered.
    pub answer: Option<String>,
}

/// A rule waits for a message to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleWait {
    /// The rule's name.
    pub rule: String,
    /// The conversation.
    pub talker: Talker,
    /// The event of the message.
    pub event: u64,
}

/// The rules of a process.
impl Queue {
    /// What rules have done because of a person within a day before now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn rule_runs(&self, person: Uid) -> Result<Vec<RuleRun>, ArchiveError> {
        let mut select = (self.archive.connection).prepare_cached(
            "SELECT rule, event, time, answer FROM rule_runs WHERE person = ? AND time > ?",
        )?;
        let since = to_sql(from_sql(now()).saturating_sub(DAY));
        let rows = select.query_map((to_sql(person.0), since), |row| {
            Ok(RuleRun {
                rule: row.get(0)?,
                event: from_sql(row.get(1)?),
                person,
                time: from_sql(row.get(2)?),
                answer: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stores what rules are about to do. What is older than a day is forgotten.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn keep_rule_runs(&mut self, runs: &[RuleRun]) -> Result<(), ArchiveError> {
        self.archive.transact(|connection| {
            for run in runs {
                connection
                    .prepare_cached(
                        "INSERT OR IGNORE INTO rule_runs (rule, event, person, time, answer)
                         VALUES (?, ?, ?, ?, ?)",
                    )?
                    .execute(params![
                        run.rule,
                        to_sql(run.event),
                        to_sql(run.person.0),
                        to_sql(run.time),
                        run.answer
                    ])?;
            }
            let before = to_sql(from_sql(now()).saturating_sub(DAY));
            connection.execute("DELETE FROM rule_runs WHERE time <= ?", [before])?;
            Ok(())
        })
    }

    /// A rule waits until `due`, in seconds since 1970, unless it waits in this conversation already.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn begin_rule_wait(&mut self, wait: &RuleWait, due: u64) -> Result<(), ArchiveError> {
        let talker = text(&wait.talker)?;
        (self.archive.connection)
            .prepare_cached(
                "INSERT OR IGNORE INTO rule_waits (rule, talker, event, due) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![wait.rule, talker, to_sql(wait.event), to_sql(due)])?;
        Ok(())
    }

    /// The waits that are over.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn due_rule_waits(&self) -> Result<Vec<RuleWait>, ArchiveError> {
        let mut select = (self.archive.connection)
            .prepare_cached("SELECT rule, talker, event FROM rule_waits WHERE due <= ?")?;
        let rows = select.query_map([now()], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?))
        })?;
        rows.map(|row| {
            let (rule, talker, event) = row?;
            Ok(RuleWait {
                rule,
                talker: parse(&talker)?,
                event: from_sql(event),
            })
        })
        .collect()
    }

    /// A conversation was answered, or its wait has come to its end.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn end_rule_waits(
        &mut self,
        talker: Talker,
        rule: Option<&str>,
    ) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached("DELETE FROM rule_waits WHERE talker = ?1 AND rule = ifnull(?2, rule)")?
            .execute((text(&talker)?, rule))?;
        Ok(())
    }

    /// Whether a person has written nothing before a message, as far as the archive knows.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_first(
        &self,
        talker: Talker,
        person: Uid,
        seqno: Seqno,
    ) -> Result<bool, ArchiveError> {
        let earlier: Option<i64> = (self.archive.connection)
            .prepare_cached(
                "SELECT 1 FROM messages JOIN sessions ON sessions.id = session_id
                 WHERE session_type = ? AND talker_id = ? AND sender_uid = ? AND msg_seqno < ?
                 LIMIT 1",
            )?
            .query_row(
                params![
                    i64::from(talker.session_type()),
                    to_sql(talker.id()),
                    to_sql(person.0),
                    to_sql(seqno.0)
                ],
                |row| row.get(0),
            )
            .optional()?;
        Ok(earlier.is_none())
    }

    /// Tags a conversation.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn tag(&mut self, talker: Talker, tag: &str) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached("INSERT OR IGNORE INTO tags (talker, tag, time) VALUES (?, ?, ?)")?
            .execute((text(&talker)?, tag, now()))?;
        Ok(())
    }

    /// The tags of conversations, with when they were set, in seconds since 1970.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn tags(&self) -> Result<Vec<(Talker, String, u64)>, ArchiveError> {
        let mut select = (self.archive.connection)
            .prepare_cached("SELECT talker, tag, time FROM tags ORDER BY time, tag")?;
        let rows = select.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
        })?;
        rows.map(|row| {
            let (talker, tag, time) = row?;
            Ok((parse(&talker)?, tag, from_sql(time)))
        })
        .collect()
    }
}
