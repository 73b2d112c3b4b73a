//! Messages as the service lists them (docs/protocol.md §8).

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::{
    content::Content,
    ids::{MsgKey, Seqno, Talker, Uid},
    lenient::{self, LazyText, Lenient, wire},
    msg_type::MsgType,
    numbered::numbered,
    time::UnixSeconds,
};

numbered! {
    /// What became of a message (`msg_status`).
    MsgStatus {
        /// Nothing.
        Normal = 0,
        /// It was recalled.
        Recalled = 1,
        /// The system removed it.
        Removed = 2,
        /// Its image is gone.
        ImageGone = 50,
    }
}

numbered! {
    /// Where a message was written (`msg_source`).
    MsgSource {
        /// Unknown, as in old messages.
        Unknown = 0,
        /// On iOS.
        Ios = 1,
        /// On Android.
        Android = 2,
        /// On a mobile page.
        H5 = 3,
        /// In the desktop program.
        Desktop = 4,
        /// Pushed by the service.
        OfficialPush = 5,
        /// A notice.
        Notice = 6,
        /// On the site.
        Web = 7,
        /// An automatic reply on being followed.
        AutoFollowed = 8,
        /// An automatic reply on being written to.
        AutoReceived = 9,
        /// An automatic reply to a keyword.
        AutoKeyword = 10,
        /// An automatic reply to a patron.
        AutoVoyage = 11,
        /// A creator's note.
        CreatorNote = 12,
        /// A group's tip.
        GroupTip = 13,
        /// The system.
        System = 16,
        /// The two follow each other now.
        BecameMutual = 17,
        /// The system, of another kind.
        SystemTip = 18,
        /// An AI.
        Ai = 19,
    }
}

/// One message of a session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// Its key, unique everywhere.
    pub key: MsgKey,
    /// Its place in the session.
    pub seqno: Seqno,
    /// Who wrote it; 0 is the service.
    pub sender: Uid,
    /// To whom; `None` when the answer does not say.
    pub receiver: Option<Talker>,
    /// What kind it is.
    pub msg_type: MsgType,
    /// What became of it.
    pub status: MsgStatus,
    /// Where it was written.
    pub source: MsgSource,
    /// When.
    pub timestamp: UnixSeconds,
    /// Who is mentioned in it.
    pub at_uids: Vec<Uid>,
    /// The notice's code, for notices; mostly empty.
    pub notify_code: String,
    content: LazyText,
}

impl Message {
    /// What it says; [`Content::Recalled`] when it was recalled.
    pub fn content(&self) -> Content {
        if self.is_recalled() {
            Content::Recalled
        } else {
            self.content_even_if_recalled()
        }
    }

    /// What it says, although its sender may have taken it back.
    pub fn content_even_if_recalled(&self) -> Content {
        Content::parse(self.msg_type, &self.content.get())
    }

    /// Its content as it came, although its sender may have taken it back.
    pub fn raw_content_even_if_recalled(&self) -> Cow<'_, str> {
        self.content.get()
    }

    /// Whether its sender took it back.
    pub fn is_recalled(&self) -> bool {
        self.status == MsgStatus::Recalled
    }

    /// Whether a person wrote it, by hand (docs/protocol.md §8). Nothing else may be answered: two
    /// machines would talk for ever.
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
        ) && self.sender != Uid(0)
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

    /// Whether the service wrote it: a notice, a push, a tip, a group event. Of types and sources that are
    /// not known here that is not known either.
    pub fn is_by_the_service(&self) -> bool {
        self.sender == Uid(0)
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
    }
}

/// An emoticon that occurs in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Emoticon {
    /// Its name in the text, such as `[doge]`.
    pub text: String,
    /// The address of its image (`uri` or `url`).
    pub url: String,
    /// The address of its moving image; may be empty.
    pub gif_url: String,
    /// How large it is shown: 1 small, 2 large.
    pub size: u32,
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
        let wire = WireEmoticon::lenient(deserializer)?;
        Ok(wire.map(|wire| Self {
            text: wire.text,
            url: wire.uri.or(wire.url).unwrap_or_default(),
            gif_url: wire.gif_url,
            size: wire.size,
        }))
    }
}

/// A message before it is known to be whole.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct WireMessage {
    #[serde(deserialize_with = "lenient::option")]
    pub(crate) sender_uid: Option<Uid>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) receiver_type: u64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) receiver_id: u64,
    #[serde(deserialize_with = "lenient::option")]
    pub(crate) msg_type: Option<i64>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) content: LazyText,
    #[serde(deserialize_with = "lenient::option")]
    pub(crate) msg_seqno: Option<Seqno>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) timestamp: UnixSeconds,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) at_uids: Vec<Uid>,
    #[serde(deserialize_with = "lenient::option")]
    pub(crate) msg_key: Option<MsgKey>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) msg_status: i64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) msg_source: i64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) notify_code: String,
}

impl Lenient for WireMessage {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        lenient::object(deserializer)
    }
}

impl WireMessage {
    /// The message, or the name of a field that it is nothing without.
    pub(crate) fn finish(self) -> Result<Message, &'static str> {
        let mut at_uids = self.at_uids;
        at_uids.retain(|&uid| uid != Uid(0));
        Ok(Message {
            seqno: self.msg_seqno.ok_or("msg_seqno")?,
            key: self.msg_key.ok_or("msg_key")?,
            sender: self.sender_uid.ok_or("sender_uid")?,
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
