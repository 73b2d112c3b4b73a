//! Messages.

use bili_im_proto::{Direction, Emoticon, Message, MsgKey, Seqno, Talker, Uid, UnixSeconds};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{content::ContentJson, mirror::mirror};

/// A message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageJson {
    msg_key: MsgKey,
    msg_seqno: Seqno,
    sender_uid: Uid,
    /// The sender's name, if it was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_name: Option<String>,
    /// `own` or `incoming`, if it is known whose account reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    receiver: Option<Talker>,
    msg_type: i64,
    msg_status: i64,
    msg_source: i64,
    /// In seconds since 1970.
    timestamp: UnixSeconds,
    at_uids: Vec<Uid>,
    notify_code: String,
    content: ContentJson,
}

/// The word for who wrote a message.
pub fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => "incoming",
        Direction::Own => "own",
        Direction::Sent => "sent",
    }
}

impl MessageJson {
    /// A message; with what it said if it is recalled and `show_recalled` is set.
    pub fn new(message: &Message, show_recalled: bool) -> Self {
        let content = if show_recalled {
            message.content_even_if_recalled()
        } else {
            message.content()
        };
        Self {
            msg_key: message.msg_key,
            msg_seqno: message.msg_seqno,
            sender_uid: message.sender_uid,
            sender_name: None,
            direction: None,
            receiver: message.receiver,
            msg_type: message.msg_type.number(),
            msg_status: message.status.number(),
            msg_source: message.source.number(),
            timestamp: message.timestamp,
            at_uids: message.at_uids.clone(),
            notify_code: message.notify_code.clone(),
            content: content.into(),
        }
    }

    /// Says the sender's name.
    #[must_use]
    pub fn with_sender_name(self, sender_name: Option<String>) -> Self {
        Self {
            sender_name,
            ..self
        }
    }

    /// Says who wrote it.
    #[must_use]
    pub fn with_direction(self, direction: Option<Direction>) -> Self {
        Self {
            direction: direction.map(direction_word),
            ..self
        }
    }
}

mirror! {
    /// An emoticon.
    #[derive(JsonSchema)]
    pub struct EmoticonJson of Emoticon {
        text: String,
        url: String,
        gif_url: String,
        size: u32,
    }
}
