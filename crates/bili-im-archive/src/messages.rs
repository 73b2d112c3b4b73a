//! Messages, as they are stored.

use std::collections::BTreeMap;

use bili_im_proto::{Content, Emoticon, Message, MsgKey, RawMessage, UnixSeconds};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    error::ArchiveError,
    rows::{from_sql, to_sql},
    words,
};

/// `msg_status` of a recalled message.
const RECALLED: i64 = 1;

/// How many ids each second has.
const IDS_A_SECOND: i64 = 1024;

/// Later times than this (in the year 143,000 or so) are taken for this one.
const LATEST: u64 = 1 << 42;

/// Write a message that is not stored yet, and its JSON.
///
/// A statement that could write several rows, such as `INSERT OR REPLACE`, would make the index of
/// words write what it has gathered, each time.
const INSERT: [&str; 2] = [
    "INSERT INTO messages (id, session_id, msg_seqno, msg_key, sender_uid, msg_type, msg_status,
        msg_source, timestamp, text)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    "INSERT INTO raw_messages (message_id, json, is_rebuilt) VALUES (?1, ?2, ?3)",
];

/// Write a message over the one that is stored, and its JSON.
const UPDATE: [&str; 2] = [
    "UPDATE messages SET msg_key = ?4, sender_uid = ?5, msg_type = ?6, msg_status = ?7,
        msg_source = ?8, text = ?10
     WHERE id = ?1",
    "UPDATE raw_messages SET json = ?2, is_rebuilt = ?3 WHERE message_id = ?1",
];

/// The first id that a message of this time can have.
pub(crate) fn first_id(time: UnixSeconds) -> i64 {
    to_sql(time.0.min(LATEST + 1)) * IDS_A_SECOND
}

/// Stores messages of a session. What is stored already stays; what the service has changed since
/// becomes history. Returns how many recalled messages have lost what they said.
pub(crate) fn save(
    connection: &Connection,
    session: i64,
    messages: &[RawMessage],
    options: SaveOptions,
) -> Result<u64, ArchiveError> {
    let saving = Saving {
        connection,
        session,
        options,
    };
    let mut dated: Vec<(i64, &RawMessage)> =
        messages.iter().map(|raw| (timestamp(raw), raw)).collect();
    // In the order of their ids, which the index of words takes best.
    dated.sort_by_key(|&(timestamp, raw)| (timestamp, raw.seqno));
    let mut erased = 0;
    for (timestamp, raw) in dated {
        erased += saving.save(timestamp, raw)?;
    }
    Ok(erased)
}

/// Stores a message exactly as it was exported, unless one with its number is stored. Only what it
/// says is erased when it is known to be recalled since, unless that is to be kept: then a message
/// that was erased gets it back. Returns whether it is new.
pub(crate) fn restore(
    connection: &Connection,
    session: i64,
    timestamp: i64,
    raw: &RawMessage,
    options: SaveOptions,
) -> Result<bool, ArchiveError> {
    let mut saving = Saving {
        connection,
        session,
        options: SaveOptions {
            keep_recalled: says_something(&raw.json),
            ..options
        },
    };
    if let Some(stored) = saving.stored(raw)? {
        if options.keep_recalled {
            saving.give_back(&stored, timestamp, raw)?;
        }
        return Ok(false);
    }
    let (mut json, mut message) = (raw.json.clone(), raw.message.clone());
    if let Some(known) = &message
        && !known.is_recalled()
        && saving.is_recalled(known.msg_key)?
    {
        saving.options = options;
        json = recalled(&json, options.keep_recalled);
        message = Message::from_json(&json).or(message);
    }
    let timestamp = timestamp.clamp(0, LATEST.cast_signed());
    let id = saving.free_id(timestamp)?;
    saving.write(INSERT, id, timestamp, raw, &json, message.as_ref())?;
    Ok(true)
}

/// Stores where the pictures of emoticons are.
pub(crate) fn save_emoticons(
    connection: &Connection,
    emoticons: &[Emoticon],
) -> Result<(), ArchiveError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO emoticons (text, url, gif_url, size) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (text) DO UPDATE SET url = ?2, gif_url = ?3, size = ?4
         WHERE url <> ?2 OR gif_url <> ?3 OR size <> ?4",
    )?;
    for emoticon in emoticons.iter().filter(|emoticon| !emoticon.url.is_empty()) {
        let Emoticon {
            text,
            url,
            gif_url,
            size,
            ..
        } = emoticon;
        if insert.execute(params![text, url, gif_url, size])? > 0 {
            want_media(connection, url)?;
        }
    }
    Ok(())
}

/// Notes that one more message or emoticon has an image.
pub(crate) fn want_media(connection: &Connection, url: &str) -> Result<(), ArchiveError> {
    connection
        .prepare_cached(
            "INSERT INTO media (url, uses) VALUES (?, 1) ON CONFLICT (url) DO UPDATE SET
                uses = uses + 1,
                state = CASE state WHEN 'recalled' THEN 'wanted' ELSE state END",
        )?
        .execute([url])?;
    Ok(())
}

/// Notes that a message of a session was recalled. Returns how many messages have lost what they
/// said.
pub(crate) fn recall(
    connection: &Connection,
    session: i64,
    key: MsgKey,
    options: SaveOptions,
) -> Result<u64, ArchiveError> {
    let saving = Saving {
        connection,
        session,
        options,
    };
    saving.recall(key, options.now)
}

/// How messages are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SaveOptions {
    pub(crate) keep_recalled: bool,
    /// Whether their JSON is not the service's.
    pub(crate) is_rebuilt: bool,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// Storing some messages of one session.
#[derive(Clone, Copy)]
struct Saving<'a> {
    connection: &'a Connection,
    session: i64,
    options: SaveOptions,
}

/// A message that is stored.
struct Stored {
    id: i64,
    json: String,
    is_rebuilt: bool,
}

impl Saving<'_> {
    fn save(&self, timestamp: i64, raw: &RawMessage) -> Result<u64, ArchiveError> {
        let mut message = raw.message.clone();
        let mut json = raw.json.clone();
        if let Some(known) = &message
            && (known.is_recalled() || self.is_recalled(known.msg_key)?)
        {
            json = recalled(&json, self.options.keep_recalled);
            message = Message::from_json(&json).or(message);
        }
        let is_erased =
            !self.options.keep_recalled && message.as_ref().is_some_and(Message::is_recalled);
        let before = match self.stored(raw)? {
            Some(stored) if stored.json == json || self.options.is_rebuilt => return Ok(0),
            Some(stored) => {
                if message.as_ref().is_some_and(Message::is_recalled) {
                    self.forget_edits(stored.id)?;
                }
                if !stored.is_rebuilt {
                    self.note_edit(&stored, message.as_ref())?;
                }
                words::remove(self.connection, stored.id)?;
                self.write(UPDATE, stored.id, timestamp, raw, &json, message.as_ref())?;
                self.release_media(&stored.json)?;
                stored.json
            }
            None => {
                let id = self.free_id(timestamp)?;
                self.write(INSERT, id, timestamp, raw, &json, message.as_ref())?;
                raw.json.clone()
            }
        };
        let recall = message.map(|message| message.content_even_if_recalled());
        let recalled = match recall {
            Some(Content::Recall(key)) => self.recall(key, timestamp)?,
            _ => 0,
        };
        Ok(u64::from(is_erased && says_something(&before)) + recalled)
    }

    /// Gives a message that was erased what it said.
    fn give_back(
        &self,
        stored: &Stored,
        timestamp: i64,
        raw: &RawMessage,
    ) -> Result<(), ArchiveError> {
        let is_recalled = Message::from_json(&stored.json).is_some_and(|one| one.is_recalled());
        if is_recalled && !says_something(&stored.json) && says_something(&raw.json) {
            let json = recalled(&raw.json, true);
            let message = Message::from_json(&json);
            words::remove(self.connection, stored.id)?;
            self.write(UPDATE, stored.id, timestamp, raw, &json, message.as_ref())?;
        }
        Ok(())
    }

    /// What is stored of a message.
    fn stored(&self, raw: &RawMessage) -> Result<Option<Stored>, ArchiveError> {
        let stored = self
            .connection
            .prepare_cached(
                "SELECT id, json, is_rebuilt FROM messages JOIN raw_messages ON message_id = id
                 WHERE session_id = ? AND msg_seqno = ?",
            )?
            .query_row((self.session, to_sql(raw.seqno.0)), |row| {
                Ok(Stored {
                    id: row.get(0)?,
                    json: row.get(1)?,
                    is_rebuilt: row.get(2)?,
                })
            });
        Ok(stored.optional()?)
    }

    /// An id that no message has. Its order is that of time.
    fn free_id(&self, timestamp: i64) -> Result<i64, ArchiveError> {
        let mut first = timestamp * IDS_A_SECOND;
        let mut newest = self
            .connection
            .prepare_cached("SELECT max(id) FROM messages WHERE id >= ? AND id < ?")?;
        loop {
            let next = first + IDS_A_SECOND;
            let taken: Option<i64> = newest.query_row((first, next), |row| row.get(0))?;
            match taken {
                None => return Ok(first),
                Some(taken) if taken + 1 < next => return Ok(taken + 1),
                Some(_) => first = next,
            }
        }
    }

    /// Writes a message, and puts it into the index.
    fn write(
        &self,
        [write_message, write_json]: [&str; 2],
        id: i64,
        timestamp: i64,
        raw: &RawMessage,
        json: &str,
        message: Option<&Message>,
    ) -> Result<(), ArchiveError> {
        let is_kept = self.options.keep_recalled;
        let text = message
            .map(|message| text(message, is_kept))
            .unwrap_or_default();
        self.connection
            .prepare_cached(write_message)?
            .execute(params![
                id,
                self.session,
                to_sql(raw.seqno.0),
                message.map(|message| to_sql(message.msg_key.0)),
                message.map(|message| to_sql(message.sender_uid.0)),
                message.map(|message| message.msg_type.number()),
                message.map(|message| message.status.number()),
                message.map(|message| message.source.number()),
                timestamp,
                text,
            ])?;
        self.connection
            .prepare_cached(write_json)?
            .execute((id, json, self.options.is_rebuilt))?;
        words::add(self.connection, id, self.session, message, &text)?;
        // What is erased has no image.
        if let Some(Content::Image(image)) = message.map(Message::content_even_if_recalled) {
            want_media(self.connection, image.url())?;
        }
        Ok(())
    }

    /// Notes that a message no longer has its image. An image that nothing has is not kept: the
    /// message must be written first, since it may still have the same one.
    fn release_media(&self, json: &str) -> Result<(), ArchiveError> {
        let content = Message::from_json(json).map(|message| message.content_even_if_recalled());
        if let Some(Content::Image(image)) = content {
            self.connection
                .prepare_cached(
                    "UPDATE media SET uses = uses - 1,
                        state = CASE WHEN uses <= 1 THEN 'recalled' ELSE state END
                     WHERE url = ?",
                )?
                .execute([image.url()])?;
        }
        Ok(())
    }

    /// Forgets what a recalled message was before, unless that is to be kept.
    fn forget_edits(&self, id: i64) -> Result<(), ArchiveError> {
        if !self.options.keep_recalled {
            self.connection
                .prepare_cached("DELETE FROM edits WHERE message_id = ?")?
                .execute([id])?;
        }
        Ok(())
    }

    /// Keeps what a message was, unless it was recalled and is to be forgotten.
    fn note_edit(&self, stored: &Stored, now_is: Option<&Message>) -> Result<(), ArchiveError> {
        if now_is.is_some_and(Message::is_recalled) && !self.options.keep_recalled {
            return Ok(());
        }
        self.connection
            .prepare_cached("INSERT INTO edits (message_id, noticed, json) VALUES (?, ?, ?)")?
            .execute((stored.id, self.options.now, &stored.json))?;
        Ok(())
    }

    fn is_recalled(&self, key: MsgKey) -> Result<bool, ArchiveError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM recalls WHERE session_id = ? AND msg_key = ?")?
            .exists((self.session, to_sql(key.0)))?)
    }

    /// Notes that a message was recalled, and forgets what it said. Returns how many messages have
    /// lost what they said: a key may belong to several.
    fn recall(&self, key: MsgKey, timestamp: i64) -> Result<u64, ArchiveError> {
        let mut erased = 0;
        // Some notices share the key 0.
        if key == MsgKey(0) {
            return Ok(0);
        }
        let target = (self.session, to_sql(key.0));
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO recalls (session_id, msg_key, timestamp) VALUES (?, ?, ?)",
            )?
            .execute((target.0, target.1, timestamp))?;
        let mut select = self.connection.prepare_cached(
            "SELECT id, msg_seqno, timestamp, json, is_rebuilt FROM messages
             JOIN raw_messages ON message_id = id WHERE session_id = ? AND msg_key = ?",
        )?;
        let targets = select.query_map(target, |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?;
        let targets: Vec<(i64, i64, i64, String, bool)> = targets.collect::<Result<_, _>>()?;
        for (id, seqno, timestamp, stored, is_rebuilt) in targets {
            let json = recalled(&stored, self.options.keep_recalled);
            let message = Message::from_json(&json);
            let raw = RawMessage::new(from_sql(seqno).into(), json, message);
            if raw.json != stored {
                erased += u64::from(says_something(&stored) && !says_something(&raw.json));
                self.forget_edits(id)?;
                words::remove(self.connection, id)?;
                // Whoever tells of the recall, the message is as it came.
                let options = SaveOptions {
                    is_rebuilt,
                    ..self.options
                };
                let saving = Self { options, ..*self };
                saving.write(UPDATE, id, timestamp, &raw, &raw.json, raw.message.as_ref())?;
                self.release_media(&stored)?;
            }
        }
        Ok(erased)
    }
}

/// What is shown of a message, and searched.
fn text(message: &Message, is_recalled_kept: bool) -> String {
    let content = match is_recalled_kept {
        true => message.content_even_if_recalled(),
        false => message.content(),
    };
    match content {
        Content::Text(text) => text,
        Content::Recalled => String::new(),
        other => other.summary(),
    }
}

/// Whether a message has content: one that was erased has none.
fn says_something(json: &str) -> bool {
    Message::from_json(json)
        .is_some_and(|message| !message.raw_content_even_if_recalled().is_empty())
}

/// The message with the status of a recalled one. What it said is kept or erased.
fn recalled(json: &str, is_kept: bool) -> String {
    let Ok(mut fields) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(json) else {
        return json.to_owned();
    };
    let mut set = |name: &str, value: Result<Box<RawValue>, serde_json::Error>| {
        if let Ok(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    set("msg_status", to_raw_value(&RECALLED));
    if !is_kept {
        set("content", to_raw_value(""));
    }
    serde_json::to_string(&fields).unwrap_or_default()
}

/// When a message was written, in seconds since 1970; 0 when that is not known.
pub(crate) fn timestamp(raw: &RawMessage) -> i64 {
    #[derive(Deserialize)]
    struct Timestamped {
        timestamp: u64,
    }

    let read = || serde_json::from_str::<Timestamped>(&raw.json).ok();
    let timestamp = match &raw.message {
        Some(message) => message.timestamp.0,
        None => read().map_or(0, |read| read.timestamp),
    };
    to_sql(timestamp.min(LATEST))
}
