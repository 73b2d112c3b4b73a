//! Unread messages of users: `GET /session_svr/v1/session_svr/single_unread`.

use crate::endpoint::prelude::*;

/// Counts the unread messages of users (docs/protocol.md §6). Groups are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SingleUnread {
    /// Which messages to count. `None` leaves it to the service, which counts all.
    pub unread_type: Option<UnreadType>,
    /// Whether to count intercepted messages (`show_dustbin`).
    pub show_dustbin: bool,
    /// Whether users whom the account does not follow have a list of their own.
    pub show_unfollow_list: bool,
}

/// Which unread messages to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadType {
    /// All messages (0).
    All,
    /// From users whom the account follows (1).
    Followed,
    /// From other users (2).
    Unfollowed,
    /// Intercepted messages (3).
    Dustbin,
}

wire! {
    /// Numbers of unread messages. A count missing in the answer is 0.
    pub struct Unread {
        /// From users whom the account follows.
        pub follow_unread: u64,
        /// From other users.
        pub unfollow_unread: u64,
        /// Intercepted messages.
        pub dustbin_unread: u64,
        /// From businesses that the account follows.
        pub biz_msg_follow_unread: u64,
        /// From other businesses.
        pub biz_msg_unfollow_unread: u64,
        /// From system accounts (`custom_unread`).
        pub custom_unread: u64,
        /// Whether messages of users whom the account does not follow are pushed to the phone.
        pub unfollow_push_msg: u64,
        /// Whether intercepted messages are pushed to the phone.
        pub dustbin_push_msg: u64,
    }
}

impl SingleUnread {
    /// Counts all messages except intercepted ones.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts messages of one kind only.
    #[must_use]
    pub fn with_type(mut self, unread_type: UnreadType) -> Self {
        self.unread_type = Some(unread_type);
        self.show_dustbin |= unread_type == UnreadType::Dustbin;
        self
    }
}

impl Endpoint for SingleUnread {
    type Response = Unread;

    const SPEC: Spec = Spec::get(Host::Im, "/session_svr/v1/session_svr/single_unread");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        let unread_type = self.unread_type.map(|unread_type| match unread_type {
            UnreadType::All => 0,
            UnreadType::Followed => 1,
            UnreadType::Unfollowed => 2,
            UnreadType::Dustbin => 3,
        });
        Ok(Parts::query(
            Query::new()
                .with_some("unread_type", unread_type)
                .with_some("show_unfollow_list", self.show_unfollow_list.then_some(1))
                .with_some("show_dustbin", self.show_dustbin.then_some(1)),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<Unread, Error> {
        answer.data()
    }
}
