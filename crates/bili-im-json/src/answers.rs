//! The answers of the endpoints for messages, sessions and users.

use bili_im_proto::{
    GroupUnread, Limits, MsgDnd, MsgKey, SentMessage, Seqno, Session, SessionList, SessionMsgs,
    SessionSettings, Talker, Uid, Unread, UploadedImage, UserCard, UserInfo,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    marks::OfficialJson,
    message::{EmoticonJson, MessageJson},
    mirror::{Id, List, mirror},
    session::SessionJson,
};

/// An answer without data.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AcceptedJson {
    accepted: bool,
}

impl From<()> for AcceptedJson {
    fn from((): ()) -> Self {
        Self { accepted: true }
    }
}

mirror! {
    /// Unread counts.
    #[derive(JsonSchema)]
    pub struct UnreadJson of Unread {
        follow_unread: u64,
        unfollow_unread: u64,
        dustbin_unread: u64,
        biz_msg_follow_unread: u64,
        biz_msg_unfollow_unread: u64,
        custom_unread: u64,
        unfollow_push_msg: u64,
        dustbin_push_msg: u64,
    }
}

mirror! {
    /// The unread count of all groups together.
    #[derive(JsonSchema)]
    pub struct GroupUnreadJson of GroupUnread {
        unread_count: u64,
    }
}

/// A page of sessions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionsJson {
    sessions: Vec<SessionJson>,
    has_more: bool,
    unknown: Vec<UnknownSessionJson>,
}

/// A session of an unknown type.
#[derive(Debug, Serialize, JsonSchema)]
struct UnknownSessionJson {
    session_type: u64,
    talker_id: Id,
}

impl SessionsJson {
    /// A page, each session as `json` makes it.
    pub fn new(list: &SessionList, json: impl Fn(&Session) -> SessionJson) -> Self {
        let unknown = list.unknown.iter();
        Self {
            sessions: list.sessions.iter().map(json).collect(),
            has_more: list.has_more,
            unknown: unknown
                .map(|&(session_type, talker_id)| UnknownSessionJson {
                    session_type,
                    talker_id: talker_id.into(),
                })
                .collect(),
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessagesJson {
    messages: Vec<MessageJson>,
    unreadable: Vec<Seqno>,
    has_more: bool,
    e_infos: List<EmoticonJson>,
}

impl MessagesJson {
    /// A page; with what recalled messages said if `show_recalled` is set.
    pub fn new(page: SessionMsgs, show_recalled: bool) -> Self {
        let messages = page.messages.iter();
        Self {
            messages: messages
                .map(|message| MessageJson::new(message, show_recalled))
                .collect(),
            unreadable: page.unreadable,
            has_more: page.has_more,
            e_infos: page.e_infos.into(),
        }
    }
}

mirror! {
    /// An accepted message.
    #[derive(JsonSchema)]
    pub struct SentJson of SentMessage {
        msg_key: MsgKey,
        msg_content: Option<String>,
        e_infos: List<EmoticonJson>,
        toast: Option<String>,
    }
}

/// Which sessions are muted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DndListJson {
    settings: Vec<DndJson>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DndJson {
    talker: Talker,
    is_muted: bool,
}

impl From<MsgDnd> for DndListJson {
    fn from(answer: MsgDnd) -> Self {
        let settings = answer.settings();
        Self {
            settings: settings
                .map(|(talker, is_muted)| DndJson { talker, is_muted })
                .collect(),
        }
    }
}

/// The relation between a user and the account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FollowJson {
    follow_status: Option<i64>,
    special: bool,
    pushes_off: bool,
    show_push_setting: bool,
}

impl From<SessionSettings> for FollowJson {
    fn from(settings: SessionSettings) -> Self {
        Self {
            follow_status: settings.follow_status.map(|status| status.number()),
            special: settings.special,
            pushes_off: settings.push_setting,
            show_push_setting: settings.show_push_setting,
        }
    }
}

mirror! {
    /// The limits of the account.
    #[derive(JsonSchema)]
    pub struct LimitsJson of Limits {
        is_limit: bool,
        report_limit: bool,
    }
}

mirror! {
    /// A user.
    #[derive(JsonSchema)]
    pub struct UserJson of UserCard {
        /// The number.
        pub uid: Uid,
        /// The name.
        pub name: String,
        face: String,
        /// The signature.
        pub sign: String,
        rank: u64,
        /// The level.
        pub level: u32,
        silence: bool,
    }
}

/// Users.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UsersJson {
    users: List<UserJson>,
}

impl From<Vec<UserCard>> for UsersJson {
    fn from(cards: Vec<UserCard>) -> Self {
        Self {
            users: cards.into(),
        }
    }
}

/// A user with their marks.
#[derive(Debug, Serialize, JsonSchema)]
struct UserInfoJson {
    uid: Uid,
    name: String,
    face: String,
    sign: String,
    rank: u64,
    level: u32,
    silence: bool,
    official: Option<OfficialJson>,
    is_fake_account: bool,
    is_deleted: bool,
}

impl From<UserInfo> for UserInfoJson {
    fn from(info: UserInfo) -> Self {
        Self {
            official: info.mark().map(OfficialJson::from),
            uid: info.uid,
            name: info.name,
            face: info.face,
            sign: info.sign,
            rank: info.rank,
            level: info.level,
            silence: info.silence,
            is_fake_account: info.is_fake_account,
            is_deleted: info.is_deleted,
        }
    }
}

/// Users with their marks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserInfosJson {
    users: List<UserInfoJson>,
}

impl From<Vec<UserInfo>> for UserInfosJson {
    fn from(infos: Vec<UserInfo>) -> Self {
        Self {
            users: infos.into(),
        }
    }
}

mirror! {
    /// An image on the service's hosts.
    #[derive(JsonSchema)]
    pub struct UploadedJson of UploadedImage {
        url: String,
        width: Option<u32>,
        height: Option<u32>,
    }
}
