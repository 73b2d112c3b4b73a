//! Unread messages of groups: `GET /session_svr/v1/session_svr/my_group_unread`.

use crate::endpoint::prelude::*;

/// Counts the unread messages of fan groups (docs/protocol.md §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MyGroupUnread;

wire! {
    /// The unread count of all groups together.
    pub struct GroupUnread {
        /// The number of unread messages.
        pub unread_count: u64,
    }
}

impl Endpoint for MyGroupUnread {
    type Response = GroupUnread;

    const SPEC: Spec = Spec::get(Host::Im, "/session_svr/v1/session_svr/my_group_unread");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<GroupUnread, Error> {
        answer.data()
    }
}
