//! Sends that are done once, however often a client asks for them.

use bili_im_proto::SendTicket;
use rusqlite::OptionalExtension;

use crate::{
    error::ArchiveError,
    queue::{Queue, parse, text},
};

/// A send that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSend {
    /// Its ticket.
    pub ticket: SendTicket,
    /// What became of it, as JSON; `None` while that is not known.
    pub outcome: Option<String>,
}

/// Sends, by the key that their client gave.
impl Queue {
    /// A send.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn send(&self, key: &str) -> Result<Option<StoredSend>, ArchiveError> {
        let mut select = (self.archive.connection)
            .prepare_cached("SELECT ticket, outcome FROM sends WHERE key = ?")?;
        let row: Option<(String, Option<String>)> = select
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        row.map(|(ticket, outcome)| {
            Ok(StoredSend {
                ticket: parse(&ticket)?,
                outcome,
            })
        })
        .transpose()
    }

    /// Stores the ticket of a send whose outcome is not known.
    ///
    /// # Errors
    /// When it cannot be stored. Then its request must not leave.
    pub fn keep_ticket(&mut self, key: &str, ticket: &SendTicket) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached(
                "INSERT INTO sends (key, ticket, changed) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET ticket = ?2, changed = ?3",
            )?
            .execute((key, text(ticket)?, self.now()))?;
        Ok(())
    }

    /// Stores what became of a send.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn finish_send(&mut self, key: &str, outcome: &str) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached("UPDATE sends SET outcome = ?, changed = ? WHERE key = ?")?
            .execute((outcome, self.now(), key))?;
        Ok(())
    }

    /// Forgets a send that was certainly not made.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn forget_send(&mut self, key: &str) -> Result<(), ArchiveError> {
        (self.archive.connection)
            .prepare_cached("DELETE FROM sends WHERE key = ?")?
            .execute([key])?;
        Ok(())
    }

    /// The sends whose outcome is not known, with their keys.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn unfinished_sends(&self) -> Result<Vec<(String, SendTicket)>, ArchiveError> {
        let mut select = (self.archive.connection)
            .prepare_cached("SELECT key, ticket FROM sends WHERE outcome IS NULL")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (key, ticket) = row?;
            Ok((key, parse(&ticket)?))
        })
        .collect()
    }
}
