//! Sessions.

use bili_im_proto::{AccountInfo, Seqno, Session, Talker, UnixMicros};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    marks::{Marks, OfficialJson},
    message::MessageJson,
    mirror::{Maybe, mirror},
};

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionJson {
    talker: Talker,
    /// The talker's name, if it was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The user's official mark, if it was asked for and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    official: Option<OfficialJson>,
    /// Whether the user's account is fake, if it was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_fake_account: Option<bool>,
    unread_count: u64,
    ack_seqno: Option<Seqno>,
    max_seqno: Option<Seqno>,
    at_seqno: Option<Seqno>,
    /// This and the next two are in microseconds since 1970.
    ack_ts: Option<UnixMicros>,
    session_ts: Option<UnixMicros>,
    top_ts: Option<UnixMicros>,
    biz_msg_unread_count: u64,
    is_follow: bool,
    is_muted: bool,
    is_intercepted: bool,
    pushes_off: bool,
    is_guardian: bool,
    is_trusted: bool,
    is_live: bool,
    can_fold: bool,
    group_name: String,
    group_cover: String,
    system_account: i64,
    account_info: Maybe<AccountInfoJson>,
    last_msg: Option<MessageJson>,
}

impl SessionJson {
    /// A session; with what its newest message said if that is recalled and `show_recalled` is set.
    pub fn new(session: &Session, show_recalled: bool) -> Self {
        Self {
            talker: session.talker,
            name: None,
            official: None,
            is_fake_account: None,
            unread_count: session.unread_count,
            ack_seqno: session.ack_seqno,
            max_seqno: session.max_seqno,
            at_seqno: session.at_seqno,
            ack_ts: session.ack_ts,
            session_ts: session.session_ts,
            top_ts: session.top_ts,
            biz_msg_unread_count: session.biz_msg_unread_count,
            is_follow: session.is_follow,
            is_muted: session.is_muted,
            is_intercepted: session.is_intercepted,
            pushes_off: session.pushes_off,
            is_guardian: session.is_guardian,
            is_trusted: session.is_trusted,
            is_live: session.is_live,
            can_fold: session.can_fold,
            group_name: session.group_name.clone(),
            group_cover: session.group_cover.clone(),
            system_account: session.system_account.number(),
            account_info: session.account_info.clone().into(),
            last_msg: (session.last_msg.as_ref())
                .map(|message| MessageJson::new(message, show_recalled)),
        }
    }

    /// Says the talker's name.
    #[must_use]
    pub fn with_name(self, name: Option<String>) -> Self {
        Self { name, ..self }
    }

    /// Says the user's marks.
    #[must_use]
    pub fn with_marks(self, marks: Option<&Marks>) -> Self {
        Self {
            official: marks.and_then(|marks| marks.official.clone()),
            is_fake_account: marks.map(|marks| marks.is_fake_account),
            ..self
        }
    }
}

mirror! {
    #[derive(JsonSchema)]
    struct AccountInfoJson of AccountInfo {
        name: String,
        pic_url: String,
    }
}
