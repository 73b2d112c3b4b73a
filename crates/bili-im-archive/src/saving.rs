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
        let options = self.options();
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
            // The other steps tell of progress.
            _ => Ok(()),
        }
    }
}

impl Archive {
    /// Stores messages of a session as the service sends them, in one transaction. The session's
    /// coverage stays as it is, so that a synchronisation fetches them again. Whose messages they
    /// are is not checked.
    ///
    /// # Errors
    /// When they cannot be stored.
    pub fn save_messages(
        &mut self,
        talker: impl Into<Talker>,
        messages: &[RawMessage],
    ) -> Result<(), ArchiveError> {
        let options = self.options();
        self.transact_and_erase(|connection| {
            let session = sessions::id(connection, talker.into())?;
            messages::save(connection, session, messages, options)
        })
    }

    /// Stores an event of a watch if it is a message or a recall. The session's coverage stays as it
    /// is, so that a synchronisation fetches the message again, as the service sends it.
    ///
    /// # Errors
    /// When it cannot be stored, or the archive is not that of `own`.
    pub fn save_event(&mut self, own: Uid, event: &Event) -> Result<(), ArchiveError> {
        self.claim(own)?;
        self.save_event_kind(&event.kind)
    }

    fn save_event_kind(&mut self, kind: &EventKind) -> Result<(), ArchiveError> {
        let options = self.options_for_rebuilt();
        match kind {
            EventKind::Message {
                talker, message, ..
            } => {
                let json = rebuild_json(message);
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
            // A recall that does not say of which message is found by a synchronisation.
            _ => Ok(()),
        }
    }

    /// Runs `work` in one transaction. It returns how many messages have lost what they said: if any
    /// has, finishes erasing.
    fn transact_and_erase(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<u64, ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let erased = self.transact(work)?;
        if erased > 0 {
            self.erased += erased;
            self.finish_erasing()?;
        }
        Ok(())
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
    fn options(&self) -> SaveOptions {
        SaveOptions {
            keep_recalled: self.keep_recalled,
            is_rebuilt: false,
            now: now(),
        }
    }

    /// How to store messages whose JSON is rebuilt from the event of a watch.
    fn options_for_rebuilt(&self) -> SaveOptions {
        SaveOptions {
            is_rebuilt: true,
            ..self.options()
        }
    }

    /// Runs `work` in one transaction: all of it is stored, or nothing.
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

/// Stores a page: its messages, its emoticons and what it covers. Returns how many recalled messages
/// have lost what they said.
fn save_page(
    connection: &Connection,
    page: &SyncPage,
    options: SaveOptions,
) -> Result<u64, ArchiveError> {
    // An empty page that covers nothing: perhaps there is no such session.
    if page.messages.is_empty() && page.read.is_none() {
        return Ok(0);
    }
    let session = sessions::id(connection, page.talker)?;
    let erased = messages::save(connection, session, &page.messages, options)?;
    messages::save_emoticons(connection, &page.emoticons)?;
    if let Some(stretch) = page.read {
        sessions::cover(connection, session, page.talker, stretch)?;
    }
    Ok(erased)
}

/// A message as the service would send it, with the fields that are known.
fn rebuild_json(message: &Message) -> String {
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

#[cfg(test)]
mod tests {
    use bili_im_proto::MsgKey;

    use super::*;
    use crate::testing::{FRIEND, OWN, Shelf, text};

    #[test]
    fn a_recall_that_a_watch_tells_of_leaves_the_services_json_its_own() {
        let mut shelf = Shelf::with_people();
        shelf.archive.keep_recalled = true;
        let said = text(1, OWN, "a secret");
        shelf.receive(FRIEND, &said);
        let recalled = EventKind::Recalled {
            talker: FRIEND,
            msg_key: Some(MsgKey(1_000_000)),
        };
        shelf.archive.save_event_kind(&recalled).unwrap();
        let count = |what: &str| -> i64 {
            let connection = &shelf.archive.connection;
            let count = connection.query_row(what, [], |row| row.get(0));
            count.unwrap()
        };
        let rebuilt = "SELECT count(*) FROM raw_messages WHERE is_rebuilt";
        assert_eq!(count(rebuilt), 0);

        // What was to be kept is kept, although the service sends it no more.
        let mut without_text = said;
        without_text["msg_status"] = 1.into();
        without_text["content"] = "".into();
        shelf.receive(FRIEND, &without_text);
        let kept = "SELECT count(*) FROM edits WHERE json LIKE '%a secret%'";
        assert_eq!(count(kept), 1);
    }

    #[test]
    fn it_is_counted_how_many_messages_lose_what_they_said() {
        let mut shelf = Shelf::with_people();
        let save = |shelf: &mut Shelf, message: &serde_json::Value| {
            let json = message.to_string();
            let seqno = message["msg_seqno"].as_u64().unwrap().into();
            let raw = RawMessage::new(seqno, json.clone(), Message::from_json(&json));
            shelf.archive.save_messages(FRIEND, &[raw]).unwrap();
            shelf.archive.erased()
        };
        let mut said = text(1, OWN, "a secret");
        assert_eq!(save(&mut shelf, &said), 0);
        let recall = crate::testing::message(2, OWN, 5, 1_000_000);
        assert_eq!(save(&mut shelf, &recall), 1);
        said["msg_status"] = 1.into();
        assert_eq!(save(&mut shelf, &said), 1);
        // The service still sends what it said.
        said["msg_seqno"] = 3.into();
        said["msg_key"] = 3.into();
        assert_eq!(save(&mut shelf, &said), 2);
        shelf.archive.keep_recalled = true;
        said["msg_seqno"] = 4.into();
        assert_eq!(save(&mut shelf, &said), 2);
    }

    #[test]
    fn a_recall_that_a_synchronisation_reads_leaves_a_rebuilt_message_so() {
        let shelf = Shelf::with_people();
        shelf.receive(FRIEND, &text(1, OWN, "hi"));
        shelf.sql("UPDATE raw_messages SET is_rebuilt = 1");
        shelf.receive(FRIEND, &crate::testing::message(2, OWN, 5, 1_000_000));
        let rebuilt = "SELECT msg_seqno FROM messages JOIN raw_messages ON message_id = id
             WHERE is_rebuilt";
        let connection = &shelf.archive.connection;
        let seqno: i64 = connection.query_row(rebuilt, [], |row| row.get(0)).unwrap();
        assert_eq!(seqno, 1);
    }
}
