//! A page of sessions: `GET /session_svr/v1/session_svr/get_sessions`.

use crate::{
    endpoint::prelude::*,
    session::{SessionList, WireSessionList},
    setters::setters,
    time::UnixMicros,
};

/// Lists sessions, latest change first (docs/protocol.md §7). [`SessionFilter::All`] has one page
/// only: there the service ignores [`end_ts`](Self::end_ts).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetSessions {
    /// Which sessions.
    pub filter: SessionFilter,
    /// Only sessions changed after this time.
    pub begin_ts: Option<UnixMicros>,
    /// Only sessions changed up to this time: the [`oldest`](SessionList::oldest) of a page gives the
    /// next one. That session may come again.
    pub end_ts: Option<UnixMicros>,
    /// Sessions per page, 1 to 100.
    pub size: u32,
}

/// Which sessions to list. It is sent as `session_type`, and its numbers are not those of a
/// session's own `session_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionFilter {
    /// With users, and with system accounts too (1).
    Users,
    /// With users whom the account does not follow (2).
    Unfollowed,
    /// With groups (3).
    Groups,
    /// All, on one page only (4).
    All,
    /// With users whose messages are intercepted (5).
    Intercepted,
    /// With businesses (6).
    Business,
    /// With system accounts (7).
    System,
    /// With strangers (8). How these differ from the unfollowed is not known.
    Strangers,
    /// With users whom the account follows (9).
    Followed,
}

impl GetSessions {
    /// Lists the first 20 sessions.
    pub fn new(filter: SessionFilter) -> Self {
        Self {
            filter,
            begin_ts: None,
            end_ts: None,
            size: 20,
        }
    }
}

setters! { GetSessions {
    /// Other values are brought into the range 1 to 100.
    with_size sets size: u32,
} }

impl SessionFilter {
    fn number(self) -> u8 {
        match self {
            Self::Users => 1,
            Self::Unfollowed => 2,
            Self::Groups => 3,
            Self::All => 4,
            Self::Intercepted => 5,
            Self::Business => 6,
            Self::System => 7,
            Self::Strangers => 8,
            Self::Followed => 9,
        }
    }
}

impl Endpoint for GetSessions {
    type Response = SessionList;

    const SPEC: Spec = Spec::get(Host::Im, "/session_svr/v1/session_svr/get_sessions").signed();

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(
            Query::new()
                .with("session_type", self.filter.number())
                .with("group_fold", 0)
                .with("unfollow_fold", 0)
                .with("sort_rule", 2)
                .with_some("begin_ts", self.begin_ts)
                .with_some("end_ts", self.end_ts)
                .with("size", self.size.clamp(1, 100)),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<SessionList, Error> {
        (answer.data::<WireSessionList>()?.finish()).map_err(|field| answer.missing(&field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{MsgKey, Seqno, Talker},
        session::SystemAccount,
        testing::*,
    };

    #[test]
    fn full_and_minimal_sessions_are_read() {
        let list = decode::<GetSessions>(
            200,
            r#"{"code":0,"data":{"session_list":[
                {"talker_id":9,"session_type":1,"at_seqno":0,"top_ts":1700000000000001,"is_follow":1,"is_dnd":1,"ack_seqno":7,"ack_ts":5,"session_ts":1300000000000000,"unread_count":2,
                 "last_msg":{"sender_uid":9,"receiver_type":1,"receiver_id":2,"msg_type":1,"content":"{}","msg_seqno":8,"msg_key":6852559688104417870},
                 "max_seqno":8,"setting":1,"live_status":1,"system_msg_type":7,"account_info":{"name":"n","pic_url":"p"},"user_label":null},
                {"talker_id":9,"session_type":2,"group_name":"g","last_msg":null,"session_ts":1500000000000000},
                {"talker_id":1,"session_type":1,"last_msg":{},"session_ts":"1400000000000000"},
                {"talker_id":4,"session_type":77}],"has_more":1}}"#,
        )
        .unwrap();
        let [first, second, third] = &list.sessions[..] else {
            panic!("{list:?}")
        };
        assert_eq!(first.talker, Talker::user(9));
        assert_eq!(
            (first.max_seqno, first.ack_seqno),
            (Some(Seqno(8)), Some(Seqno(7)))
        );
        assert_eq!(
            first.last_msg.as_ref().unwrap().msg_key,
            MsgKey(6852559688104417870)
        );
        assert_eq!(first.system_account, SystemAccount::CreatorAssistant);
        assert!(first.is_follow && first.is_muted && first.pushes_off && first.is_live);
        assert_eq!(
            (second.talker, &*second.group_name),
            (Talker::group(9), "g")
        );
        assert_eq!((&second.last_msg, &third.last_msg), (&None, &None));
        assert_eq!(list.unknown, [(77, 4)]);
        assert!(list.has_more);
        // A pinned session does not count: it leads the page whatever its time.
        assert_eq!(list.oldest(), Some(UnixMicros(1_400_000_000_000_000)));
    }
}
