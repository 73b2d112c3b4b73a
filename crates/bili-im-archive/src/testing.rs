//! An archive for tests.

use bili_im_proto::{Message, MsgStatus, RawMessage, Seqno, Talker, Uid};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    archive::Archive,
    messages::{self, SaveOptions},
    sessions,
};

pub(crate) const OWN: Uid = Uid(10001);
pub(crate) const FRIEND: Talker = Talker::user(10002);
pub(crate) const GROUP: Talker = Talker::group(7);
pub(crate) const SERVICE: Talker = Talker::user(844424930131966);

/// 2026-05-01 06:00 in UTC.
pub(crate) const NOON: u64 = 1_777_615_200;

/// An archive in a folder that is deleted with it.
pub(crate) struct Shelf {
    pub(crate) archive: Archive,
    pub(crate) folder: TempDir,
}

impl Shelf {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::create(folder.path().join("archive.db")).unwrap();
        Self { archive, folder }
    }

    /// With the owner's name, a friend, a group and an account of the service.
    pub(crate) fn with_people() -> Self {
        let shelf = Self::empty();
        shelf.archive.claim(OWN).unwrap();
        shelf.sql(
            "UPDATE owner SET listed = 1777615200000000, compared = 1777615200000001;
             INSERT INTO people VALUES (10001, '我', 'https://i0.hdslb.com/own.png', '', 6, 5),
                (10002, 'Friend', 'https://i0.hdslb.com/friend.png', 'hi', 3, 5),
                (10009, 'Stranger', '', '', 0, 5);
             INSERT INTO sessions (session_type, talker_id, name, system_account, session_ts,
                coverage)
             VALUES (1, 10002, '', 0, 1777615300000000, '0-41@0 60-99@1760000000'),
                (2, 7, 'Fan group', 0, 1777615200000000, ''),
                (1, 844424930131966, 'Support', 8, 1777615100000000, '');
             INSERT INTO emoticons VALUES ('[doge]', 'https://i0.hdslb.com/doge.png', '', 1);
             INSERT INTO media (url) VALUES ('https://i0.hdslb.com/doge.png');",
        );
        shelf
    }

    pub(crate) fn sql(&self, statements: &str) {
        self.archive.connection.execute_batch(statements).unwrap();
    }

    /// Stores a message as a synchronisation does.
    pub(crate) fn receive(&self, talker: Talker, message: &Value) {
        let json = message.to_string();
        let seqno = Seqno(message["msg_seqno"].as_u64().unwrap());
        let read = Message::from_json(&json);
        let session = sessions::id(&self.archive.connection, talker).unwrap();
        let options = SaveOptions {
            keep_recalled: self.archive.keep_recalled,
            is_rebuilt: false,
            now: 1_777_700_000,
        };
        let raw = RawMessage::new(seqno, json, read);
        messages::save(&self.archive.connection, session, &[raw], options).unwrap();
    }

    pub(crate) fn check(&self) {
        self.archive.check().unwrap();
        let broken: i64 = self
            .archive
            .connection
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(broken, 0);
    }
}

/// A message as the service sends it. Its key is a million times its number.
pub(crate) fn message(seqno: u64, sender: Uid, msg_type: i64, content: impl ToString) -> Value {
    json!({
        "sender_uid": sender.0, "receiver_type": 1, "receiver_id": 10002,
        "msg_type": msg_type, "content": content.to_string(), "msg_seqno": seqno,
        "timestamp": NOON + seqno * 60, "at_uids": [0], "msg_key": seqno * 1_000_000,
        "msg_status": MsgStatus::Normal.number(), "notify_code": "", "msg_source": 7,
    })
}

pub(crate) fn text(seqno: u64, sender: Uid, text: &str) -> Value {
    message(seqno, sender, 1, json!({ "content": text }))
}
