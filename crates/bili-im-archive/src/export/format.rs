//! The lines of our JSONL (docs/archive.md).

use std::borrow::Cow;

use bili_im_proto::{MsgKey, Seqno, Talker, Uid, UnixMicros, UnixSeconds};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// The `format` of every header.
pub(crate) const NAME: &str = "bili-im-archive";

/// The version that this program writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 1;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line<'a> {
    /// The first line.
    #[serde(borrow)]
    Header(Header<'a>),
    #[serde(borrow)]
    Person(Person<'a>),
    #[serde(borrow)]
    Emoticon(Emoticon<'a>),
    #[serde(borrow)]
    Media(Media<'a>),
    #[serde(borrow)]
    Session(Session<'a>),
    Recall(Recall),
    #[serde(borrow)]
    Message(Message<'a>),
    /// What a message was before.
    #[serde(borrow)]
    Edit(Edit<'a>),
    /// Which messages of a session have been read. It follows the session's messages.
    #[serde(borrow)]
    Covered(Covered<'a>),
    /// The last line.
    End(End),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header<'a> {
    pub(crate) format: Cow<'a, str>,
    pub(crate) version: u32,
    pub(crate) owner: Option<Uid>,
    pub(crate) exported: UnixSeconds,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Person<'a> {
    pub(crate) uid: Uid,
    pub(crate) name: Cow<'a, str>,
    pub(crate) face: Cow<'a, str>,
    pub(crate) sign: Cow<'a, str>,
    pub(crate) level: i64,
    pub(crate) fetched: i64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Emoticon<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) url: Cow<'a, str>,
    pub(crate) gif_url: Cow<'a, str>,
    pub(crate) size: i64,
}

/// A picture that is saved, or is not there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Media<'a> {
    pub(crate) url: Cow<'a, str>,
    pub(crate) state: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<i64>,
    pub(crate) tries: i64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session<'a> {
    pub(crate) talker: Talker,
    pub(crate) name: Cow<'a, str>,
    pub(crate) picture: Cow<'a, str>,
    pub(crate) system_account: i64,
    pub(crate) is_follow: bool,
    pub(crate) is_muted: bool,
    pub(crate) is_intercepted: bool,
    pub(crate) top_ts: Option<UnixMicros>,
    pub(crate) session_ts: Option<UnixMicros>,
    pub(crate) max_seqno: Option<Seqno>,
    pub(crate) ack_seqno: Option<Seqno>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recall {
    pub(crate) talker: Talker,
    pub(crate) msg_key: MsgKey,
    pub(crate) timestamp: i64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Message<'a> {
    pub(crate) talker: Talker,
    pub(crate) seqno: Seqno,
    /// When it was written, if `sent` does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<i64>,
    /// Whether `sent` is rebuilt from what a watch has told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_rebuilt: bool,
    #[serde(borrow)]
    pub(crate) sent: Sent<'a>,
}

/// A message as the service sent it: an object with exactly its characters. One that has line
/// breaks, or is no JSON, is a string instead.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sent<'a>(#[serde(borrow)] Cow<'a, RawValue>);

impl<'a> Sent<'a> {
    pub(crate) fn new(json: &'a str) -> Result<Self, serde_json::Error> {
        let is_one_line = json.starts_with('{') && !json.contains(['\n', '\r']);
        match serde_json::from_str::<&RawValue>(json) {
            Ok(raw) if is_one_line && raw.get() == json => Ok(Self(Cow::Borrowed(raw))),
            _ => Ok(Self(Cow::Owned(to_raw_value(json)?))),
        }
    }

    /// The characters that the service sent; `None` when it is neither an object nor a string.
    pub(crate) fn json(&self) -> Option<Cow<'_, str>> {
        let raw = self.0.get();
        if raw.starts_with('{') {
            return Some(Cow::Borrowed(raw));
        }
        serde_json::from_str(raw).ok().map(Cow::Owned)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Edit<'a> {
    pub(crate) talker: Talker,
    pub(crate) seqno: Seqno,
    /// When the change was noticed.
    pub(crate) noticed: i64,
    #[serde(borrow)]
    pub(crate) sent: Sent<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Covered<'a> {
    pub(crate) talker: Talker,
    /// Such as `0-41@0 60-99@1760000000`.
    pub(crate) coverage: Cow<'a, str>,
    /// How many lines are between the session's own and this one. Older files lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lines: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct End {
    /// Up to when the lists of sessions have been read.
    pub(crate) listed: Option<UnixMicros>,
    pub(crate) compared: Option<UnixMicros>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_sent_keeps_every_character() {
        for json in [
            r#"{"msg_key":7354295169819585966, "content":"{\"content\":\"\ud800\"}","x":1.0}"#,
            "{\"a\":\n1}",
            " {}",
            "no JSON",
            "",
            "\"a string\"",
            r#"{"a":1,"a":2}"#,
        ] {
            let line = serde_json::to_string(&Sent::new(json).unwrap()).unwrap();
            assert!(!line.contains('\n'));
            let read: Sent<'_> = serde_json::from_str(&line).unwrap();
            assert_eq!(read.json().as_deref(), Some(json));
        }
    }
}
