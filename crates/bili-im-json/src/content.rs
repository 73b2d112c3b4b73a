//! The contents of messages.

use bili_im_proto::{
    ArticlePush, AttachMsg, Button, Content, GroupEvent, GroupId, Image, ImageFormat, MiniProgram,
    MsgKey, MsgType, Notice, NoticeModule, Notifier, PictureCard, Platform, Share, ShareOther,
    TextShare, TipPart, UnixSeconds, VideoPush, Work, Works,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::mirror::{Id, List, Maybe, mirror};

/// The content of a message: `type`, the type's own fields, and `summary`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContentJson {
    #[serde(flatten)]
    body: Body,
    summary: String,
}

impl From<Content> for ContentJson {
    fn from(content: Content) -> Self {
        Self {
            summary: content.summary(),
            body: content.into(),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Body {
    Text { text: String },
    Image(ImageJson),
    Recall { msg_key: MsgKey },
    Share(ShareJson),
    MiniProgram(MiniProgramJson),
    Notice(NoticeJson),
    VideoPush(VideoPushJson),
    ArticlePush(ArticlePushJson),
    PictureCard(PictureCardJson),
    ShareOther(ShareOtherJson),
    TextShare(TextShareJson),
    Works(WorksJson),
    SystemTip { parts: List<TipPartJson> },
    Ai { paragraphs: Vec<String> },
    GroupEvent(GroupEventJson),
    Recalled,
    Unknown(RawJson),
    Malformed(RawJson),
    Other,
}

impl From<Content> for Body {
    fn from(content: Content) -> Self {
        match content {
            Content::Text(text) => Self::Text { text },
            Content::Image(image) => Self::Image(image.into()),
            Content::Recall(msg_key) => Self::Recall { msg_key },
            Content::Share(share) => Self::Share(share.into()),
            Content::MiniProgram(program) => Self::MiniProgram(program.into()),
            Content::Notice(notice) => Self::Notice((*notice).into()),
            Content::VideoPush(push) => Self::VideoPush((*push).into()),
            Content::ArticlePush(push) => Self::ArticlePush((*push).into()),
            Content::PictureCard(card) => Self::PictureCard(card.into()),
            Content::ShareOther(share) => Self::ShareOther(share.into()),
            Content::TextShare(share) => Self::TextShare(share.into()),
            Content::Works(works) => Self::Works(works.into()),
            Content::SystemTip(parts) => Self::SystemTip {
                parts: parts.into(),
            },
            Content::Ai(words) => Self::Ai {
                paragraphs: words.paragraphs,
            },
            Content::GroupEvent(event) => Self::GroupEvent(event.into()),
            Content::Recalled => Self::Recalled,
            Content::Unknown { msg_type, raw } => Self::Unknown(RawJson::new(msg_type, raw)),
            Content::Malformed { msg_type, raw } => Self::Malformed(RawJson::new(msg_type, raw)),
            // A content that the library learnt after this program was written.
            _ => Self::Other,
        }
    }
}

/// A content that cannot be parsed, as the service sent it.
#[derive(Debug, Serialize, JsonSchema)]
struct RawJson {
    msg_type: i64,
    raw: String,
}

impl RawJson {
    fn new(msg_type: MsgType, raw: String) -> Self {
        Self {
            msg_type: msg_type.number(),
            raw,
        }
    }
}

/// An image.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImageJson {
    url: String,
    width: Option<u32>,
    height: Option<u32>,
    format: Option<ImageFormat>,
    /// In kilobytes of 1024 bytes.
    size: Option<u32>,
}

impl From<Image> for ImageJson {
    fn from(image: Image) -> Self {
        Self {
            url: image.url().to_owned(),
            width: image.width,
            height: image.height,
            format: image.format,
            size: image.size,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct NoticeJson {
    title: String,
    text: String,
    buttons: List<ButtonJson>,
    modules: List<NoticeModuleJson>,
    notifier: Maybe<NotifierJson>,
}

impl From<Notice> for NoticeJson {
    fn from(notice: Notice) -> Self {
        Self {
            buttons: notice.buttons(Platform::Web).into(),
            title: notice.title,
            text: notice.text,
            modules: notice.modules.into(),
            notifier: notice.notifier.into(),
        }
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct ButtonJson of Button {
        label: String,
        url: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct NoticeModuleJson of NoticeModule {
        title: String,
        detail: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct NotifierJson of Notifier {
        nickname: String,
        avatar_url: String,
        jump_url: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct ShareJson of Share {
        author: String,
        headline: String,
        id: Id,
        source: Option<u64>,
        source_desc: String,
        thumb: String,
        title: String,
        url: String,
        bvid: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct MiniProgramJson of MiniProgram {
        avatar: String,
        cover: String,
        id: String,
        jump_uri: String,
        label_cover: String,
        label_name: String,
        name: String,
        title: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct AttachMsgJson of AttachMsg {
        id: Id,
        content: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct VideoPushJson of VideoPush {
        title: String,
        /// In seconds.
        length: u64,
        cover: String,
        rid: Id,
        desc: String,
        bvid: String,
        view: u64,
        danmaku: u64,
        pub_date: Option<UnixSeconds>,
        attach_msg: Maybe<AttachMsgJson>,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct ArticlePushJson of ArticlePush {
        rid: Id,
        title: String,
        // `ContentJson` already has a `summary`.
        #[serde(rename = "abstract")]
        summary: String,
        author: String,
        view: u64,
        like: u64,
        reply: u64,
        template_id: u64,
        image_urls: Vec<String>,
        pub_date: Option<UnixSeconds>,
        attach_msg: Maybe<AttachMsgJson>,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct PictureCardJson of PictureCard {
        pic_url: String,
        jump_url: String,
        title: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct ShareOtherJson of ShareOther {
        author: String,
        cover: String,
        desc: String,
        source: String,
        source_id: String,
        title: String,
        url: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct TextShareJson of TextShare {
        title: String,
        text: String,
        jump_url: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct WorksJson of Works {
        main_title: String,
        reply_content: String,
        sub_cards: List<WorkJson>,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct WorkJson of Work {
        card_id: Id,
        card_type: Option<u64>,
        jump_url: String,
        cover_url: String,
        field1: String,
        field2: String,
        field3: String,
        field4: String,
        icon3: String,
        icon4: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct TipPartJson of TipPart {
        text: String,
        jump_url: String,
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct GroupEventJson of GroupEvent {
        group_id: GroupId,
        content: String,
    }
}
