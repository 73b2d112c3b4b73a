//! The index of words, as it is written.

use std::collections::BTreeSet;

use bili_im_proto::{Message, MsgType, Uid};
use rusqlite::Connection;

use crate::{error::ArchiveError, folding};

/// Takes a message out of the index.
pub(crate) fn remove(connection: &Connection, id: i64) -> Result<(), ArchiveError> {
    connection
        .prepare_cached("DELETE FROM words WHERE rowid = ?")?
        .execute([id])?;
    Ok(())
}

/// Puts a message that is not in the index into it.
pub(crate) fn add(
    connection: &Connection,
    id: i64,
    session: i64,
    message: Option<&Message>,
    text: &str,
) -> Result<(), ArchiveError> {
    let Some(message) = message.filter(|_| !text.is_empty()) else {
        return Ok(());
    };
    let folded = folding::fold(text);
    let mut tags = vec![
        session_tag(session),
        sender_tag(message.sender_uid),
        type_tag(message.msg_type),
    ];
    let beginnings: BTreeSet<char> = folding::beginnings(&folded).collect();
    tags.extend(beginnings.into_iter().map(beginning_tag));
    connection
        .prepare_cached("INSERT INTO words (rowid, tags, text) VALUES (?, ?, ?)")?
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
