//! Storing what was exported. What is stored already stays.

use bili_im_proto::{Content, Coverage, Message, MsgKey, RawMessage, Talker};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    error::ArchiveError,
    export::format,
    media::is_inside,
    messages::{self, SaveOptions},
    rows::{talker_to_sql, to_sql},
    sessions,
};

pub(super) fn has_sessions(connection: &Connection) -> Result<bool, ArchiveError> {
    Ok(connection.prepare("SELECT 1 FROM sessions")?.exists([])?)
}

pub(super) fn person(
    connection: &Connection,
    person: &format::Person<'_>,
) -> Result<(), ArchiveError> {
    let format::Person {
        uid,
        name,
        face,
        sign,
        level,
        fetched,
    } = person;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO people (uid, name, face, sign, level, fetched)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![to_sql(uid.0), name, face, sign, level, fetched])?;
    Ok(())
}

pub(super) fn emoticon(
    connection: &Connection,
    emoticon: &format::Emoticon<'_>,
) -> Result<(), ArchiveError> {
    let format::Emoticon {
        text,
        url,
        gif_url,
        size,
    } = emoticon;
    let stored = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO emoticons (text, url, gif_url, size) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![text, url, gif_url, size])?;
    if stored > 0 {
        messages::want_media(connection, url)?;
    }
    Ok(())
}

/// Returns whether it could be stored.
pub(super) fn media(
    connection: &Connection,
    media: &format::Media<'_>,
) -> Result<bool, ArchiveError> {
    const STATES: [&str; 7] = [
        "wanted",
        "saved",
        "recalled",
        "not_found",
        "too_large",
        "foreign",
        "gone", // of earlier versions
    ];
    let is_known = STATES.contains(&media.state.as_ref());
    let has_file = media.file.as_deref().is_some_and(is_inside);
    if !is_known || (media.file.is_some() && !has_file) || (media.state == "saved" && !has_file) {
        return Ok(false);
    }
    let format::Media {
        url,
        state,
        file,
        bytes,
        tries,
    } = media;
    connection
        .prepare_cached(
            "INSERT INTO media (url, state, file, bytes, tries) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (url) DO UPDATE SET state = ?2, file = coalesce(?3, file),
                bytes = coalesce(?4, bytes), tries = ?5
             WHERE state = 'wanted'",
        )?
        .execute(params![url, state, file, bytes, tries])?;
    Ok(true)
}

pub(super) fn session(
    connection: &Connection,
    session: &format::Session<'_>,
) -> Result<(), ArchiveError> {
    let (session_type, talker_id) = talker_to_sql(session.talker);
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO sessions (session_type, talker_id, name, picture,
                system_account, is_follow, is_muted, is_intercepted, top_ts, session_ts,
                max_seqno, ack_seqno)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            session_type,
            talker_id,
            session.name,
            session.picture,
            session.system_account,
            session.is_follow,
            session.is_muted,
            session.is_intercepted,
            session.top_ts.map(|ts| to_sql(ts.0)),
            session.session_ts.map(|ts| to_sql(ts.0)),
            session.max_seqno.map(|seqno| to_sql(seqno.0)),
            session.ack_seqno.map(|seqno| to_sql(seqno.0)),
        ])?;
    Ok(())
}

/// Notes a recall. Returns how many messages have lost what they said.
pub(super) fn recall(
    connection: &Connection,
    recall: &format::Recall,
    keep_recalled: bool,
) -> Result<u64, ArchiveError> {
    let session = sessions::id(connection, recall.talker)?;
    let (key, timestamp) = (recall.msg_key, recall.timestamp);
    note_recall(connection, session, key, timestamp, keep_recalled)
}

/// Notes a recall. When it is new, a message that is stored loses what it said, unless that is to be
/// kept. Returns how many have.
fn note_recall(
    connection: &Connection,
    session: i64,
    key: MsgKey,
    timestamp: i64,
    keep_recalled: bool,
) -> Result<u64, ArchiveError> {
    let is_known = connection
        .prepare_cached("SELECT 1 FROM recalls WHERE session_id = ? AND msg_key = ?")?
        .exists((session, to_sql(key.0)))?;
    if is_known {
        return Ok(0);
    }
    let options = SaveOptions {
        keep_recalled,
        is_rebuilt: false,
        now: timestamp,
    };
    messages::recall(connection, session, key, options)
}

/// Stores a message unless the archive has it. Returns whether it is new.
pub(super) fn message(
    connection: &Connection,
    message: &format::Message<'_>,
    json: &str,
    keep_recalled: bool,
) -> Result<bool, ArchiveError> {
    let session = sessions::id(connection, message.talker)?;
    let raw = RawMessage::new(message.seqno, json.to_owned(), Message::from_json(json));
    let timestamp = message
        .timestamp
        .unwrap_or_else(|| messages::timestamp(&raw));
    let options = SaveOptions {
        keep_recalled,
        is_rebuilt: message.is_rebuilt,
        now: 0,
    };
    messages::restore(connection, session, timestamp, &raw, options)
}

/// Notes the recall that a message tells of, if it tells of one. Returns how many messages have lost
/// what they said.
pub(super) fn recall_in(
    connection: &Connection,
    talker: Talker,
    message: &Message,
    keep_recalled: bool,
) -> Result<u64, ArchiveError> {
    let session = sessions::id(connection, talker)?;
    match message.content_even_if_recalled() {
        Content::Recall(key) if key != MsgKey(0) => {
            let timestamp = to_sql(message.timestamp.0);
            note_recall(connection, session, key, timestamp, keep_recalled)
        }
        _ => Ok(0),
    }
}

/// Returns whether the message is there.
pub(super) fn edit(
    connection: &Connection,
    edit: &format::Edit<'_>,
    json: &str,
) -> Result<bool, ArchiveError> {
    let session = sessions::id(connection, edit.talker)?;
    let stored: Option<(i64, String)> = connection
        .prepare_cached(
            "SELECT id, json FROM messages JOIN raw_messages ON message_id = id
             WHERE session_id = ? AND msg_seqno = ?",
        )?
        .query_row((session, to_sql(edit.seqno.0)), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((message, stored)) = stored else {
        return Ok(false);
    };
    let is_erased = Message::from_json(&stored).is_some_and(|message| {
        message.is_recalled() && message.raw_content_even_if_recalled().is_empty()
    });
    if is_erased {
        return Ok(true);
    }
    connection
        .prepare_cached(
            "INSERT INTO edits (message_id, noticed, json) SELECT ?1, ?2, ?3
             WHERE NOT EXISTS (SELECT 1 FROM edits
                WHERE message_id = ?1 AND noticed = ?2 AND json = ?3)",
        )?
        .execute((message, edit.noticed, json))?;
    Ok(true)
}

pub(super) fn coverage(
    connection: &Connection,
    talker: Talker,
    coverage: &Coverage,
) -> Result<(), ArchiveError> {
    let session = sessions::id(connection, talker)?;
    for &stretch in coverage.stretches() {
        sessions::cover(connection, session, talker, stretch)?;
    }
    Ok(())
}

pub(super) fn end(connection: &Connection, end: &format::End) -> Result<(), ArchiveError> {
    connection.execute(
        "UPDATE owner SET listed = ?, compared = ?",
        (
            end.listed.map(|ts| to_sql(ts.0)),
            end.compared.map(|ts| to_sql(ts.0)),
        ),
    )?;
    Ok(())
}
