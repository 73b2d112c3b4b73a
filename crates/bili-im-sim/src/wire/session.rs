//! The JSON of sessions (docs/protocol.md §7).

use std::collections::BTreeMap;

use serde::Serialize;

use super::MessageBody;
use crate::{
    chance::Chance,
    ids::{Talker, Uid},
    state::{SessionView, State},
};

#[derive(Debug, Default, Serialize)]
pub(crate) struct SessionBody<'a> {
    talker_id: u64,
    session_type: u8,
    at_seqno: u64,
    top_ts: u64,
    group_name: &'a str,
    group_cover: &'static str,
    group_type: u8,
    is_follow: u8,
    is_dnd: u8,
    ack_seqno: u64,
    ack_ts: u64,
    session_ts: u64,
    unread_count: usize,
    /// `None` leaves the field out; `Some(None)` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_msg: Option<Option<MessageBody<'a>>>,
    can_fold: u8,
    status: u8,
    max_seqno: u64,
    new_push_msg: u8,
    setting: u8,
    is_guardian: u8,
    is_intercept: u8,
    is_trust: u8,
    system_msg_type: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_info: Option<AccountInfo<'a>>,
    live_status: u8,
    biz_msg_unread_count: u8,
    user_label: Option<()>,
}

#[derive(Debug, Serialize)]
struct AccountInfo<'a> {
    name: &'a str,
    pic_url: &'a str,
}

impl<'a> SessionBody<'a> {
    pub(crate) fn new(view: SessionView<'a>, state: &'a State, chance: &mut Chance) -> Self {
        let session = view.session;
        let (group, account) = match view.talker {
            Talker::Group(group) => (state.groups.get(&group), None),
            Talker::User(uid) => (None, state.accounts.get(&uid)),
        };
        let is_follow = account.is_some_and(|account| state.follows(view.owner, account.uid));
        let system = account.filter(|account| account.system_msg_type != 0);
        Self {
            talker_id: view.talker.id(),
            session_type: view.talker.session_type(),
            top_ts: session.top_ts.0,
            group_name: group.map_or("", |group| &group.name),
            is_follow: is_follow.into(),
            is_dnd: session.muted.into(),
            ack_seqno: session.ack_seqno.0,
            ack_ts: session.ack_ts.0,
            session_ts: view.session_ts().0,
            unread_count: view.unread(),
            last_msg: last_msg(view, state, chance),
            can_fold: group.is_some().into(),
            max_seqno: view.max_seqno().0,
            setting: session.pushes_off.into(),
            is_intercept: session.intercepted.into(),
            system_msg_type: system.map_or(0, |account| account.system_msg_type),
            account_info: system.map(|account| AccountInfo {
                name: &account.name,
                pic_url: &account.face,
            }),
            ..Self::default()
        }
    }
}

fn last_msg<'a>(
    view: SessionView<'a>,
    state: &State,
    chance: &mut Chance,
) -> Option<Option<MessageBody<'a>>> {
    if !state.options.last_msg_missing.occurs(chance) {
        Some(Some(view.last.into()))
    } else if chance.hits(0.5) {
        Some(None)
    } else {
        None
    }
}

/// A page of sessions. The list is null when there are none.
#[derive(Debug, Serialize)]
pub(crate) struct SessionList<'a> {
    session_list: Option<Vec<SessionBody<'a>>>,
    has_more: u8,
    anti_disturb_cleaning: bool,
    is_address_list_empty: u8,
    system_msg: BTreeMap<u32, Uid>,
    show_level: bool,
}

impl<'a> SessionList<'a> {
    pub(crate) fn new(
        views: impl IntoIterator<Item = SessionView<'a>>,
        has_more: bool,
        state: &'a State,
        chance: &mut Chance,
    ) -> Self {
        let sessions: Vec<_> = views
            .into_iter()
            .map(|view| SessionBody::new(view, state, chance))
            .collect();
        let system = state
            .accounts
            .values()
            .filter(|account| account.system_msg_type != 0);
        Self {
            session_list: (!sessions.is_empty()).then_some(sessions),
            has_more: has_more.into(),
            anti_disturb_cleaning: false,
            is_address_list_empty: 0,
            system_msg: system
                .map(|account| (account.system_msg_type, account.uid))
                .collect(),
            show_level: true,
        }
    }
}
