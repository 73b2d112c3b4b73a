//! Contents of messages (docs/protocol.md §5, §9).

mod ai;
mod cards;
mod image;
mod notice;
mod text;

use std::io;

use serde::Serialize;

use crate::{
    error::InvalidContent,
    ids::MsgKey,
    lenient::{Lenient, wire},
    msg_type::MsgType,
};

pub use self::{
    ai::AiWords,
    cards::{
        ArticlePush, AttachMsg, GroupEvent, MiniProgram, PictureCard, Share, ShareOther, TextShare,
        VideoPush, Work, Works,
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
    /// A shared text with a link (type 15).
    TextShare(TextShare),
    /// A creator's works, pushed to new followers (type 16).
    Works(Works),
    /// A tip of the system, in parts (type 18).
    SystemTip(Vec<TipPart>),
    /// An AI's words (types 19 and 52, and texts whose source is an AI).
    Ai(AiWords),
    /// Something happened in a group (types 301 to 306).
    GroupEvent(GroupEvent),
    /// The message was recalled, and its content is withheld.
    Recalled,
    /// The type is unknown, or its content has no known form.
    Unknown {
        /// The message's type.
        msg_type: MsgType,
        /// The content as received.
        raw: String,
    },
    /// The content does not fit its type, or has nothing to show.
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

impl Content {
    /// Parses the content of a message of type `msg_type`. What cannot be parsed, or has nothing to
    /// show, becomes [`Malformed`](Self::Malformed).
    pub fn parse(msg_type: MsgType, raw: &str) -> Self {
        let parsed = match msg_type {
            MsgType::Text => parse::<TextWire>(raw)
                .and_then(|wire| wire.content)
                .map(Self::Text)
                .or_else(|| AiWords::parse(raw).map(Self::Ai)),
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
            MsgType::TextShare => parse(raw).map(Self::TextShare),
            MsgType::Works => parse(raw).map(Self::Works),
            MsgType::SystemTip => tip_parts(raw).map(Self::SystemTip),
            MsgType::Ai | MsgType::AiToo => AiWords::parse(raw).map(Self::Ai),
            MsgType::GroupJoined
            | MsgType::GroupLeft
            | MsgType::GroupFrozen
            | MsgType::GroupDissolved
            | MsgType::GroupOpened
            | MsgType::GroupJoinedToo => parse(raw).map(Self::GroupEvent),
            MsgType::Audio
            | MsgType::OldShare
            | MsgType::SystemCancel
            | MsgType::Business
            | MsgType::Modification
            | MsgType::Other(_) => {
                return Self::Unknown {
                    msg_type,
                    raw: raw.to_owned(),
                };
            }
        };
        let shown = parsed.filter(|content| content.shown().is_some());
        shown.unwrap_or_else(|| Self::Malformed {
            msg_type,
            raw: raw.to_owned(),
        })
    }

    /// One line of plain text, as for a notification. Line breaks become spaces. It holds what
    /// strangers wrote: show it through [`Printable`](crate::Printable).
    pub fn summary(&self) -> String {
        let summary = self.shown().unwrap_or_default();
        let words: Vec<&str> = summary.split_whitespace().collect();
        words.join(" ")
    }

    /// What people see of it; `None` when that is nothing.
    fn shown(&self) -> Option<String> {
        let with = |label: &str, text: Option<&str>| text.map(|text| format!("[{label}] {text}"));
        match self {
            Self::Text(text) => (!text.is_empty()).then(|| text.clone()),
            Self::Image(_) => Some("[图片]".to_owned()),
            Self::Recall(_) => Some("[撤回了一条消息]".to_owned()),
            Self::Recalled => Some("[消息已撤回]".to_owned()),
            Self::Share(share) => with("分享", share.shown()),
            Self::MiniProgram(program) => with("小程序", program.shown()),
            Self::Notice(notice) => notice.shown(),
            Self::VideoPush(push) => with("视频", push.shown().as_deref()),
            Self::ArticlePush(push) => with("专栏", push.shown().as_deref()),
            Self::PictureCard(card) => with("图片卡片", card.shown()),
            Self::ShareOther(share) => with("分享", share.shown()),
            Self::TextShare(share) => with("分享", share.shown()),
            Self::Works(works) => works.shown().map(str::to_owned),
            Self::SystemTip(parts) => {
                let text: String = parts.iter().map(|part| part.text.as_str()).collect();
                first([&text]).map(str::to_owned)
            }
            Self::Ai(words) => Some(words.paragraphs.join(" ")),
            Self::GroupEvent(event) => first([&event.content]).map(str::to_owned),
            Self::Unknown { msg_type, raw } => Some(match msg_type.label() {
                Some(label) => format!("[{label}] {}", beginning(raw)),
                None => format!("[消息类型 {}] {}", msg_type.number(), beginning(raw)),
            }),
            Self::Malformed { msg_type, raw } => {
                let (number, raw) = (msg_type.number(), beginning(raw));
                Some(format!("[无法识别的内容，消息类型 {number}] {raw}"))
            }
        }
    }
}

/// The first text with something to see in it.
fn first<'a, T: AsRef<str> + ?Sized + 'a>(
    texts: impl IntoIterator<Item = &'a T>,
) -> Option<&'a str> {
    let mut texts = texts.into_iter().map(AsRef::as_ref);
    texts.find(|text| !text.trim().is_empty())
}

/// As much of a raw content as fits a line.
fn beginning(raw: &str) -> String {
    const MOST: usize = 200;
    let mut chars = raw.chars();
    let mut text: String = chars.by_ref().take(MOST).collect();
    if chars.next().is_some() {
        text.push('…');
    }
    text
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
    fn a_content_with_nothing_to_show_is_kept_and_shown_as_it_came() {
        for (number, raw) in [
            (1, r#"{"content":""}"#),
            (7, r#"{"source":5}"#),
            (9, "{}"),
            (10, r#"{"title":"","modules":[{}]}"#),
            (11, r#"{"type":8}"#),
            (13, r#"{"title":""}"#),
            (16, r#"{"sub_cards":[]}"#),
            (18, r#"{"content":"[]"}"#),
            (19, r#"{"content":{"paragraphs":[{"para_type":1}]}}"#),
            (301, r#"{"group_id":7}"#),
        ] {
            let content = Content::parse(number.into(), raw);
            assert!(matches!(content, Content::Malformed { .. }), "{content:?}");
            let words: Vec<&str> = raw.split_whitespace().collect();
            assert!(content.summary().ends_with(&words.join(" ")), "{content:?}");
        }
        let long = Content::parse(777.into(), &"长".repeat(1000)).summary();
        assert!(
            long.ends_with("长…") && long.chars().count() < 220,
            "{long}"
        );
    }

    #[test]
    fn every_type_has_its_variant_and_a_summary() {
        for (number, raw, summary) in [
            (1, r#"{"content":"a\nb"}"#, "a b"),
            (2, r#"{"url":"https://i0.hdslb.com/x"}"#, "[图片]"),
            (6, r#"{"url":"https://i0.hdslb.com/x"}"#, "[图片]"),
            (5, "7", "[撤回了一条消息]"),
            (7, r#"{"title":"t","source":5}"#, "[分享] t"),
            (7, r#"{"url":"u","author":"a"}"#, "[分享] a"),
            (7, r#"{"bvid":"BV1"}"#, "[分享] BV1"),
            (7, r#"{"title":"t","headline":"h"}"#, "[分享] h"),
            (9, r#"{"title":"t"}"#, "[小程序] t"),
            (10, r#"{"title":"t","text":"x"}"#, "t: x"),
            (11, r#"{"title":"t","times":3}"#, "[视频] t"),
            (
                10,
                r#"{"modules":[{"title":"a","detail":"b"},{"title":"c"}]}"#,
                "a b c",
            ),
            (11, r#"{"rid":1,"type":8,"attach_msg":null}"#, "[视频] av1"),
            (11, r#"{"rid":1,"attach_msg":"words"}"#, "[视频] words"),
            (
                11,
                r#"{"rid":1,"attach_msg":{"content":"words"}}"#,
                "[视频] words",
            ),
            (12, r#"{"title":"t","image_urls":null}"#, "[专栏] t"),
            (12, r#"{"rid":1}"#, "[专栏] cv1"),
            (13, r#"{"title":"t"}"#, "[图片卡片] t"),
            (13, r#"{"jump_url":"https://a"}"#, "[图片卡片] https://a"),
            (14, r#"{"title":"t","source":"直播"}"#, "[分享] t"),
            (15, r#"{"title":"t","text":"x","jump_url":"u"}"#, "[分享] t"),
            (16, r#"{"main_title":"t","sub_cards":null}"#, "t"),
            (16, r#"{"sub_cards":[{"field1":"w"}]}"#, "w"),
            (
                18,
                r#"{"content":"[{\"text\":\"a\"},{\"text\":\"b\"}]"}"#,
                "ab",
            ),
            (19, r#"{"content":{"paragraphs":["a","b"]}}"#, "a b"),
            (
                52,
                r#"{"paragraphs":[{"text":{"nodes":[{"raw_text":"你"},
                    {"raw_text":null,"word":{"words":"好"}},{"node_type":2}]}},null]}"#,
                "你好",
            ),
            (301, r#"{"group_id":7,"content":"x 加入了"}"#, "x 加入了"),
            (306, r#"{"group_id":7,"content":"y"}"#, "y"),
            (3, "?", "[语音] ?"),
            (118, "?", "[通知] ?"),
            (777, "?", "[消息类型 777] ?"),
            (7, "[]", "[无法识别的内容，消息类型 7] []"),
        ] {
            let content = Content::parse(number.into(), raw);
            assert_eq!(content.summary(), summary, "{number} {raw}: {content:?}");
        }
    }
}
