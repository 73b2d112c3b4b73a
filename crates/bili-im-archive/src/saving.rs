//! Storing what a synchronisation reads: one transaction a step.

use std::time::{SystemTime, UNIX_EPOCH};

use bili_im_proto::{
    Event, EventKind, Message, RawMessage, SyncPage, SyncState, SyncStep, SyncStore, Talker, Uid,
};
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use crate::{
    archive::Archive,
    error::ArchiveError,
    messages::{self, How},
    sessions,
};

impl SyncStore for Archive {
    type Error = ArchiveError;

    fn state(&mut self) -> Result<SyncState, ArchiveError> {
        self.lock()?;
        sessions::state(&self.connection, now())
    }

    fn save(&mut self, step: SyncStep) -> Result<(), ArchiveError> {
        let how = self.how(false);
        match step {
            SyncStep::Owner(uid) => self.claim(uid),
            SyncStep::Sessions(listed) => self.transact(|connection| {
                (listed.iter()).try_for_each(|session| sessions::save(connection, session))
            }),
            SyncStep::Page(page) => {
                self.transact_and_erase(|connection| save_page(connection, &page, how))
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
    /// Stores messages of a session as the service sends them, in one transaction. They count as
    /// not read yet, so that a synchronisation reads them again.
    ///
    /// # Errors
    /// When they cannot be stored.
    pub fn add(
        &mut self,
        talker: impl Into<Talker>,
        messages: &[RawMessage],
    ) -> Result<(), ArchiveError> {
        let how = self.how(false);
        self.transact_and_erase(|connection| {
            let session = sessions::id(connection, talker.into())?;
            messages::save(connection, session, messages, how)
        })
    }

    /// Stores what a watch tells: messages and recalls. It reads nothing by itself, so that a
    /// synchronisation reads the same messages again, as the service sends them.
    ///
    /// # Errors
    /// When it cannot be stored, or the archive is not that of `own`.
    pub fn save_event(&mut self, own: Uid, event: &Event) -> Result<(), ArchiveError> {
        self.claim(own)?;
        let how = self.how(true);
        match &event.kind {
            EventKind::Message {
                talker, message, ..
            } => {
                let json = rebuilt(message);
                let raw = RawMessage::new(message.msg_seqno, json, Some((**message).clone()));
                self.transact_and_erase(|connection| {
                    let session = sessions::id(connection, *talker)?;
                    messages::save(connection, session, &[raw], how)
                })
            }
            EventKind::Recalled {
                talker,
                msg_key: Some(key),
            } => self.transact_and_erase(|connection| {
                let session = sessions::id(connection, *talker)?;
                messages::recall(connection, session, *key, how)
            }),
            _ => Ok(()),
        }
    }

    /// Does something in one transaction, and finishes erasing when that has erased something.
    fn transact_and_erase(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<bool, ArchiveError>,
    ) -> Result<(), ArchiveError> {
        match self.transact(work)? {
            true => self.finish_erasing(),
            false => Ok(()),
        }
    }

    /// Deletes the images of what was erased, and leaves nothing of it in the write-ahead log.
    pub(crate) fn finish_erasing(&mut self) -> Result<(), ArchiveError> {
        self.forget_recalled_media()?;
        // While others read, a later one does it.
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        (self.connection).query_row(checkpoint, [], |_| Ok(()))?;
        Ok(())
    }

    fn how(&self, is_rebuilt: bool) -> How {
        How {
            keep_recalled: self.keep_recalled,
            is_rebuilt,
            now: now(),
        }
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

/// Returns whether something that was stored is erased.
fn save_page(connection: &Connection, page: &SyncPage, how: How) -> Result<bool, ArchiveError> {
    // Of a session that does not exist nothing is kept.
    if page.messages.is_empty() && page.read.is_none() {
        return Ok(false);
    }
    let session = sessions::id(connection, page.talker)?;
    let has_erased = messages::save(connection, session, &page.messages, how)?;
    messages::save_emoticons(connection, &page.emoticons)?;
    if let Some(stretch) = page.read {
        sessions::cover(connection, session, page.talker, stretch)?;
    }
    Ok(has_erased)
}

/// A message as the service would send it, with the fields that are known.
fn rebuilt(message: &Message) -> String {
    let numbers = |talker: Talker| (talker.session_type(), talker.id());
    let (receiver_type, receiver_id) = message.receiver.map(numbers).unwrap_or_default();
    let at_uids: Vec<u64> = message.at_uids.iter().map(|uid| uid.0).collect();
    json!({
        "sender_uid": message.sender_uid.0,
        "receiver_type": receiver_type,
        "receiver_id": receiver_id,
        "msg_type": message.msg_type.number(),
        "content": message.raw_content_even_if_recalled(),
        "msg_seqno": message.msg_seqno.0,
        "timestamp": message.timestamp.0,
        "at_uids": at_uids,
        "msg_key": message.msg_key.0,
        "msg_status": message.status.number(),
        "notify_code": message.notify_code,
        "msg_source": message.source.number(),
    })
    .to_string()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
