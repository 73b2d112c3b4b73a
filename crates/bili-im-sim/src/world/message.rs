//! Messages in the JSON of worlds and `/_sim/message`.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, Talker, Uid};

const TEXT: u32 = 1;
/// The `msg_source` of a message written in the web page.
const FROM_WEB: u32 = 7;

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "MessageFile", into = "MessageFile")]
#[non_exhaustive]
pub struct Message {
    /// The sender; 0 for the system messages of groups.
    pub from: Uid,
    /// The receiver.
    pub talker: Talker,
    /// Its type: 1 text, 2 image, … (docs/protocol.md §9).
    pub msg_type: u32,
    /// The JSON text of its content. Any text is accepted, even if it is not JSON.
    pub content: String,
    /// Where it was written: 7 web, 8–11 automatic replies, … (docs/protocol.md §8).
    pub msg_source: u32,
    /// Its status: 0 normal, 1 recalled, 2 removed by the system, 50 image gone.
    pub msg_status: u32,
    /// How many seconds ago it was written.
    pub seconds_ago: u64,
    /// The users that it mentions.
    pub at_uids: Vec<Uid>,
    /// Whether all its receivers have read it.
    pub read: bool,
    /// Whether it lacks the fields that very old messages do not have.
    pub old: bool,
    /// The only user who sees it. System tips (type 18) need one.
    pub only_for: Option<Uid>,
}

impl Message {
    /// A text message, written now.
    #[must_use]
    pub fn text(from: impl Into<Uid>, talker: impl Into<Talker>, text: &str) -> Self {
        Self::new(from, talker, TEXT, text_content(text))
    }

    /// A message of any type with a raw content, written now.
    #[must_use]
    pub fn new(
        from: impl Into<Uid>,
        talker: impl Into<Talker>,
        msg_type: u32,
        content: impl Into<String>,
    ) -> Self {
        Self {
            from: from.into(),
            talker: talker.into(),
            msg_type,
            content: content.into(),
            msg_source: FROM_WEB,
            msg_status: 0,
            seconds_ago: 0,
            at_uids: Vec::new(),
            read: false,
            old: false,
            only_for: None,
        }
    }

    /// The same message, written this many seconds ago.
    #[must_use]
    pub fn seconds_ago(self, seconds_ago: u64) -> Self {
        Self {
            seconds_ago,
            ..self
        }
    }
}

fn text_content(text: &str) -> String {
    serde_json::json!({ "content": text }).to_string()
}

/// The JSON form of a message.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageFile {
    #[serde(default)]
    from: Uid,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Uid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_type: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_source: Option<u32>,
    #[serde(default)]
    msg_status: u32,
    #[serde(default)]
    seconds_ago: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    at_uids: Vec<Uid>,
    #[serde(default)]
    read: bool,
    #[serde(default)]
    old: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_for: Option<Uid>,
}

impl TryFrom<MessageFile> for Message {
    type Error = &'static str;

    fn try_from(file: MessageFile) -> Result<Self, Self::Error> {
        let talker = match (file.to, file.group) {
            (Some(uid), None) => Talker::User(uid),
            (None, Some(group)) => Talker::Group(group),
            (None, None) => return Err("either `to` or `group` is needed"),
            (Some(_), Some(_)) => return Err("`to` and `group` exclude each other"),
        };
        let (msg_type, content) = match (file.text, file.msg_type, file.content) {
            (Some(text), None | Some(TEXT), None) => (TEXT, text_content(&text)),
            (None, msg_type, Some(content)) => (msg_type.unwrap_or(TEXT), content),
            (None, _, None) => return Err("either `text` or `content` is needed"),
            (Some(_), _, _) => return Err("`text` excludes `content` and every `msg_type` but 1"),
        };
        Ok(Self {
            from: file.from,
            talker,
            msg_type,
            content,
            msg_source: file.msg_source.unwrap_or(FROM_WEB),
            msg_status: file.msg_status,
            seconds_ago: file.seconds_ago,
            at_uids: file.at_uids,
            read: file.read,
            old: file.old,
            only_for: file.only_for,
        })
    }
}

impl From<Message> for MessageFile {
    fn from(message: Message) -> Self {
        let (to, group) = match message.talker {
            Talker::User(uid) => (Some(uid), None),
            Talker::Group(group) => (None, Some(group)),
        };
        Self {
            from: message.from,
            to,
            group,
            text: None,
            msg_type: Some(message.msg_type),
            content: Some(message.content),
            msg_source: Some(message.msg_source),
            msg_status: message.msg_status,
            seconds_ago: message.seconds_ago,
            at_uids: message.at_uids,
            read: message.read,
            old: message.old,
            only_for: message.only_for,
        }
    }
}
