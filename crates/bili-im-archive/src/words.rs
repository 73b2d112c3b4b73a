//! The index of words, as it is written.

use bili_im_proto::Message;
use rusqlite::Connection;

use crate::{error::ArchiveError, folding};

/// Puts a message into the index, over what may be there.
pub(crate) fn write(
    connection: &Connection,
    id: i64,
    session: i64,
    message: Option<&Message>,
    text: &str,
) -> Result<(), ArchiveError> {
    connection
        .prepare_cached("DELETE FROM words WHERE rowid = ?")?
        .execute([id])?;
    let Some(message) = message.filter(|_| !text.is_empty()) else {
        return Ok(());
    };
    let tags = format!(
        "s{session} u{} t{}",
        message.sender_uid,
        message.msg_type.number()
    );
    connection
        .prepare_cached("INSERT INTO words (rowid, tags, text) VALUES (?, ?, ?)")?
        .execute((id, tags, folding::split(&folding::fold(text))))?;
    Ok(())
}
