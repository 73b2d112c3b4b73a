//! Storing what a synchronisation reads: one transaction a step.

use std::time::{SystemTime, UNIX_EPOCH};

use bili_im_proto::{RawMessage, SyncPage, SyncState, SyncStep, SyncStore, Talker};
use rusqlite::{Connection, TransactionBehavior};

use crate::{archive::Archive, error::ArchiveError, messages, sessions};

impl SyncStore for Archive {
    type Error = ArchiveError;

    fn state(&mut self) -> Result<SyncState, ArchiveError> {
        self.lock()?;
        sessions::state(&self.connection, now())
    }

    fn save(&mut self, step: SyncStep) -> Result<(), ArchiveError> {
        let keep_recalled = self.keep_recalled;
        match step {
            SyncStep::Owner(uid) => self.claim(uid),
            SyncStep::Sessions(listed) => self.transact(|connection| {
                (listed.iter()).try_for_each(|session| sessions::save(connection, session))
            }),
            SyncStep::Page(page) => {
                self.transact(|connection| save_page(connection, &page, keep_recalled))
            }
            SyncStep::People(cards) => {
                self.transact(|connection| sessions::save_people(connection, &cards, now()))
            }
            SyncStep::Finished(mark) => {
                self.transact(|connection| sessions::finish(connection, mark))
            }
            // The user hears of the rest; nothing is to be stored.
            _ => Ok(()),
        }
    }
}

impl Archive {
    /// Stores messages of a session, such as a watcher tells, in one transaction. A later
    /// synchronisation reads them once more.
    ///
    /// # Errors
    /// When they cannot be written, or another process fills the archive.
    pub fn add(
        &mut self,
        talker: impl Into<Talker>,
        messages: &[RawMessage],
    ) -> Result<(), ArchiveError> {
        self.lock()?;
        let keep_recalled = self.keep_recalled;
        self.transact(|connection| {
            let session = sessions::id(connection, talker.into())?;
            messages::save(connection, session, messages, keep_recalled, now())
        })
    }

    /// Does something in one transaction: all of it, or nothing.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        let transaction =
            (self.connection).transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

fn save_page(
    connection: &Connection,
    page: &SyncPage,
    keep_recalled: bool,
) -> Result<(), ArchiveError> {
    let session = sessions::id(connection, page.talker)?;
    messages::save(connection, session, &page.messages, keep_recalled, now())?;
    messages::save_emoticons(connection, &page.emoticons)?;
    if let Some(stretch) = page.read {
        sessions::cover(connection, session, page.talker, stretch)?;
    }
    Ok(())
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
