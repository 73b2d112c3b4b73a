//! Where a conversation is split into pages.

use bili_im_proto::{Content, Message};

use super::super::{clock, media, options::Export};
use crate::{
    archive::Archive,
    error::ArchiveError,
    reading::{ArchivedMessage, ArchivedSession},
    rows::from_sql,
};

/// What the markup around a message takes, in bytes.
const MARKUP: u64 = 300;

/// One page of a conversation.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// How many messages it has.
    pub(super) messages: usize,
    /// The months that begin on it, such as `2026-05`.
    pub(super) months: Vec<String>,
}

/// The pages of a conversation; at least one.
pub(super) fn pages(
    export: &Export,
    archive: &Archive,
    session: &ArchivedSession,
) -> Result<Vec<Planned>, ArchiveError> {
    let mut pages = Vec::new();
    let mut page = Planned::default();
    let mut bytes = 0;
    let mut newest = String::new();
    for message in export.messages(archive, session.talker)? {
        let message = message?;
        let more = weight(export, archive, &message)?;
        let is_full = page.messages >= export.page_messages || bytes + more > export.page_bytes;
        if is_full && page.messages > 0 {
            pages.push(std::mem::take(&mut page));
            bytes = 0;
        }
        page.messages += 1;
        bytes += more;
        let is_shown = (message.message.as_ref()).is_none_or(|message| message.msg_type.is_shown());
        let time = export.clock.at(message.timestamp).filter(|_| is_shown);
        let month = time.map(|time| clock::month(&time));
        if let Some(month) = month.filter(|month| *month > newest) {
            newest.clone_from(&month);
            page.months.push(month);
        }
    }
    pages.push(page);
    Ok(pages)
}

/// About how many bytes of its page a message takes.
fn weight(
    export: &Export,
    archive: &Archive,
    message: &ArchivedMessage,
) -> Result<u64, ArchiveError> {
    let own = message.json.len() as u64 + MARKUP;
    let picture = match message.message.as_ref().map(Message::content) {
        Some(Content::Image(image)) => media::saved(archive, &export.pictures, image.url())?,
        _ => None,
    };
    // In a page, three bytes of a picture take four.
    let bytes = picture
        .and_then(|picture| picture.bytes)
        .map_or(0, from_sql);
    let picture = bytes / 3 * 4;
    Ok(own + picture.min(export.page_bytes))
}
