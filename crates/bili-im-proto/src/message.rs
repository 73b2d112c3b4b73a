//! Messages of a session (docs/protocol.md §8).

use std::borrow::Cow;

use serde::Deserializer;

use crate::{
    content::Content,
    ids::{MsgKey, Seqno, Talker, Uid},
    lenient::{LazyText, Lenient, wire},
    msg_type::MsgType,
    numbered::numbered,
    time::UnixSeconds,
};

numbered! {
    /// The status of a message (`msg_status`).
    MsgStatus {
        /// The message is there.
        Normal = 0,
        /// The sender recalled it.
        Recalled = 1,
        /// The system removed it.
        Removed = 2,
        /// Its image no longer exists.
        ImageGone = 50,
    }
}

numbered! {
    /// Where a message was written (`msg_source`).
    MsgSource {
        /// Not recorded, as in old messages.
        Unknown = 0,
        /// On iOS.
        Ios = 1,
        /// On Android.
        Android = 2,
        /// On a mobile web page (H5).
        H5 = 3,
        /// In the desktop program.
        Desktop = 4,
        /// Pushed by the service.
        OfficialPush = 5,
        /// A notice.
        Notice = 6,
        /// On the website.
        Web = 7,
        /// An automatic reply to a new follower.
        AutoFollowed = 8,
        /// An automatic reply to a message.
        AutoReceived = 9,
        /// An automatic reply to a keyword.
        AutoKeyword = 10,
        /// An automatic reply to a patron (大航海).
        AutoVoyage = 11,
        /// A creator's note.
        CreatorNote = 12,
        /// A tip in a group.
        GroupTip = 13,
        /// A message of the system.
        System = 16,
        /// A message that both users follow each other now.
        BecameMutual = 17,
        /// A tip of the system.
        SystemTip = 18,
        /// Written by an AI.
        Ai = 19,
    }
}

/// One message of a session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The key, unique among all messages.
    pub msg_key: MsgKey,
    /// The sequence number within the session.
    pub msg_seqno: Seqno,
    /// The sender; 0 is the service.
    pub sender_uid: Uid,
    /// The receiver; `None` when the answer does not say.
    pub receiver: Option<Talker>,
    /// The type.
    pub msg_type: MsgType,
    /// The status.
    pub status: MsgStatus,
    /// Where it was written.
    pub source: MsgSource,
    /// When it was sent.
    pub timestamp: UnixSeconds,
    /// The users mentioned in it.
    pub at_uids: Vec<Uid>,
    /// The code of a notice; empty for most messages.
    pub notify_code: String,
    content: LazyText,
}

impl Message {
    /// Reads a message as the service sends it: a JSON object (docs/protocol.md §8). `None` when it
    /// lacks its sequence number, sender, type or key.
    pub fn from_json(json: &str) -> Option<Self> {
        let wire: WireMessage = serde_json::from_str(json).ok()?;
        wire.finish().ok()
    }

    /// The content; [`Content::Recalled`] when the message was recalled.
    pub fn content(&self) -> Content {
        if self.is_recalled() {
            Content::Recalled
        } else {
            self.content_even_if_recalled()
        }
    }

    /// The content, even when the message was recalled. By default programs must hide it then
    /// (docs/protocol.md §8).
    pub fn content_even_if_recalled(&self) -> Content {
        Content::parse(self.msg_type, &self.content.get())
    }

    /// The content as received, even when the message was recalled. By default programs must hide
    /// it then (docs/protocol.md §8).
    pub fn raw_content_even_if_recalled(&self) -> Cow<'_, str> {
        self.content.get()
    }

    /// Whether the message was recalled.
    pub fn is_recalled(&self) -> bool {
        self.status == MsgStatus::Recalled
    }

    /// Whether a person wrote it by hand (docs/protocol.md §8). Answer no other messages: two
    /// programs that answer each other would never stop.
    pub fn is_by_a_person(&self) -> bool {
        matches!(
            self.source,
            MsgSource::Unknown
                | MsgSource::Ios
                | MsgSource::Android
                | MsgSource::H5
                | MsgSource::Desktop
                | MsgSource::Web
        ) && matches!(
            self.msg_type,
            MsgType::Text | MsgType::Image | MsgType::CustomEmoticon | MsgType::Share
        ) && self.sender_uid != Uid(0)
    }

    /// Whether it is an automatic reply.
    pub fn is_automatic(&self) -> bool {
        matches!(
            self.source,
            MsgSource::AutoFollowed
                | MsgSource::AutoReceived
                | MsgSource::AutoKeyword
                | MsgSource::AutoVoyage
        )
    }

    /// Whether the service wrote it: a notice, push, tip or group event. `false` for unknown types
    /// and sources.
    pub fn is_by_the_service(&self) -> bool {
        self.sender_uid == Uid(0)
            || matches!(
                self.source,
                MsgSource::OfficialPush
                    | MsgSource::Notice
                    | MsgSource::CreatorNote
                    | MsgSource::GroupTip
                    | MsgSource::System
                    | MsgSource::BecameMutual
                    | MsgSource::SystemTip
                    | MsgSource::Ai
            )
            || matches!(
                self.msg_type,
                MsgType::Notice
                    | MsgType::VideoPush
                    | MsgType::ArticlePush
                    | MsgType::PictureCard
                    | MsgType::Works
                    | MsgType::SystemTip
                    | MsgType::Ai
                    | MsgType::GroupJoined
                    | MsgType::GroupLeft
                    | MsgType::GroupFrozen
                    | MsgType::GroupDissolved
                    | MsgType::GroupOpened
                    | MsgType::GroupJoinedToo
            )
            || matches!(self.msg_type.number(), 8 | 101..=118 | 201..=213 | 400 | 401)
    }
}

/// An emoticon used in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Emoticon {
    /// The name in the text, such as `[doge]`.
    pub text: String,
    /// The address of the image (`uri` or `url`).
    pub url: String,
    /// The address of the animated image; may be empty.
    pub gif_url: String,
    /// The size on screen: 1 small, 2 large.
    pub size: u32,
}

impl Emoticon {
    /// Reads an emoticon as the service sends it with a page of messages: a JSON object
    /// (docs/protocol.md §8). `None` when it is none.
    pub fn from_json(json: &str) -> Option<Self> {
        let wire: WireEmoticon = serde_json::from_str(json).ok()?;
        Some(wire.finish())
    }
}

wire! {
    struct WireEmoticon {
        text: String,
        uri: Option<String>,
        url: Option<String>,
        gif_url: String,
        size: u32,
    }
}

impl Lenient for Emoticon {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(WireEmoticon::lenient(deserializer)?.map(WireEmoticon::finish))
    }
}

impl WireEmoticon {
    fn finish(self) -> Emoticon {
        Emoticon {
            text: self.text,
            url: self.uri.or(self.url).unwrap_or_default(),
            gif_url: self.gif_url,
            size: self.size,
        }
    }
}

wire! {
    /// A message as received, whose required fields may be missing.
    pub(crate) struct WireMessage {
        pub(crate) sender_uid: Option<Uid>,
        pub(crate) receiver_type: u64,
        pub(crate) receiver_id: u64,
        pub(crate) msg_type: Option<i64>,
        pub(crate) content: LazyText,
        pub(crate) msg_seqno: Option<Seqno>,
        pub(crate) timestamp: UnixSeconds,
        pub(crate) at_uids: Vec<Uid>,
        pub(crate) msg_key: Option<MsgKey>,
        pub(crate) msg_status: i64,
        pub(crate) msg_source: i64,
        pub(crate) notify_code: String,
    }
}

impl WireMessage {
    /// The message, or the name of a missing required field.
    pub(crate) fn finish(self) -> Result<Message, &'static str> {
        let mut at_uids = self.at_uids;
        at_uids.retain(|&uid| uid != Uid(0));
        Ok(Message {
            msg_seqno: self.msg_seqno.ok_or("msg_seqno")?,
            msg_key: self.msg_key.ok_or("msg_key")?,
            sender_uid: self.sender_uid.ok_or("sender_uid")?,
            receiver: Talker::from_wire(self.receiver_type, self.receiver_id),
            msg_type: self.msg_type.ok_or("msg_type")?.into(),
            status: self.msg_status.into(),
            source: self.msg_source.into(),
            timestamp: self.timestamp,
            at_uids,
            notify_code: self.notify_code,
            content: self.content,
        })
    }
}
