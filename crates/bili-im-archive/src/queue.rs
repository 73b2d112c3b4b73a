//! The queue of a process that tells others of an account's events.

mod consumers;
#[cfg(test)]
mod tests;

use bili_im_proto::{Cursor, Event, MsgKey, Position, Talker, Uid};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    archive::Archive,
    error::ArchiveError,
    rows::{from_sql, to_sql},
};

pub use self::consumers::Consumer;

/// After so many positions the cursor is written anew.
const POSITIONS: i64 = 256;

/// The events of an account, kept until their consumers have read them, in the account's archive.
///
/// One process at a time has the queue of an archive. What is stored survives a power failure.
#[derive(Debug)]
pub struct Queue {
    pub(crate) archive: Archive,
    clock: fn() -> u64,
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

impl Queue {
    /// Takes the queue of an archive. `clock` gives the seconds since 1970.
    ///
    /// # Errors
    /// When another process has it, or it cannot be used.
    pub fn new(mut archive: Archive, clock: fn() -> u64) -> Result<Self, ArchiveError> {
        archive.lock_for("queue")?;
        // A ticket must not be lost after its request has left.
        archive
            .connection
            .execute_batch("PRAGMA synchronous = FULL")?;
        Ok(Self { archive, clock })
    }

    pub(crate) fn now(&self) -> i64 {
        to_sql((self.clock)())
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
        let now = self.now();
        self.archive.transact(|connection| {
            if let Some(position) = position {
                advance(connection, position)?;
            }
            connection
                .prepare_cached("INSERT INTO events (id, time, talker, json) VALUES (?, ?, ?, ?)")?
                .execute(params![to_sql(id), now, talker, json])?;
            Ok(from_sql(connection.last_insert_rowid()))
        })
    }

    /// A queued message was recalled: its `message.content` becomes `content`, in dead letters too.
    /// What it said is erased.
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
            let mut changed = 0;
            for table in ["events", "dead_letters"] {
                let update = format!(
                    "UPDATE {table} SET json = json_set(json, '$.message.content', json(?1))
                     WHERE talker = ?2 AND json_extract(json, '$.message.msg_key') = ?3"
                );
                changed +=
                    connection.execute(&update, params![content, talker, key.to_string()])?;
            }
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

    /// Drops the oldest events until `most` are left, and those queued before a time; also
    /// consumers that were not seen, sends that did not change and dead letters that were not tried
    /// since `forget`. Times are seconds since 1970.
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
            connection.execute("DELETE FROM dead_letters WHERE time < ?", [forget])?;
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
