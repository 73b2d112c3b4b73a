//! What a message shows, the same in all formats.

use bili_im_proto::{Content, Message, MsgStatus, MsgType};

use super::{
    card::Card,
    language::{Language, Words},
};

/// What a message shows.
#[derive(Debug)]
pub(super) enum Body {
    Text(String),
    /// An image, by its address.
    Image(String),
    Card(Box<Card>),
    /// Texts of the service in the middle of the page, each with a link that may be empty.
    Tip(Vec<(String, String)>),
    /// It was recalled, and what it said is not shown.
    RecalledMessage,
    /// It recalls another message.
    RecallNotice,
    /// What has no known form, as the service sent it.
    Raw {
        kind: Words,
        msg_type: Option<MsgType>,
        raw: String,
    },
}

impl Body {
    /// What a message shows; `None` when it shows nothing.
    pub(super) fn of(message: &Message, show_recalled: bool) -> Option<Self> {
        if !message.msg_type.is_shown() {
            return None;
        }
        let is_erased = message.raw_content_even_if_recalled().is_empty();
        if message.is_recalled() && (!show_recalled || is_erased) {
            return Some(Self::RecalledMessage);
        }
        Some(message.content_even_if_recalled().into())
    }

    /// A message that lacks its sender, type or key.
    pub(super) fn unreadable(json: &str) -> Self {
        Self::Raw {
            kind: Words("unreadable message", "无法识别的消息"),
            msg_type: None,
            raw: json.to_owned(),
        }
    }
}

impl From<Content> for Body {
    fn from(content: Content) -> Self {
        let raw = |kind, msg_type, raw| Self::Raw {
            kind,
            msg_type: Some(msg_type),
            raw,
        };
        let card = |card| Self::Card(Box::new(card));
        match content {
            Content::Text(text) => Self::Text(text),
            Content::Image(image) => Self::Image(image.url().to_owned()),
            Content::Recall(_) => Self::RecallNotice,
            Content::Recalled => Self::RecalledMessage,
            Content::Share(share) => card(share.into()),
            Content::MiniProgram(program) => card(program.into()),
            Content::Notice(notice) => card((*notice).into()),
            Content::VideoPush(push) => card((*push).into()),
            Content::ArticlePush(push) => card((*push).into()),
            Content::PictureCard(picture) => card(picture.into()),
            Content::ShareOther(share) => card(share.into()),
            Content::TextShare(share) => card(share.into()),
            Content::Works(works) => card(works.into()),
            Content::Ai(words) => Self::Text(words.paragraphs.join("\n")),
            Content::SystemTip(parts) => Self::Tip(
                parts
                    .into_iter()
                    .map(|part| (part.text, part.jump_url))
                    .collect(),
            ),
            Content::GroupEvent(event) => Self::Tip(vec![(event.content, String::new())]),
            Content::Unknown {
                msg_type,
                raw: text,
            } => raw(Words("message of type", "消息，类型"), msg_type, text),
            Content::Malformed {
                msg_type,
                raw: text,
            } => raw(
                Words("unreadable content of type", "无法识别的内容，类型"),
                msg_type,
                text,
            ),
            // A content that the library learns later.
            other => Self::Text(other.summary()),
        }
    }
}

/// What a raw message is.
pub(super) fn kind(kind: Words, msg_type: Option<MsgType>, language: Language) -> String {
    match msg_type {
        Some(msg_type) => format!("{} {}", kind.of(language), msg_type.number()),
        None => kind.of(language).to_owned(),
    }
}

/// A remark about a message.
pub(super) fn mark(message: &Message, body: &Body) -> Option<Words> {
    match message.status {
        MsgStatus::Recalled if matches!(body, Body::RecalledMessage) => None,
        MsgStatus::Recalled => Some(Words("recalled", "已撤回")),
        MsgStatus::Removed => Some(Words("removed by the service", "已被系统移除")),
        MsgStatus::ImageGone => Some(Words("the image no longer exists", "图片已失效")),
        _ if message.is_automatic() => Some(Words("automatic reply", "自动回复")),
        _ => None,
    }
}
