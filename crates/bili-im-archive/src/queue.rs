//! The queue of a process that tells others of an account's events.

use bili_im_proto::{Cursor, Event, MsgKey, Position, Talker, Uid};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    archive::Archive,
    error::ArchiveError,
    rows::{from_sql, to_sql},
    saving::now,
};

/// After so many positions the cursor is written anew.
const POSITIONS: i64 = 256;

/// How many consumers an account can have.
const CONSUMERS: i64 = 100;

/// The events of an account, kept until their consumers have read them, in the account's archive.
///
/// One process at a time has the queue of an archive. What is stored survives a power failure.
#[derive(Debug)]
pub struct Queue {
    pub(crate) archive: Archive,
}

/// A place in a queue: behind an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The event's id.
    pub id: u64,
    /// The event's number; `None` when the event is no longer there to tell.
    pub number: Option<u64>,
}

/// An event in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuedEvent {
    /// Its place.
    pub place: Place,
    /// When it was queued, in seconds since 1970.
    pub time: u64,
    /// The session that it is about.
    pub talker: Option<Talker>,
    /// The event as JSON.
    pub json: String,
}

/// Events that were dropped before they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The first id that can be missing.
    pub from: u64,
    /// The place of the last one that is missing.
    pub to: Place,
    /// How many are missing, if that is known.
    pub count: Option<u64>,
}

/// A consumer, and what it has handled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// How many events wait for it.
    pub lag: u64,
}

impl Queue {
    /// Takes the queue of an archive.
    ///
    /// # Errors
    /// When another process has it, or it cannot be used.
    pub fn new(mut archive: Archive) -> Result<Self, ArchiveError> {
        archive.lock_for("queue")?;
        // A ticket must not be lost after its request has left.
        archive
            .connection
            .execute_batch("PRAGMA synchronous = FULL")?;
        Ok(Self { archive })
    }

    /// The archive.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// How far events are queued; `None` at the very beginning.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn cursor(&self) -> Result<Option<Cursor>, ArchiveError> {
        cursor(&self.archive.connection)
    }

    /// Begins at a cursor.
    ///
    /// # Errors
    /// When it cannot be stored, or the archive is another account's.
    pub fn begin(&mut self, cursor: &Cursor) -> Result<(), ArchiveError> {
        self.archive.claim(cursor.uid())?;
        self.archive
            .transact(|connection| write(connection, cursor))
    }

    /// Stores what an event says in the archive: see [`Archive::save_event`].
    ///
    /// # Errors
    /// When it cannot be stored, or the archive is not that of `own`.
    pub fn save_event(&mut self, own: Uid, event: &Event) -> Result<(), ArchiveError> {
        self.archive.save_event(own, event)
    }

    /// Queues an event and moves the cursor behind it, in one transaction. Ids grow. Returns the
    /// event's number.
    ///
    /// # Errors
    /// When it cannot be stored. Then nothing is queued.
    pub fn push(
        &mut self,
        id: u64,
        talker: Option<Talker>,
        json: &str,
        position: Option<&Position>,
    ) -> Result<u64, ArchiveError> {
        let talker = talker.map(|talker| text(&talker)).transpose()?;
        self.archive.transact(|connection| {
            if let Some(position) = position {
                advance(connection, position)?;
            }
            connection
                .prepare_cached("INSERT INTO events (id, time, talker, json) VALUES (?, ?, ?, ?)")?
                .execute(params![to_sql(id), now(), talker, json])?;
            Ok(from_sql(connection.last_insert_rowid()))
        })
    }

    /// A queued message was recalled: its `message.content` becomes `content`. What it said is
    /// erased.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn recall(
        &mut self,
        talker: Talker,
        key: MsgKey,
        content: &str,
    ) -> Result<(), ArchiveError> {
        let talker = text(&talker)?;
        let changed = self.archive.transact(|connection| {
            let changed = connection.execute(
                "UPDATE events SET json = json_set(json, '$.message.content', json(?1))
                 WHERE talker = ?2 AND json_extract(json, '$.message.msg_key') = ?3",
                params![content, talker, key.to_string()],
            )?;
            Ok(changed)
        })?;
        match changed {
            0 => Ok(()),
            _ => self.archive.finish_erasing(),
        }
    }

    /// The place behind the newest event.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn newest(&self) -> Result<Place, ArchiveError> {
        newest(&self.archive.connection)
    }

    /// Events behind an id, oldest first, up to another id and `limit` of them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(
        &self,
        after: u64,
        upto: u64,
        limit: usize,
    ) -> Result<Vec<QueuedEvent>, ArchiveError> {
        let mut select = self.archive.connection.prepare_cached(
            "SELECT id, number, time, talker, json FROM events WHERE id > ? AND id <= ?
             ORDER BY id LIMIT ?",
        )?;
        let upto = to_sql(upto.min(i64::MAX.cast_unsigned()));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map((to_sql(after), upto, limit), event)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was dropped behind a place.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn dropped(&self, place: Place) -> Result<Option<Dropped>, ArchiveError> {
        let to = dropped(&self.archive.connection)?;
        let count = match (place.number, to.number) {
            (Some(read), Some(dropped)) => Some(dropped.saturating_sub(read)),
            _ => None,
        };
        let is_behind = count.map_or(to.id > place.id, |count| count > 0);
        Ok(is_behind.then_some(Dropped {
            from: place.id + 1,
            to,
            count,
        }))
    }

    /// The place behind an event.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn place(&self, id: u64) -> Result<Place, ArchiveError> {
        place(&self.archive.connection, id)
    }

    /// Whether an event of this id is queued, or was the last to be dropped.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn has(&self, id: u64) -> Result<bool, ArchiveError> {
        let is_last_dropped = dropped(&self.archive.connection)?.id == id;
        Ok(is_last_dropped || !self.read(id.saturating_sub(1), id, 1)?.is_empty())
    }

    /// What a consumer has handled. A new one begins behind the newest event.
    ///
    /// # Errors
    /// When it cannot be stored, or there are too many consumers.
    pub fn consumer(&mut self, name: &str) -> Result<Place, ArchiveError> {
        self.archive.transact(|connection| {
            let place = match consumer(connection, name)? {
                Some(place) => place,
                None => newest(connection)?,
            };
            keep(connection, name, place)?;
            Ok(place)
        })
    }

    /// A consumer has handled all events up to an id. Its position never goes back.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn handled(&mut self, name: &str, id: u64) -> Result<(), ArchiveError> {
        self.archive.transact(|connection| {
            // An id of another account lies between two of this one's.
            let upto = connection
                .prepare_cached(
                    "SELECT id, number FROM events WHERE id <= ? ORDER BY id DESC LIMIT 1",
                )?
                .query_row([to_sql(id)], place_of_row)
                .optional()?;
            let dropped = dropped(connection)?;
            let upto = match upto {
                Some(place) => place,
                None if dropped.id <= id => dropped,
                None => return Ok(()),
            };
            match consumer(connection, name)? {
                Some(known) if known.number >= upto.number => Ok(()),
                _ => keep(connection, name, upto),
            }
        })
    }

    /// The consumers.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn consumers(&self) -> Result<Vec<Consumer>, ArchiveError> {
        let newest = self.newest()?.number.unwrap_or_default();
        let mut select = (self.archive.connection)
            .prepare_cached("SELECT name, event_number FROM consumers ORDER BY name")?;
        let rows = select.query_map([], |row| {
            let number = from_sql(row.get(1)?);
            Ok(Consumer {
                name: row.get(0)?,
                lag: newest.saturating_sub(number),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Drops the oldest events until `most` are left, and those queued before a time; also
    /// consumers that were not seen and sends that did not change since `forget`. Times are seconds
    /// since 1970.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn trim(&mut self, most: u64, before: u64, forget: u64) -> Result<(), ArchiveError> {
        self.archive.transact(|connection| {
            let newest = newest(connection)?.number.unwrap_or_default();
            let last = connection
                .prepare_cached(
                    "SELECT id, number FROM events WHERE number <= max(?,
                        (SELECT coalesce(max(number), 0) FROM events WHERE time < ?))
                     ORDER BY number DESC LIMIT 1",
                )?
                .query_row(
                    (to_sql(newest.saturating_sub(most)), to_sql(before)),
                    place_of_row,
                )
                .optional()?;
            if let Some(place) = last {
                let number = place.number.map(to_sql);
                connection.execute("DELETE FROM events WHERE number <= ?", [number])?;
                connection.execute(
                    "UPDATE watch SET dropped_id = ?, dropped_number = ?",
                    (to_sql(place.id), number),
                )?;
            }
            let forget = to_sql(forget);
            connection.execute("DELETE FROM consumers WHERE seen < ?", [forget])?;
            connection.execute(
                "DELETE FROM sends WHERE changed < ? AND outcome IS NOT NULL",
                [forget],
            )?;
            Ok(())
        })
    }
}

fn cursor(connection: &Connection) -> Result<Option<Cursor>, ArchiveError> {
    let stored: Option<String> =
        connection.query_row("SELECT cursor FROM watch", [], |row| row.get(0))?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    let mut cursor: Cursor = parse(&stored)?;
    let mut select = connection.prepare_cached("SELECT position FROM positions ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let position: String = row.get(0)?;
        cursor.advance(&parse(&position)?);
    }
    Ok(Some(cursor))
}

fn write(connection: &Connection, cursor: &Cursor) -> Result<(), ArchiveError> {
    connection.execute("UPDATE watch SET cursor = ?", [text(cursor)?])?;
    connection.execute("DELETE FROM positions", [])?;
    Ok(())
}

/// Moves the cursor behind an event.
fn advance(connection: &Connection, position: &Position) -> Result<(), ArchiveError> {
    connection
        .prepare_cached("INSERT INTO positions (position) VALUES (?)")?
        .execute([text(position)?])?;
    if connection.last_insert_rowid() >= POSITIONS
        && let Some(cursor) = cursor(connection)?
    {
        write(connection, &cursor)?;
    }
    Ok(())
}

fn newest(connection: &Connection) -> Result<Place, ArchiveError> {
    let newest = connection
        .prepare_cached("SELECT id, number FROM events ORDER BY number DESC LIMIT 1")?
        .query_row([], place_of_row)
        .optional()?;
    newest.map_or_else(|| dropped(connection), Ok)
}

fn dropped(connection: &Connection) -> Result<Place, ArchiveError> {
    let place = connection
        .prepare_cached("SELECT dropped_id, dropped_number FROM watch")?
        .query_row([], place_of_row)?;
    Ok(place)
}

fn place(connection: &Connection, id: u64) -> Result<Place, ArchiveError> {
    let dropped = dropped(connection)?;
    let known = connection
        .prepare_cached("SELECT id, number FROM events WHERE id <= ? ORDER BY id DESC LIMIT 1")?
        .query_row([to_sql(id)], place_of_row)
        .optional()?;
    let number = match known {
        Some(known) => known.number,
        None if id >= dropped.id => dropped.number,
        None => None,
    };
    Ok(Place { id, number })
}

fn consumer(connection: &Connection, name: &str) -> Result<Option<Place>, ArchiveError> {
    let place = connection
        .prepare_cached("SELECT event_id, event_number FROM consumers WHERE name = ?")?
        .query_row([name], place_of_row);
    Ok(place.optional()?)
}

/// Stores what a consumer has handled, and that it was seen.
fn keep(connection: &Connection, name: &str, place: Place) -> Result<(), ArchiveError> {
    let others: i64 = connection
        .prepare_cached("SELECT count(*) FROM consumers WHERE name <> ?")?
        .query_row([name], |row| row.get(0))?;
    if others >= CONSUMERS {
        return Err(ArchiveError::TooManyConsumers);
    }
    connection
        .prepare_cached(
            "INSERT INTO consumers (name, event_id, event_number, seen) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET event_id = ?2, event_number = ?3, seen = ?4",
        )?
        .execute(params![
            name,
            to_sql(place.id),
            to_sql(place.number.unwrap_or_default()),
            now()
        ])?;
    Ok(())
}

/// From the columns of an id and a number.
fn place_of_row(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        id: from_sql(row.get(0)?),
        number: Some(from_sql(row.get(1)?)),
    })
}

fn event(row: &Row<'_>) -> rusqlite::Result<QueuedEvent> {
    let talker: Option<String> = row.get(3)?;
    Ok(QueuedEvent {
        place: place_of_row(row)?,
        time: from_sql(row.get(2)?),
        talker: talker.and_then(|talker| serde_json::from_str(&talker).ok()),
        json: row.get(4)?,
    })
}

pub(crate) fn text(value: &impl Serialize) -> Result<String, ArchiveError> {
    serde_json::to_string(value).map_err(|error| ArchiveError::Damaged(error.to_string()))
}

pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ArchiveError> {
    serde_json::from_str(text).map_err(|error| ArchiveError::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FRIEND, Shelf};

    fn position(seqno: u64) -> Position {
        let json = format!(
            r#"{{"talker":{},"seqno":"{seqno}","time":5,"mark":7}}"#,
            text(&FRIEND).unwrap()
        );
        parse(&json).unwrap()
    }

    fn queue(shelf: Shelf, events: u64) -> (Queue, tempfile::TempDir) {
        let mut queue = Queue::new(shelf.archive).unwrap();
        for id in 1..=events {
            let number = queue.push(id * 10, Some(FRIEND), "{}", None).unwrap();
            assert_eq!(number, id);
        }
        (queue, shelf.folder)
    }

    #[test]
    fn a_consumer_is_told_how_many_events_were_dropped_before_it_read_them() {
        let (mut queue, _folder) = queue(Shelf::empty(), 2);
        let begun = queue.consumer("bot").unwrap();
        assert_eq!(
            begun,
            Place {
                id: 20,
                number: Some(2)
            }
        );
        for id in 3..=9 {
            queue.push(id * 10, None, "{}", None).unwrap();
        }
        queue.handled("bot", 35).unwrap();
        queue.trim(2, 0, 0).unwrap();
        let place = queue.consumer("bot").unwrap();
        let dropped = queue.dropped(place).unwrap().unwrap();
        assert_eq!(
            (dropped.from, dropped.to.id, dropped.count),
            (31, 70, Some(4))
        );
        let left = queue.read(dropped.to.id, u64::MAX, 9).unwrap();
        assert_eq!(
            left.iter().map(|event| event.place.id).collect::<Vec<_>>(),
            [80, 90]
        );
        assert_eq!(queue.consumers().unwrap()[0].lag, 6);
        queue.handled("bot", 70).unwrap();
        let place = queue.consumer("bot").unwrap();
        assert_eq!(queue.dropped(place).unwrap(), None);
    }

    #[test]
    fn numbers_go_on_when_everything_was_dropped_and_positions_never_go_back() {
        let (mut queue, _folder) = queue(Shelf::empty(), 5);
        queue.handled("bot", 50).unwrap();
        queue.trim(0, 0, 0).unwrap();
        assert_eq!(
            queue.newest().unwrap(),
            Place {
                id: 50,
                number: Some(5)
            }
        );
        assert_eq!(queue.push(60, None, "{}", None).unwrap(), 6);
        queue.handled("bot", 20).unwrap();
        let place = queue.consumer("bot").unwrap();
        assert_eq!(
            place,
            Place {
                id: 50,
                number: Some(5)
            }
        );
        assert_eq!(queue.dropped(place).unwrap(), None);
        assert_eq!(
            queue.dropped(Place::default()).unwrap().unwrap().count,
            None
        );
    }

    #[test]
    fn old_events_are_dropped_and_so_are_consumers_that_never_come() {
        let (mut queue, _folder) = queue(Shelf::empty(), 3);
        queue.consumer("bot").unwrap();
        queue
            .trim(100, from_sql(now()) + 60, from_sql(now()) + 60)
            .unwrap();
        assert_eq!(queue.read(0, u64::MAX, 9).unwrap(), []);
        assert_eq!(queue.consumers().unwrap(), []);
    }

    #[test]
    fn what_a_recalled_message_said_is_erased_from_its_event() {
        let (mut queue, folder) = queue(Shelf::empty(), 0);
        for (id, key) in [(1, "5"), (2, "6")] {
            let json = format!(
                r#"{{"event":"message","message":{{"msg_key":"{key}","content":{{"text":"secret{key}"}}}}}}"#
            );
            queue.push(id, Some(FRIEND), &json, None).unwrap();
        }
        let content = r#"{"type":"recalled"}"#;
        queue.recall(FRIEND, MsgKey(5), content).unwrap();
        let events = queue.read(0, 9, 9).unwrap();
        assert_eq!(
            events[0].json,
            r#"{"event":"message","message":{"msg_key":"5","content":{"type":"recalled"}}}"#
        );
        assert!(events[1].json.contains("secret6"));
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(7).any(|bytes| bytes == b"secret5"));
        }
    }

    #[test]
    fn there_are_so_many_consumers_and_no_more() {
        let (mut queue, _folder) = queue(Shelf::empty(), 1);
        for number in 0..CONSUMERS {
            queue.consumer(&number.to_string()).unwrap();
        }
        assert!(queue.consumer("more").is_err() && queue.handled("more", 10).is_err());
        assert!(queue.consumer("7").is_ok() && queue.handled("7", 10).is_ok());
    }

    #[test]
    fn one_process_has_the_queue() {
        let (queue, folder) = queue(Shelf::empty(), 0);
        let path = queue.archive().path().to_owned();
        let again = || Queue::new(Archive::open(&path).unwrap());
        assert!(matches!(again(), Err(ArchiveError::Busy)));
        drop(queue);
        assert!(again().is_ok());
        drop(folder);
    }

    #[test]
    fn the_cursor_has_every_position_also_after_it_was_written_anew() {
        let cursor: Cursor = parse(
            r#"{"version":2,"uid":10001,"floor":1,"mark":1,"compared":1,"capacity":100,"sessions":[]}"#,
        )
        .unwrap();
        let (mut queue, _folder) = queue(Shelf::empty(), 0);
        queue.begin(&cursor).unwrap();
        let mut expected = cursor;
        for seqno in 1..=600 {
            expected.advance(&position(seqno));
            queue
                .push(seqno, None, "{}", Some(&position(seqno)))
                .unwrap();
        }
        assert_eq!(queue.cursor().unwrap(), Some(expected));
    }
}
