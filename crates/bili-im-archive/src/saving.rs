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
    messages::{self, SaveOptions},
    sessions,
};

impl SyncStore for Archive {
    type Error = ArchiveError;

    fn state(&mut self) -> Result<SyncState, ArchiveError> {
        self.lock()?;
        sessions::state(&self.connection, now())
    }

    fn save(&mut self, step: SyncStep) -> Result<(), ArchiveError> {
        let options = self.as_sent();
        match step {
            SyncStep::Owner(uid) => self.claim(uid),
            SyncStep::Sessions(listed) => self.transact(|connection| {
                (listed.iter()).try_for_each(|session| sessions::save(connection, session))
            }),
            SyncStep::Page(page) => {
                self.transact_and_erase(|connection| save_page(connection, &page, options))
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
    /// Stores messages of a session as the service sends them, in one transaction. The session's
    /// coverage stays as it is, so that a synchronisation fetches them again.
    ///
    /// # Errors
    /// When they cannot be stored.
    pub fn add(
        &mut self,
        talker: impl Into<Talker>,
        messages: &[RawMessage],
    ) -> Result<(), ArchiveError> {
        let options = self.as_sent();
        self.transact_and_erase(|connection| {
            let session = sessions::id(connection, talker.into())?;
            messages::save(connection, session, messages, options)
        })
    }

    /// Stores what a watch tells: messages and recalls. The session's coverage stays as it is, so that
    /// a synchronisation fetches the messages again, as the service sends them.
    ///
    /// # Errors
    /// When it cannot be stored, or the archive is not that of `own`.
    pub fn save_event(&mut self, own: Uid, event: &Event) -> Result<(), ArchiveError> {
        self.claim(own)?;
        let options = self.as_told();
        match &event.kind {
            EventKind::Message {
                talker, message, ..
            } => {
                let json = rebuilt(message);
                let raw = RawMessage::new(message.msg_seqno, json, Some((**message).clone()));
                self.transact_and_erase(|connection| {
                    let session = sessions::id(connection, *talker)?;
                    messages::save(connection, session, &[raw], options)
                })
            }
            EventKind::Recalled {
                talker,
                msg_key: Some(key),
            } => self.transact_and_erase(|connection| {
                let session = sessions::id(connection, *talker)?;
                messages::recall(connection, session, *key, options)
            }),
            _ => Ok(()),
        }
    }

    /// Does something in one transaction, and finishes erasing when `work` says that it has erased
    /// something.
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
        // While others read, this does nothing, and a later checkpoint empties the log.
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        (self.connection).query_row(checkpoint, [], |_| Ok(()))?;
        Ok(())
    }

    /// How to store messages as the service sends them.
    fn as_sent(&self) -> SaveOptions {
        SaveOptions {
            keep_recalled: self.keep_recalled,
            is_rebuilt: false,
            now: now(),
        }
    }

    /// How to store messages whose JSON is rebuilt from what a watch tells.
    fn as_told(&self) -> SaveOptions {
        SaveOptions {
            is_rebuilt: true,
            ..self.as_sent()
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
fn save_page(
    connection: &Connection,
    page: &SyncPage,
    options: SaveOptions,
) -> Result<bool, ArchiveError> {
    // Such a page proves nothing: perhaps there is no such session.
    if page.messages.is_empty() && page.read.is_none() {
        return Ok(false);
    }
    let session = sessions::id(connection, page.talker)?;
    let has_erased = messages::save(connection, session, &page.messages, options)?;
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
