//! Sessions: the account's conversations (docs/protocol.md §7).

use crate::{
    ids::{Seqno, Talker},
    lenient::{Field, wire},
    message::{Message, WireMessage},
    numbered::numbered,
    time::UnixMicros,
};

numbered! {
    /// The system account that a session is with (`system_msg_type`).
    SystemAccount {
        /// No system account: a user or a group.
        None = 0,
        /// The live assistant.
        LiveAssistant = 1,
        /// System notices.
        SystemNotice = 5,
        /// The creators' assistant.
        CreatorAssistant = 7,
        /// Support.
        Support = 8,
        /// Payments.
        Payments = 9,
    }
}

/// One session: a conversation with a user or a group.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Session {
    /// The other side.
    pub talker: Talker,
    /// Messages up to this one have been read.
    pub ack_seqno: Option<Seqno>,
    /// When they were read.
    pub ack_ts: Option<UnixMicros>,
    /// The newest message.
    pub max_seqno: Option<Seqno>,
    /// The newest unread message that mentions the account.
    pub at_seqno: Option<Seqno>,
    /// When the session last changed.
    pub session_ts: Option<UnixMicros>,
    /// When the session was pinned; `None` when it is not.
    pub top_ts: Option<UnixMicros>,
    /// The number of unread messages.
    pub unread_count: u64,
    /// The number of unread messages from a business.
    pub biz_msg_unread_count: u64,
    /// The newest message; `None` when the service does not send it or it cannot be read.
    pub last_msg: Option<Message>,
    /// Whether the account follows the user.
    pub is_follow: bool,
    /// Whether the session is muted (`is_dnd`).
    pub is_muted: bool,
    /// Whether the session is intercepted.
    pub is_intercepted: bool,
    /// Whether pushes are **not** received (`setting` is 1).
    pub pushes_off: bool,
    /// Whether the account is a guardian of the user's live room.
    pub is_guardian: bool,
    /// Whether the session was intercepted before, and the account's owner chose to trust the user.
    pub is_trusted: bool,
    /// Whether clients may fold the session away.
    pub can_fold: bool,
    /// Whether the user is streaming live.
    pub is_live: bool,
    /// A group's name; empty for users.
    pub group_name: String,
    /// The address of a group's picture; empty for users.
    pub group_cover: String,
    /// The system account, if the session is with one.
    pub system_account: SystemAccount,
    /// Name and avatar of a system account.
    pub account_info: Option<AccountInfo>,
}

impl Session {
    /// The newest message, as far as the service says.
    pub fn newest(&self) -> Option<Seqno> {
        let last = self.last_msg.as_ref().map(|message| message.msg_seqno);
        self.max_seqno.max(last)
    }
}

wire! {
    /// Name and avatar of a system account.
    pub struct AccountInfo {
        /// The name.
        pub name: String,
        /// The address of the avatar.
        pub pic_url: String,
    }
}

wire! {
    /// A session as received, whose required fields may be missing.
    pub(crate) struct WireSession {
        talker_id: Option<u64>,
        session_type: Option<u64>,
        at_seqno: Option<Seqno>,
        top_ts: Option<UnixMicros>,
        group_name: String,
        group_cover: String,
        is_follow: bool,
        is_dnd: bool,
        ack_seqno: Option<Seqno>,
        ack_ts: Option<UnixMicros>,
        session_ts: Option<UnixMicros>,
        unread_count: u64,
        last_msg: Option<WireMessage>,
        can_fold: bool,
        max_seqno: Option<Seqno>,
        setting: u64,
        is_guardian: bool,
        is_intercept: bool,
        is_trust: bool,
        system_msg_type: i64,
        account_info: Option<AccountInfo>,
        live_status: bool,
        biz_msg_unread_count: u64,
    }
}

impl WireSession {
    /// `session_type` and `talker_id`, or the name of the missing one.
    pub(crate) fn numbers(&self) -> Result<(u64, u64), &'static str> {
        let talker_id = self.talker_id.ok_or("talker_id")?;
        Ok((self.session_type.ok_or("session_type")?, talker_id))
    }

    /// The session with `talker`.
    pub(crate) fn with(self, talker: Talker) -> Session {
        Session {
            talker,
            ack_seqno: self.ack_seqno,
            ack_ts: self.ack_ts.filter(|&ts| ts != UnixMicros(0)),
            max_seqno: self.max_seqno.filter(|&seqno| seqno != Seqno(0)),
            at_seqno: self.at_seqno.filter(|&seqno| seqno != Seqno(0)),
            session_ts: self.session_ts.filter(|&ts| ts != UnixMicros(0)),
            top_ts: self.top_ts.filter(|&ts| ts != UnixMicros(0)),
            unread_count: self.unread_count,
            biz_msg_unread_count: self.biz_msg_unread_count,
            last_msg: self.last_msg.and_then(|message| message.finish().ok()),
            is_follow: self.is_follow,
            is_muted: self.is_dnd,
            is_intercepted: self.is_intercept,
            pushes_off: self.setting == 1,
            is_guardian: self.is_guardian,
            is_trusted: self.is_trust,
            can_fold: self.can_fold,
            is_live: self.live_status,
            group_name: self.group_name,
            group_cover: self.group_cover,
            system_account: self.system_msg_type.into(),
            account_info: self.account_info,
        }
    }
}

wire! {
    pub(crate) struct WireSessionList {
        session_list: Field<Vec<WireSession>>,
        has_more: bool,
    }
}

/// A page of sessions.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct SessionList {
    /// The sessions. Pinned ones may come first on any page.
    pub sessions: Vec<Session>,
    /// Whether there are more.
    pub has_more: bool,
    /// Sessions with an unknown `session_type`: pairs of `session_type` and `talker_id`.
    pub unknown: Vec<(u64, u64)>,
}

impl SessionList {
    /// The `end_ts` of the next page: the oldest `session_ts` on this one, not counting pinned
    /// sessions.
    pub fn oldest(&self) -> Option<UnixMicros> {
        (self.sessions.iter())
            .filter(|session| session.top_ts.is_none())
            .filter_map(|session| session.session_ts)
            .min()
    }
}

impl WireSessionList {
    /// The page, or the missing field as `data.session_list[INDEX].FIELD`. Sessions without a
    /// talker are left out; they are an error only when no others are left.
    pub(crate) fn finish(self) -> Result<SessionList, String> {
        let mut list = SessionList {
            has_more: self.has_more,
            ..SessionList::default()
        };
        let sessions = self.session_list.list().ok_or("data.session_list")?;
        let mut lacking = None;
        for (index, session) in sessions.into_iter().enumerate() {
            let (session_type, talker_id) = match session.numbers() {
                Ok(numbers) => numbers,
                Err(field) => {
                    lacking.get_or_insert_with(|| format!("data.session_list[{index}].{field}"));
                    continue;
                }
            };
            match Talker::from_wire(session_type, talker_id) {
                Some(talker) => list.sessions.push(session.with(talker)),
                None => list.unknown.push((session_type, talker_id)),
            }
        }
        match lacking {
            Some(lacking) if list.sessions.is_empty() && list.unknown.is_empty() => Err(lacking),
            _ => Ok(list),
        }
    }
}
