//! The service's own answers, as other programs keep them: those of `fetch_session_msgs`, their
//! messages alone, or lists of either.
//!
//! BiliBili_Private_Msg takes such answers apart. Its text files lack the numbers of messages, so
//! that nothing can tell which messages of an archive they are: they are refused.

use std::io::{BufRead, Read};

use bili_im_proto::{Message, Talker, Uid};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{report::ImportReport, storing};
use crate::{
    archive::Archive,
    error::ArchiveError,
    export::format::{self, Sent},
};

/// How deep answers lie in lists and in `data`.
const DEEPEST: usize = 4;

/// The longest file to read, in bytes.
const LONGEST: u64 = 256 << 20;

/// Reads a file that begins with `beginning`.
pub(super) fn read(
    archive: &mut Archive,
    beginning: &[u8],
    rest: &mut dyn BufRead,
) -> Result<ImportReport, ArchiveError> {
    if !beginning.trim_ascii_start().starts_with(b"{")
        && !beginning.trim_ascii_start().starts_with(b"[")
    {
        return Err(ArchiveError::NotAnExport);
    }
    let owner = archive.owner()?.ok_or(ArchiveError::NoOwner)?;
    let mut text = beginning.to_vec();
    rest.take(LONGEST)
        .read_to_end(&mut text)
        .map_err(ArchiveError::Input)?;
    let keep_recalled = archive.keep_recalled;
    archive.transact(|connection| {
        let mut answers = Answers {
            connection,
            owner,
            keep_recalled,
            seen: 0,
            report: ImportReport::default(),
        };
        let values = serde_json::Deserializer::from_slice(&text).into_iter::<&RawValue>();
        for (nth, value) in values.enumerate() {
            match value {
                Ok(value) => answers.value(value, DEEPEST)?,
                Err(_) if nth == 0 => return Err(ArchiveError::NotAnExport),
                Err(error) => {
                    answers.report.note_broken(answers.seen + 1, error);
                    return Ok(answers.report);
                }
            }
        }
        answers.report.is_complete = true;
        Ok(answers.report)
    })
}

struct Answers<'a> {
    connection: &'a Connection,
    owner: Uid,
    keep_recalled: bool,
    /// How many messages there were so far.
    seen: u64,
    report: ImportReport,
}

/// What an answer, or its `data`, has.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    e_infos: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Emoticon {
    text: String,
    #[serde(alias = "uri")]
    url: String,
    #[serde(default)]
    gif_url: String,
    #[serde(default)]
    size: i64,
}

impl Answers<'_> {
    /// A list, an answer, or a message.
    fn value(&mut self, value: &RawValue, deepest: usize) -> Result<(), ArchiveError> {
        let json = value.get();
        let list: Result<Vec<&RawValue>, _> = serde_json::from_str(json);
        let answer: Result<Answer<'_>, _> = serde_json::from_str(json);
        match (list, answer) {
            (Ok(list), _) if deepest > 0 => self.list(&list, deepest - 1),
            (
                _,
                Ok(Answer {
                    data: Some(data), ..
                }),
            ) if deepest > 0 => self.value(data, deepest - 1),
            (
                _,
                Ok(Answer {
                    messages: Some(messages),
                    e_infos,
                    ..
                }),
            ) if deepest > 0 => {
                self.emoticons(e_infos)?;
                self.value(messages, deepest - 1)
            }
            _ if json == "null" => Ok(()),
            _ => self.message(json),
        }
    }

    fn list(&mut self, list: &[&RawValue], deepest: usize) -> Result<(), ArchiveError> {
        // Recalls first: the messages that they recall may come before or after them.
        for message in list
            .iter()
            .filter_map(|value| Message::from_json(value.get()))
        {
            if let Some(talker) = talker(&message, self.owner) {
                storing::recalls_among(self.connection, talker, [&message])?;
            }
        }
        list.iter().try_for_each(|value| self.value(value, deepest))
    }

    fn message(&mut self, json: &str) -> Result<(), ArchiveError> {
        self.seen += 1;
        let Some(message) = Message::from_json(json) else {
            self.report.note_broken(self.seen, "it is no message");
            return Ok(());
        };
        let Some(talker) = talker(&message, self.owner) else {
            self.report
                .note_broken(self.seen, "it is a message between other accounts");
            return Ok(());
        };
        let line = format::Message {
            talker,
            seqno: message.msg_seqno,
            timestamp: None,
            is_rebuilt: false,
            sent: Sent::new(json).map_err(|error| ArchiveError::Input(error.into()))?,
        };
        if storing::message(self.connection, &line, json, self.keep_recalled)? {
            self.report.messages += 1;
        } else {
            self.report.known += 1;
        }
        Ok(())
    }

    fn emoticons(&self, e_infos: Option<&RawValue>) -> Result<(), ArchiveError> {
        let read = e_infos.map(|e_infos| serde_json::from_str::<Vec<Emoticon>>(e_infos.get()));
        for emoticon in read.and_then(Result::ok).unwrap_or_default() {
            let emoticon = format::Emoticon {
                text: emoticon.text.into(),
                url: emoticon.url.into(),
                gif_url: emoticon.gif_url.into(),
                size: emoticon.size,
            };
            storing::emoticon(self.connection, &emoticon)?;
        }
        Ok(())
    }
}

/// The other side of a message; `None` when it is not the account's.
fn talker(message: &Message, owner: Uid) -> Option<Talker> {
    match message.receiver? {
        group @ Talker::Group(_) => Some(group),
        Talker::User(receiver) if receiver == owner => Some(Talker::User(message.sender_uid)),
        receiver if message.sender_uid == owner => Some(receiver),
        Talker::User(_) => None,
    }
}
