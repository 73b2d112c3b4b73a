//! The consumers of a queue.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Place, Queue, dropped, newest, place_of_row};
use crate::{
    error::ArchiveError,
    rows::{from_sql, to_sql},
};

/// How many consumers of clients an account can have.
pub(super) const CONSUMERS: usize = 100;

/// The first parts of the names of the process's own consumers.
const OWN: [&str; 3] = ["hook", "notify", "rules"];

/// A consumer, and what it has handled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// The id of the last event that it has handled.
    pub id: u64,
    /// When it was seen last, in seconds since 1970.
    pub seen: u64,
    /// How many events wait for it.
    pub lag: u64,
}

/// Consumers, by name.
impl Queue {
    /// Whether a consumer is one of the process's own: its webhooks, notifications and rules. They
    /// are few, and there is always room for them.
    pub fn is_own(name: &str) -> bool {
        let first = name.split('/').next();
        first.is_some_and(|first| OWN.contains(&first))
    }

    /// What a consumer has handled. A new one begins behind the newest event.
    ///
    /// # Errors
    /// When it cannot be stored, or there are too many consumers.
    pub fn consumer(&mut self, name: &str) -> Result<Place, ArchiveError> {
        let now = self.now();
        self.archive.transact(|connection| {
            let place = match consumer(connection, name)? {
                Some(place) => place,
                None => newest(connection)?,
            };
            keep(connection, name, place, now)?;
            Ok(place)
        })
    }

    /// Consumers that are new begin behind the newest event; the others stay where they are. Those
    /// for which there is no room are left out.
    ///
    /// # Errors
    /// When that cannot be stored.
    pub fn begin_consumers(
        &mut self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<(), ArchiveError> {
        let now = self.now();
        self.archive.transact(|connection| {
            let place = newest(connection)?;
            for name in names {
                if consumer(connection, &name)?.is_none() {
                    match keep(connection, &name, place, now) {
                        // Those after it may need no room.
                        Err(ArchiveError::TooManyConsumers) => {}
                        kept => kept?,
                    }
                }
            }
            Ok(())
        })
    }

    /// A consumer has handled all events up to an id. Its position never goes back.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn handled(&mut self, name: &str, id: u64) -> Result<(), ArchiveError> {
        let now = self.now();
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
                _ => keep(connection, name, upto, now),
            }
        })
    }

    /// Forgets a consumer: when it comes back, it is a new one. Returns whether there was one.
    ///
    /// # Errors
    /// When that cannot be stored.
    pub fn forget_consumer(&mut self, name: &str) -> Result<bool, ArchiveError> {
        let forgotten =
            (self.archive.connection).execute("DELETE FROM consumers WHERE name = ?", [name])?;
        Ok(forgotten > 0)
    }

    /// The consumers.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn consumers(&self) -> Result<Vec<Consumer>, ArchiveError> {
        let newest = self.newest()?.number.unwrap_or_default();
        let mut select = self.archive.connection.prepare_cached(
            "SELECT name, event_id, seen, event_number FROM consumers ORDER BY name",
        )?;
        let rows = select.query_map([], |row| {
            let number = from_sql(row.get(3)?);
            Ok(Consumer {
                name: row.get(0)?,
                id: from_sql(row.get(1)?),
                seen: from_sql(row.get(2)?),
                lag: newest.saturating_sub(number),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn consumer(connection: &Connection, name: &str) -> Result<Option<Place>, ArchiveError> {
    let place = connection
        .prepare_cached("SELECT event_id, event_number FROM consumers WHERE name = ?")?
        .query_row([name], place_of_row);
    Ok(place.optional()?)
}

/// How many consumers are those of clients.
fn clients(connection: &Connection) -> Result<usize, ArchiveError> {
    let mut select = connection.prepare_cached("SELECT name FROM consumers")?;
    let names = select.query_map([], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    Ok(names.iter().filter(|name| !Queue::is_own(name)).count())
}

/// Stores what a consumer has handled, and that it was seen.
fn keep(connection: &Connection, name: &str, place: Place, now: i64) -> Result<(), ArchiveError> {
    let is_new = consumer(connection, name)?.is_none();
    if is_new && !Queue::is_own(name) && clients(connection)? >= CONSUMERS {
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
            now
        ])?;
    Ok(())
}
