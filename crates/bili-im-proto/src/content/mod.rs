//! Contents of messages (docs/protocol.md §5, §9).

mod cards;
mod image;
mod notice;
mod text;

use std::io;

use serde::Serialize;

use crate::{
    error::InvalidContent,
    ids::{GroupId, MsgKey},
    lenient::{Lenient, wire},
    msg_type::MsgType,
};

pub use self::{
    cards::{
        ArticlePush, AttachMsg, GroupEvent, MiniProgram, PictureCard, Share, ShareOther, VideoPush,
        Work, Works,
    },
    image::{Image, ImageFormat},
    notice::{Button, Notice, NoticeModule, Notifier, Platform},
    text::Text,
};

/// The longest content to send, in bytes of its JSON text.
const LIMIT: usize = 2000;

/// The content of a message, by its type (docs/protocol.md §9).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A text (type 1).
    Text(String),
    /// An image (type 2) or a custom emoticon (type 6).
    Image(Image),
    /// The recall of another message (type 5).
    Recall(MsgKey),
    /// A shared video, article or the like (type 7).
    Share(Share),
    /// A mini program (type 9).
    MiniProgram(MiniProgram),
    /// A notice with buttons (type 10).
    Notice(Box<Notice>),
    /// A pushed video (type 11).
    VideoPush(Box<VideoPush>),
    /// A pushed article (type 12).
    ArticlePush(Box<ArticlePush>),
    /// A card with a picture (type 13).
    PictureCard(PictureCard),
    /// A shared thing of another kind, such as a live room (type 14).
    ShareOther(ShareOther),
    /// A creator's works, pushed to new followers (type 16).
    Works(Works),
    /// A tip of the system, in parts (type 18).
    SystemTip(Vec<TipPart>),
    /// An AI's words (type 19).
    Ai(AiWords),
    /// Something happened in a group (types 301 to 306).
    GroupEvent(GroupEvent),
    /// The message was recalled, and its content is withheld.
    Recalled,
    /// The type is unknown.
    Unknown {
        /// The message's type.
        msg_type: MsgType,
        /// The content as received.
        raw: String,
    },
    /// The content does not fit its type.
    Malformed {
        /// The message's type.
        msg_type: MsgType,
        /// The content as received.
        raw: String,
    },
}

wire! {
    /// A part of a system tip.
    pub struct TipPart {
        /// Its text.
        pub text: String,
        /// Its link; may be empty.
        pub jump_url: String,
    }
}

wire! {
    /// An AI's words. Other fields may exist (docs/protocol.md §9).
    pub struct AiWords {
        /// The paragraphs.
        pub paragraphs: Vec<String>,
    }
}

impl Content {
    /// Parses the content of a message of type `msg_type`. What cannot be parsed becomes
    /// [`Malformed`](Self::Malformed).
    pub fn parse(msg_type: MsgType, raw: &str) -> Self {
        let parsed = match msg_type {
            MsgType::Text => parse::<TextWire>(raw)
                .and_then(|wire| wire.content)
                .map(Self::Text),
            MsgType::Image | MsgType::CustomEmoticon => parse::<image::ImageWire>(raw)
                .and_then(image::ImageWire::finish)
                .map(Self::Image),
            MsgType::Recall => recalled_key(raw).map(Self::Recall),
            MsgType::Share => parse(raw).map(Self::Share),
            MsgType::MiniProgram => parse(raw).map(Self::MiniProgram),
            MsgType::Notice => parse(raw).map(Box::new).map(Self::Notice),
            MsgType::VideoPush => parse(raw).map(Box::new).map(Self::VideoPush),
            MsgType::ArticlePush => parse(raw).map(Box::new).map(Self::ArticlePush),
            MsgType::PictureCard => parse(raw).map(Self::PictureCard),
            MsgType::ShareOther => parse(raw).map(Self::ShareOther),
            MsgType::Works => parse(raw).map(Self::Works),
            MsgType::SystemTip => tip_parts(raw).map(Self::SystemTip),
            MsgType::Ai => parse::<AiWire>(raw)
                .and_then(|wire| wire.content)
                .map(Self::Ai),
            MsgType::GroupJoined
            | MsgType::GroupLeft
            | MsgType::GroupFrozen
            | MsgType::GroupDissolved
            | MsgType::GroupOpened
            | MsgType::GroupJoinedToo => parse(raw).map(Self::GroupEvent),
            MsgType::Other(_) => {
                return Self::Unknown {
                    msg_type,
                    raw: raw.to_owned(),
                };
            }
        };
        parsed.unwrap_or_else(|| Self::Malformed {
            msg_type,
            raw: raw.to_owned(),
        })
    }

    /// One line of plain text, as for a notification. Line breaks become spaces. It holds what
    /// strangers wrote: show it through [`Printable`](crate::Printable).
    pub fn summary(&self) -> String {
        let summary = match self {
            Self::Text(text) => text.clone(),
            Self::Image(_) => "[图片]".to_owned(),
            Self::Recall(_) | Self::Recalled => "[消息已撤回]".to_owned(),
            Self::Share(share) => format!("[分享] {}", share.headline_or_title()),
            Self::MiniProgram(program) => format!("[小程序] {}", program.title),
            Self::Notice(notice) => notice.summary(),
            Self::VideoPush(push) => format!("[视频] {}", push.title),
            Self::ArticlePush(push) => format!("[专栏] {}", push.title),
            Self::PictureCard(card) => format!("[图片卡片] {}", card.title),
            Self::ShareOther(share) => format!("[分享] {}", share.title),
            Self::Works(works) => works.main_title.clone(),
            Self::SystemTip(parts) => parts.iter().map(|part| part.text.as_str()).collect(),
            Self::Ai(words) => words.paragraphs.join(" "),
            Self::GroupEvent(event) => event.content.clone(),
            Self::Unknown { msg_type, .. } => format!("[消息类型 {}]", msg_type.number()),
            Self::Malformed { msg_type, .. } => {
                format!("[无法识别的内容，消息类型 {}]", msg_type.number())
            }
        };
        let words: Vec<&str> = summary.split_whitespace().collect();
        words.join(" ")
    }
}

pub(crate) fn check_length(bytes: usize) -> Result<(), InvalidContent> {
    match bytes.checked_sub(LIMIT) {
        None | Some(0) => Ok(()),
        Some(over) => Err(InvalidContent::TooLong { bytes, over }),
    }
}

fn parse<T: Lenient>(raw: &str) -> Option<T> {
    let mut json = serde_json::Deserializer::from_str(raw);
    let value = T::lenient(&mut json).ok()?;
    json.end().ok()?;
    value
}

/// The key of the recalled message: a bare number, or `{"content":"N"}`.
fn recalled_key(raw: &str) -> Option<MsgKey> {
    parse::<MsgKey>(raw).or_else(|| parse::<TextWire>(raw)?.content?.parse().ok())
}

/// The parts of a tip: a JSON list inside a JSON string.
fn tip_parts(raw: &str) -> Option<Vec<TipPart>> {
    parse(&parse::<TextWire>(raw)?.content?)
}

wire! {
    struct TextWire {
        content: Option<String>,
    }
}

wire! {
    struct AiWire {
        content: Option<AiWords>,
    }
}

fn json(content: &impl Serialize) -> String {
    // Serializing a struct of texts and numbers cannot fail.
    serde_json::to_string(content).unwrap_or_default()
}

fn json_length(content: &impl Serialize) -> usize {
    struct Counter(usize);

    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    // Neither serializing nor counting can fail.
    let _ = serde_json::to_writer(&mut counter, content);
    counter.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recall_names_its_target_in_two_ways() {
        for raw in [
            "6852559688104417870",
            r#""6852559688104417870""#,
            r#"{"content":"6852559688104417870"}"#,
        ] {
            let content = Content::parse(MsgType::Recall, raw);
            assert_eq!(content, Content::Recall(MsgKey(6852559688104417870)));
        }
    }

    #[test]
    fn what_does_not_parse_is_kept() {
        for (msg_type, raw) in [
            (MsgType::Text, "plain"),
            (MsgType::Text, "{}"),
            (MsgType::Text, r#"{"content":"\ud800"}"#),
            (MsgType::Text, r#"{"content":"a"} b"#),
            (MsgType::Image, r#"{"url":""}"#),
            (MsgType::Recall, "-1"),
        ] {
            let kept = Content::Malformed {
                msg_type,
                raw: raw.to_owned(),
            };
            assert_eq!(Content::parse(msg_type, raw), kept, "{raw}");
        }
    }

    #[test]
    fn every_type_has_its_variant_and_a_summary() {
        for (number, raw, summary) in [
            (1, r#"{"content":"a\nb"}"#, "a b"),
            (2, r#"{"url":"https://i0.hdslb.com/x"}"#, "[图片]"),
            (6, r#"{"url":"https://i0.hdslb.com/x"}"#, "[图片]"),
            (5, "7", "[消息已撤回]"),
            (7, r#"{"title":"t","source":5}"#, "[分享] t"),
            (7, r#"{"title":"t","headline":"h"}"#, "[分享] h"),
            (9, r#"{"title":"t"}"#, "[小程序] t"),
            (10, r#"{"title":"t","text":"x"}"#, "t: x"),
            (11, r#"{"title":"t","times":3}"#, "[视频] t"),
            (11, r#"{"rid":1,"type":8,"attach_msg":null}"#, "[视频]"),
            (12, r#"{"title":"t","image_urls":null}"#, "[专栏] t"),
            (13, r#"{"title":"t"}"#, "[图片卡片] t"),
            (14, r#"{"title":"t","source":"直播"}"#, "[分享] t"),
            (16, r#"{"main_title":"t","sub_cards":null}"#, "t"),
            (
                18,
                r#"{"content":"[{\"text\":\"a\"},{\"text\":\"b\"}]"}"#,
                "ab",
            ),
            (19, r#"{"content":{"paragraphs":["a","b"]}}"#, "a b"),
            (301, r#"{"group_id":7,"content":"x 加入了"}"#, "x 加入了"),
            (306, r#"{"group_id":7,"content":"y"}"#, "y"),
            (777, "?", "[消息类型 777]"),
            (7, "[]", "[无法识别的内容，消息类型 7]"),
        ] {
            let content = Content::parse(number.into(), raw);
            assert_eq!(content.summary(), summary, "{number} {raw}: {content:?}");
        }
    }
}
