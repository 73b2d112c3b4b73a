//! The service's own answers, as other programs keep them: those of `fetch_session_msgs`, their
//! messages alone, or lists of either.
//!
//! BiliBili_Private_Msg takes such answers apart. Its text files lack the numbers of messages, so
//! that nothing can tell which messages of an archive they are: they are refused.

use std::io::{BufRead, Read};

use bili_im_proto::{Emoticon, Message, Talker, Uid};
use rusqlite::Connection;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{report::ImportReport, storing};
use crate::{
    archive::Archive,
    error::ArchiveError,
    export::format::{self, Sent},
};

/// How many lists, answers and `data` may enclose a message.
const MAX_DEPTH: usize = 5;

/// The longest file to read, in bytes: it is read as a whole.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Reads a file that begins with `beginning`.
pub(super) fn read(
    archive: &mut Archive,
    beginning: &[u8],
    rest: &mut dyn BufRead,
) -> Result<ImportReport, ArchiveError> {
    if !matches!(beginning.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Err(ArchiveError::NotAnExport);
    }
    let owner = archive.owner()?.ok_or(ArchiveError::NoOwner)?;
    let mut text = beginning.to_vec();
    rest.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(ArchiveError::Input)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(ArchiveError::InputTooLong);
    }
    let keep_recalled = archive.keep_recalled;
    archive.transact(|connection| {
        let mut importer = AnswerImporter {
            connection,
            owner,
            keep_recalled,
            messages_seen: 0,
            report: ImportReport::default(),
        };
        let values = serde_json::Deserializer::from_slice(&text).into_iter::<&RawValue>();
        for (nth, value) in values.enumerate() {
            match value {
                Ok(value) => importer.import_value(value, MAX_DEPTH)?,
                Err(_) if nth == 0 => return Err(ArchiveError::NotAnExport),
                Err(error) => {
                    let number = importer.messages_seen + 1;
                    importer.report.note_broken(number, error);
                    return Ok(importer.report);
                }
            }
        }
        importer.report.is_complete = true;
        Ok(importer.report)
    })
}

struct AnswerImporter<'a> {
    connection: &'a Connection,
    owner: Uid,
    keep_recalled: bool,
    /// How many messages there were so far, broken ones included.
    messages_seen: u64,
    report: ImportReport,
}

/// What an answer, or its `data`, has.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    /// `null` on a page without messages.
    #[serde(borrow, default, deserialize_with = "some")]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    e_infos: Option<&'a RawValue>,
}

/// A value that is there, even if it is `null`.
fn some<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl AnswerImporter<'_> {
    /// Imports a list, an answer, or a message.
    fn import_value(&mut self, value: &RawValue, depth_left: usize) -> Result<(), ArchiveError> {
        let json = value.get();
        if json == "null" {
            return Ok(());
        }
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return self.import_message(json);
        };
        if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(json) {
            return self.import_list(&list, depth_left);
        }
        match serde_json::from_str(json) {
            Ok(Answer {
                data: Some(data), ..
            }) => self.import_value(data, depth_left),
            Ok(Answer {
                messages: Some(messages),
                e_infos,
                ..
            }) => {
                self.import_emoticons(e_infos)?;
                self.import_value(messages, depth_left)
            }
            _ => self.import_message(json),
        }
    }

    fn import_list(&mut self, list: &[&RawValue], depth_left: usize) -> Result<(), ArchiveError> {
        // Recalls first: the messages that they recall may come before or after them.
        for message in list
            .iter()
            .filter_map(|value| Message::from_json(value.get()))
        {
            if let Some(talker) = session_of(&message, self.owner) {
                self.report.erased +=
                    storing::recall_in(self.connection, talker, &message, self.keep_recalled)?;
            }
        }
        list.iter()
            .try_for_each(|value| self.import_value(value, depth_left))
    }

    fn import_message(&mut self, json: &str) -> Result<(), ArchiveError> {
        self.messages_seen += 1;
        let number = self.messages_seen;
        let Some(message) = Message::from_json(json) else {
            self.report.note_broken(number, "it is no message");
            return Ok(());
        };
        let Some(talker) = session_of(&message, self.owner) else {
            let reason = "it is a message between other accounts";
            self.report.note_broken(number, reason);
            return Ok(());
        };
        let exported = format::Message {
            talker,
            seqno: message.msg_seqno,
            timestamp: None,
            is_rebuilt: false,
            sent: Sent::new(json).map_err(|error| ArchiveError::Input(error.into()))?,
        };
        let is_new = storing::message(self.connection, &exported, json, self.keep_recalled)?;
        self.report.count_message(is_new);
        Ok(())
    }

    fn import_emoticons(&self, e_infos: Option<&RawValue>) -> Result<(), ArchiveError> {
        let list = e_infos.map(|e_infos| serde_json::from_str::<Vec<&RawValue>>(e_infos.get()));
        let list = list.and_then(Result::ok).unwrap_or_default();
        let emoticons = list
            .iter()
            .filter_map(|json| Emoticon::from_json(json.get()));
        for emoticon in emoticons.filter(|emoticon| !emoticon.url.is_empty()) {
            let emoticon = format::Emoticon {
                text: emoticon.text.into(),
                url: emoticon.url.into(),
                gif_url: emoticon.gif_url.into(),
                size: emoticon.size.into(),
            };
            storing::emoticon(self.connection, &emoticon)?;
        }
        Ok(())
    }
}

/// The other side of the session that a message belongs to; `None` when the account neither sent nor
/// received it.
fn session_of(message: &Message, owner: Uid) -> Option<Talker> {
    match message.receiver? {
        group @ Talker::Group(_) => Some(group),
        Talker::User(receiver) if receiver == owner => Some(Talker::User(message.sender_uid)),
        receiver if message.sender_uid == owner => Some(receiver),
        Talker::User(_) => None,
    }
}
