//! The index of words, as it is written.

use std::collections::BTreeSet;

use bili_im_proto::{Message, MsgType, Uid};
use rusqlite::Connection;

use crate::{error::ArchiveError, folding, rows::from_sql};

/// Takes a message out of the index, as it is stored.
pub(crate) fn remove(connection: &Connection, id: i64) -> Result<(), ArchiveError> {
    let mut select = connection.prepare_cached(
        "SELECT session_id, sender_uid, msg_type, text FROM messages WHERE id = ?",
    )?;
    let (session, sender, msg_type, text): (i64, Option<i64>, Option<i64>, String) = select
        .query_row([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let about = sender.zip(msg_type).map(|(sender, msg_type)| About {
        session,
        sender: Uid(from_sql(sender)),
        msg_type: msg_type.into(),
    });
    // The index has no copy of what it was given.
    write(
        connection,
        "INSERT INTO words (words, rowid, tags, text) VALUES ('delete', ?, ?, ?)",
        id,
        about,
        &text,
    )
}

/// Puts a message that is not in the index into it.
pub(crate) fn add(
    connection: &Connection,
    id: i64,
    session: i64,
    message: Option<&Message>,
    text: &str,
) -> Result<(), ArchiveError> {
    let about = message.map(|message| About {
        session,
        sender: message.sender_uid,
        msg_type: message.msg_type,
    });
    write(
        connection,
        "INSERT INTO words (rowid, tags, text) VALUES (?, ?, ?)",
        id,
        about,
        text,
    )
}

/// What searches filter by.
struct About {
    session: i64,
    sender: Uid,
    msg_type: MsgType,
}

fn write(
    connection: &Connection,
    statement: &str,
    id: i64,
    about: Option<About>,
    text: &str,
) -> Result<(), ArchiveError> {
    let Some(about) = about.filter(|_| !text.is_empty()) else {
        return Ok(());
    };
    let folded = folding::fold(text);
    let mut tags = vec![
        session_tag(about.session),
        sender_tag(about.sender),
        type_tag(about.msg_type),
    ];
    let beginnings: BTreeSet<char> = folding::beginnings(&folded).collect();
    tags.extend(beginnings.into_iter().map(beginning_tag));
    connection
        .prepare_cached(statement)?
        .execute((id, tags.join(" "), folding::split(&folded)))?;
    Ok(())
}

/// The tag of the messages of a session, by its row.
pub(crate) fn session_tag(session: i64) -> String {
    format!("s{session}")
}

/// The tag of the messages that someone has sent.
pub(crate) fn sender_tag(sender: Uid) -> String {
    format!("u{sender}")
}

/// The tag of the messages of a type.
pub(crate) fn type_tag(msg_type: MsgType) -> String {
    format!("t{}", msg_type.number())
}

/// The tag of the messages that have a word with this first letter or digit: finding them by the
/// words themselves would take long.
pub(crate) fn beginning_tag(first: char) -> String {
    format!("b{first}")
}
