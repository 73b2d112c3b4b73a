//! What rules have done, and what they wait for.

use bili_im_proto::{Seqno, Talker, Uid};
use rusqlite::{OptionalExtension, Row, params};

use crate::{
    error::ArchiveError,
    queue::{Queue, parse, text},
    rows::{from_sql, to_sql},
};

/// For how long runs are kept, in seconds.
const DAY: i64 = 86_400;

/// A rule has done something because of an event, or is about to.
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
    /// The text that is answered; empty until it is known.
    pub answer: Option<String>,
}

/// A rule waits for a message to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleWait {
    /// The rule's name.
    pub rule: String,
    /// The conversation.
    pub talker: Talker,
    /// The message.
    pub seqno: Seqno,
    /// The event of the message.
    pub event: u64,
}

/// The rules of a process. Times are seconds since 1970.
impl Queue {
    /// What rules have done, or are about to do, because of a person within a day.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn rule_runs(&self, person: Uid) -> Result<Vec<RuleRun>, ArchiveError> {
        let mut select = (self.archive.connection).prepare_cached(
            "SELECT rule, event, person, time, answer FROM rule_runs WHERE person = ? AND time > ?",
        )?;
        let since = self.now().saturating_sub(DAY);
        let rows = select.query_map((to_sql(person.0), since), run)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stores what rules are about to do, until [`end_rule_run`](Self::end_rule_run). What is known
    /// already stays as it is. What is older than a day is forgotten.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn begin_rule_runs(&mut self, runs: &[RuleRun]) -> Result<(), ArchiveError> {
        let before = self.now().saturating_sub(DAY);
        self.archive.transact(|connection| {
            for run in runs {
                connection
                    .prepare_cached(
                        "INSERT OR IGNORE INTO rule_runs
                         (rule, event, person, time, answer, is_open) VALUES (?, ?, ?, ?, ?, 1)",
                    )?
                    .execute(params![
                        run.rule,
                        to_sql(run.event),
                        to_sql(run.person.0),
                        to_sql(run.time),
                        run.answer
                    ])?;
            }
            connection.execute("DELETE FROM rule_runs WHERE time <= ?", [before])?;
            Ok(())
        })
    }

    /// What rules are about to do, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open_rule_runs(&self, limit: usize) -> Result<Vec<RuleRun>, ArchiveError> {
        let mut select = (self.archive.connection).prepare_cached(
            "SELECT rule, event, person, time, answer FROM rule_runs WHERE is_open
             ORDER BY event, rule LIMIT ?",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map([limit], run)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The text that a rule is about to answer.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn keep_rule_answer(
        &mut self,
        rule: &str,
        event: u64,
        answer: &str,
    ) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached("UPDATE rule_runs SET answer = ? WHERE rule = ? AND event = ?")?
            .execute((answer, rule, to_sql(event)))?;
        Ok(())
    }

    /// A rule has done what it was about to do.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn end_rule_run(&mut self, rule: &str, event: u64) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached("UPDATE rule_runs SET is_open = 0 WHERE rule = ? AND event = ?")?
            .execute((rule, to_sql(event)))?;
        Ok(())
    }

    /// Whether a rule has answered with this text within the last day.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_rule_answer(&self, text: &str) -> Result<bool, ArchiveError> {
        let found: Option<i64> = (self.archive.connection)
            .prepare_cached("SELECT 1 FROM rule_runs WHERE answer = ? LIMIT 1")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }

    /// A rule waits until `due`.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn begin_rule_wait(&mut self, wait: &RuleWait, due: u64) -> Result<(), ArchiveError> {
        let talker = text(&wait.talker)?;
        (self.archive.connection)
            .prepare_cached(
                "INSERT OR IGNORE INTO rule_waits (rule, talker, seqno, event, due)
                 VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![
                wait.rule,
                talker,
                to_sql(wait.seqno.0),
                to_sql(wait.event),
                to_sql(due)
            ])?;
        Ok(())
    }

    /// The waits that are over, the longest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn due_rule_waits(&self, limit: usize) -> Result<Vec<RuleWait>, ArchiveError> {
        let mut select = (self.archive.connection).prepare_cached(
            "SELECT rule, talker, seqno, event FROM rule_waits WHERE due <= ?
             ORDER BY due, seqno LIMIT ?",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map((self.now(), limit), |row| {
            let talker: String = row.get(1)?;
            Ok((row.get(0)?, talker, row.get(2)?, row.get(3)?))
        })?;
        rows.map(|row| {
            let (rule, talker, seqno, event) = row?;
            Ok(RuleWait {
                rule,
                talker: parse(&talker)?,
                seqno: Seqno(from_sql(seqno)),
                event: from_sql(event),
            })
        })
        .collect()
    }

    /// All messages of a conversation up to one are read or answered; without one, all of them.
    /// With a rule, only that rule waits no longer.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn end_rule_waits(
        &mut self,
        talker: Talker,
        upto: Option<Seqno>,
        rule: Option<&str>,
    ) -> Result<(), ArchiveError> {
        let upto = upto.map(|seqno| to_sql(seqno.0));
        (self.archive.connection)
            .prepare_cached(
                "DELETE FROM rule_waits
                 WHERE talker = ?1 AND seqno <= ifnull(?2, seqno) AND rule = ifnull(?3, rule)",
            )?
            .execute((text(&talker)?, upto, rule))?;
        Ok(())
    }

    /// What a rule waits for in a conversation is looked at again at `due`.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn put_off_rule_waits(
        &mut self,
        talker: Talker,
        rule: &str,
        due: u64,
    ) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached(
                "UPDATE rule_waits SET due = max(due, ?) WHERE talker = ? AND rule = ?",
            )?
            .execute((to_sql(due), text(&talker)?, rule))?;
        Ok(())
    }

    /// Whether a rule still waits for a message.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_waiting(&self, wait: &RuleWait) -> Result<bool, ArchiveError> {
        let found: Option<i64> = (self.archive.connection)
            .prepare_cached("SELECT 1 FROM rule_waits WHERE rule = ? AND talker = ? AND seqno = ?")?
            .query_row(
                (&wait.rule, text(&wait.talker)?, to_sql(wait.seqno.0)),
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.is_some())
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
            .execute((text(&talker)?, tag, self.now()))?;
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

fn run(row: &Row<'_>) -> Result<RuleRun, rusqlite::Error> {
    Ok(RuleRun {
        rule: row.get(0)?,
        event: from_sql(row.get(1)?),
        person: Uid(from_sql(row.get(2)?)),
        time: from_sql(row.get(3)?),
        answer: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Shelf;

    fn run(event: u64, time: u64) -> RuleRun {
        RuleRun {
            rule: "r".to_owned(),
            event,
            person: Uid(7),
            time,
            answer: Some(String::new()),
        }
    }

    #[test]
    fn a_run_is_open_until_it_is_ended_and_is_not_begun_again() {
        let shelf = Shelf::empty();
        let mut queue = Queue::new(shelf.archive, || 100_000).unwrap();
        queue
            .begin_rule_runs(&[run(1, 99_000), run(2, 99_001)])
            .unwrap();
        queue.keep_rule_answer("r", 1, "收到").unwrap();
        queue.end_rule_run("r", 1).unwrap();
        queue.begin_rule_runs(&[run(1, 99_002)]).unwrap();
        assert_eq!(queue.open_rule_runs(9).unwrap(), [run(2, 99_001)]);
        assert_eq!(queue.rule_runs(Uid(7)).unwrap().len(), 2);
        assert!(queue.is_rule_answer("收到").unwrap());
        assert!(!queue.is_rule_answer("收").unwrap());
    }

    #[test]
    fn runs_are_forgotten_after_a_day() {
        let shelf = Shelf::empty();
        let mut queue = Queue::new(shelf.archive, || 100_000).unwrap();
        queue
            .begin_rule_runs(&[run(1, 13_600), run(2, 13_601)])
            .unwrap();
        assert_eq!(queue.rule_runs(Uid(7)).unwrap(), [run(2, 13_601)]);
        assert_eq!(queue.open_rule_runs(9).unwrap(), [run(2, 13_601)]);
    }
}
