//! Events that a webhook could not deliver.

use bili_im_proto::Talker;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    error::ArchiveError,
    queue::{Place, Queue, QueuedEvent},
    rows::{from_sql, to_sql},
};

/// How many of a hook are kept.
const DEAD_LETTERS: i64 = 1000;

/// An event that a webhook could not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The webhook's name.
    pub hook: String,
    /// When it was given up, in seconds since 1970.
    pub time: u64,
    /// How often it was tried.
    pub attempts: u64,
    /// Why it failed the last time.
    pub why: String,
    /// The event.
    pub event: QueuedEvent,
}

/// Dead letters, by hook.
impl Queue {
    /// Keeps a queued event as a dead letter, or notes one more failure of it. The oldest of a hook
    /// go when there are more than 1,000.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn bury(
        &mut self,
        hook: &str,
        id: u64,
        attempts: u64,
        why: &str,
    ) -> Result<(), ArchiveError> {
        let (id, attempts) = (to_sql(id), to_sql(attempts));
        let now = self.now();
        self.archive.transact(|connection| {
            let known = connection.execute(
                "UPDATE dead_letters SET time = ?1, attempts = attempts + ?2, why = ?3
                 WHERE hook = ?4 AND id = ?5",
                params![now, attempts, why, hook, id],
            )?;
            if known == 0 {
                connection.execute(
                    "INSERT INTO dead_letters (hook, id, time, attempts, why, talker, json)
                     SELECT ?1, id, ?2, ?3, ?4, talker, json FROM events WHERE id = ?5",
                    params![hook, now, attempts, why, id],
                )?;
                trim(connection, hook)?;
            }
            Ok(())
        })
    }

    /// The newest dead letters of a hook, or of all, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn dead_letters(
        &self,
        hook: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ArchiveError> {
        let mut select = self.archive.connection.prepare_cached(
            "SELECT hook, id, time, attempts, why, talker, json FROM dead_letters
             WHERE ?1 IS NULL OR hook = ?1 ORDER BY id DESC, hook LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map((hook, limit), dead_letter)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The oldest dead letter of a hook behind an id.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next_dead_letter(
        &self,
        hook: &str,
        after: u64,
    ) -> Result<Option<DeadLetter>, ArchiveError> {
        let mut select = self.archive.connection.prepare_cached(
            "SELECT hook, id, time, attempts, why, talker, json FROM dead_letters
             WHERE hook = ? AND id > ? ORDER BY id LIMIT 1",
        )?;
        let letter = select.query_row((hook, to_sql(after)), dead_letter);
        Ok(letter.optional()?)
    }

    /// Forgets a dead letter.
    ///
    /// # Errors
    /// When that cannot be stored.
    pub fn forget_dead_letter(&mut self, hook: &str, id: u64) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached("DELETE FROM dead_letters WHERE hook = ? AND id = ?")?
            .execute((hook, to_sql(id)))?;
        Ok(())
    }
}

fn trim(connection: &Connection, hook: &str) -> Result<(), ArchiveError> {
    connection
        .prepare_cached(
            "DELETE FROM dead_letters WHERE hook = ?1 AND id <= (SELECT id FROM dead_letters
             WHERE hook = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((hook, DEAD_LETTERS))?;
    Ok(())
}

fn dead_letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let talker: Option<String> = row.get(5)?;
    let talker: Option<Talker> = talker.and_then(|talker| serde_json::from_str(&talker).ok());
    let time = from_sql(row.get(2)?);
    Ok(DeadLetter {
        hook: row.get(0)?,
        time,
        attempts: from_sql(row.get(3)?),
        why: row.get(4)?,
        event: QueuedEvent {
            place: Place {
                id: from_sql(row.get(1)?),
                number: None,
            },
            time,
            talker,
            json: row.get(6)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use bili_im_proto::MsgKey;

    use super::*;
    use crate::testing::{FRIEND, Shelf};

    #[test]
    fn the_newest_dead_letters_of_a_hook_are_kept_with_their_events() {
        let shelf = Shelf::empty();
        let mut queue = Queue::new(shelf.archive, || 0).unwrap();
        for id in 1..=1002 {
            let json = format!(r#"{{"event":"{id}"}}"#);
            queue.push(id, Some(FRIEND), &json, None).unwrap();
            queue.bury("crm", id, 1, "HTTP 410").unwrap();
        }
        queue.bury("other", 1, 2, "HTTP 400").unwrap();
        queue.bury("crm", 1002, 3, "HTTP 500").unwrap();
        queue.trim(0, 0, 0).unwrap();
        queue.bury("crm", 7, 1, "it is no longer queued").unwrap();
        let letters = queue.dead_letters(Some("crm"), 2000).unwrap();
        let ids: Vec<u64> = (letters.iter())
            .map(|letter| letter.event.place.id)
            .collect();
        assert_eq!(ids, (3..=1002).rev().collect::<Vec<_>>());
        assert_eq!((letters[0].attempts, &*letters[0].why), (4, "HTTP 500"));
        assert_eq!(letters[0].event.json, r#"{"event":"1002"}"#);
        assert_eq!(letters[0].event.talker, Some(FRIEND));
        assert_eq!(queue.dead_letters(None, 2000).unwrap().len(), 1001);
        queue.forget_dead_letter("crm", 3).unwrap();
        let next = queue.next_dead_letter("crm", 0).unwrap().unwrap();
        assert_eq!(next.event.place.id, 4);
        assert_eq!(queue.next_dead_letter("crm", 1002).unwrap(), None);
    }

    #[test]
    fn what_a_recalled_message_said_is_erased_from_dead_letters() {
        let shelf = Shelf::empty();
        let mut queue = Queue::new(shelf.archive, || 0).unwrap();
        let json = r#"{"message":{"msg_key":"5","content":{"text":"secret5"}}}"#;
        queue.push(1, Some(FRIEND), json, None).unwrap();
        queue.bury("crm", 1, 1, "HTTP 410").unwrap();
        queue.trim(0, 0, 0).unwrap();
        queue.recall(FRIEND, MsgKey(5), "{}").unwrap();
        let letters = queue.dead_letters(None, 9).unwrap();
        assert_eq!(
            letters[0].event.json,
            r#"{"message":{"msg_key":"5","content":{}}}"#
        );
        for file in std::fs::read_dir(shelf.folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(7).any(|bytes| bytes == b"secret5"));
        }
    }
}
