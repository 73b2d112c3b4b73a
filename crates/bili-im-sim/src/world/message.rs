//! Messages in the JSON of worlds and `/_sim/message`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::ids::{GroupId, Talker, Uid};

const TEXT: u32 = 1;
const AI: u32 = 19;
const AI_TOO: u32 = 52;
/// The `msg_source` of a message written in the web page.
const FROM_WEB: u32 = 7;
/// The `msg_source` of an AI's message.
const FROM_AI: u32 = 19;

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "MessageFile")]
#[non_exhaustive]
pub struct Message {
    /// The sender; 0 for the system messages of groups.
    pub from: Uid,
    /// The receiver.
    #[serde(flatten, serialize_with = "as_receiver")]
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_uids: Vec<Uid>,
    /// Whether all its receivers have read it.
    pub read: bool,
    /// Whether it lacks the fields that very old messages do not have.
    pub old: bool,
    /// The only user who sees it. System tips (type 18) need one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_for: Option<Uid>,
    /// Whether its `msg_key` is 0, which some notices share (docs/protocol.md §8).
    pub keyless: bool,
    /// Whether the service wrote it to recall a message silently (`sys_cancel`). Only recalls
    /// (type 5) can have it.
    pub sys_cancel: bool,
    /// Whether its content is sent as a JSON object instead of the object's text.
    pub content_as_object: bool,
}

/// Writes a receiver as `"to":1` or `"group":2`.
fn as_receiver<S: Serializer>(talker: &Talker, serializer: S) -> Result<S::Ok, S::Error> {
    let name = match talker {
        Talker::User(_) => "to",
        Talker::Group(_) => "group",
    };
    BTreeMap::from([(name, talker.id())]).serialize(serializer)
}

impl Message {
    /// A text message, written now.
    #[must_use]
    pub fn text(from: impl Into<Uid>, talker: impl Into<Talker>, text: &str) -> Self {
        Self::new(from, talker, TEXT, text_content(text))
    }

    /// The words of an AI, written now. Each paragraph is an object, at the place where type 19 or
    /// 52 has them (docs/protocol.md §9).
    #[must_use]
    pub fn ai(
        from: impl Into<Uid>,
        talker: impl Into<Talker>,
        msg_type: u32,
        paragraphs: &[&str],
    ) -> Self {
        let content = ai_content(msg_type, paragraphs);
        Self {
            msg_source: FROM_AI,
            ..Self::new(from, talker, msg_type, content)
        }
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
            keyless: false,
            sys_cancel: false,
            content_as_object: false,
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
    json!({ "content": text }).to_string()
}

fn ai_content<T: AsRef<str>>(msg_type: u32, paragraphs: &[T]) -> String {
    let paragraph = |words: &T| {
        let words = words.as_ref();
        let node = json!({ "node_type": 1, "raw_text": words, "word": { "words": words } });
        json!({ "para_type": 1, "text": { "nodes": [node] } })
    };
    let paragraphs: Vec<Value> = paragraphs.iter().map(paragraph).collect();
    let top = json!({ "paragraphs": paragraphs });
    if msg_type == AI_TOO {
        top.to_string()
    } else {
        json!({ "content": top }).to_string()
    }
}

/// A message in a world file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MessageFile {
    from: Uid,
    to: Option<Uid>,
    group: Option<GroupId>,
    text: Option<String>,
    paragraphs: Option<Vec<String>>,
    msg_type: Option<u32>,
    content: Option<String>,
    msg_source: Option<u32>,
    msg_status: u32,
    seconds_ago: u64,
    at_uids: Vec<Uid>,
    read: bool,
    old: bool,
    only_for: Option<Uid>,
    keyless: bool,
    sys_cancel: bool,
    content_as_object: bool,
}

impl MessageFile {
    /// The type, the content, and the `msg_source` that such a message has.
    fn contents(&mut self) -> Result<(u32, String, u32), &'static str> {
        let given = (
            self.text.take(),
            self.paragraphs.take(),
            self.content.take(),
        );
        match (given, self.msg_type) {
            ((Some(text), None, None), None | Some(TEXT)) => {
                Ok((TEXT, text_content(&text), FROM_WEB))
            }
            ((None, Some(paragraphs), None), None | Some(AI | AI_TOO)) => {
                let msg_type = self.msg_type.unwrap_or(AI_TOO);
                Ok((msg_type, ai_content(msg_type, &paragraphs), FROM_AI))
            }
            ((None, None, Some(content)), msg_type) => {
                Ok((msg_type.unwrap_or(TEXT), content, FROM_WEB))
            }
            ((None, None, None), _) => Err("either `text` or `content` is needed"),
            ((Some(_), ..), _) => {
                Err("`text` excludes `paragraphs`, `content` and every `msg_type` but 1")
            }
            ((None, Some(_), _), _) => {
                Err("`paragraphs` excludes `content` and every `msg_type` but 19 and 52")
            }
        }
    }
}

impl TryFrom<MessageFile> for Message {
    type Error = &'static str;

    fn try_from(mut file: MessageFile) -> Result<Self, Self::Error> {
        let talker = match (file.to, file.group) {
            (Some(uid), None) => Talker::User(uid),
            (None, Some(group)) => Talker::Group(group),
            (None, None) => return Err("either `to` or `group` is needed"),
            (Some(_), Some(_)) => return Err("`to` and `group` exclude each other"),
        };
        let (msg_type, content, source) = file.contents()?;
        Ok(Self {
            msg_source: file.msg_source.unwrap_or(source),
            msg_status: file.msg_status,
            seconds_ago: file.seconds_ago,
            at_uids: file.at_uids,
            read: file.read,
            old: file.old,
            only_for: file.only_for,
            keyless: file.keyless,
            sys_cancel: file.sys_cancel,
            content_as_object: file.content_as_object,
            ..Self::new(file.from, talker, msg_type, content)
        })
    }
}
