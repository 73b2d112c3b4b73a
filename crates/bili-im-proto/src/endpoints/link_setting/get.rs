//! The account's settings: `GET /link_setting/v1/link_setting/get`.

use crate::endpoint::prelude::*;

/// Reads the account's settings of private messages (docs/protocol.md §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GetSettings;

wire! {
    /// The account's settings of private messages. Values are 0 (no) and 1 (yes) unless said
    /// otherwise. `None` is a setting that the answer lacks, or that stays unchanged when setting.
    /// Automatic replies need 1000 fans.
    #[derive(Eq)]
    pub struct Settings {
        /// Whether sessions with users that the account does not follow are folded away: 1 yes,
        /// contrary to the name.
        pub show_unfollowed_msg: Option<u32>,
        /// Whether notifications of messages are shown: 1 yes, 3 no.
        pub msg_notify: Option<u32>,
        /// Whether sessions with groups are folded away.
        pub is_group_fold: Option<u32>,
        /// Whether messages of groups are received.
        pub should_receive_group: Option<u32>,
        /// Whether messages of users that the account does not follow are received.
        pub receive_unfollow_msg: Option<u32>,
        /// Whether new followers get an automatic reply.
        pub followed_reply: Option<u32>,
        /// Whether messages with certain keywords get an automatic reply.
        pub keys_reply: Option<u32>,
        /// Whether every message gets an automatic reply.
        pub recv_reply: Option<u32>,
        /// Whether patrons (大航海) get an automatic reply.
        pub voyage_reply: Option<u32>,
        /// Whether followers that the service recommended get an automatic reply.
        pub recommend_followed_reply: Option<u32>,
        /// Whether an AI filters messages.
        pub ai_intercept: Option<u32>,
    }
}

impl Endpoint for GetSettings {
    type Response = Settings;

    const SPEC: Spec = Spec::get(Host::Im, "/link_setting/v1/link_setting/get");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        // Any value selects the field.
        let asked = Settings::default().fields();
        Ok(Parts::query(
            asked
                .into_iter()
                .fold(Query::new(), |query, (name, _)| query.with(name, 1)),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<Settings, Error> {
        answer.data()
    }
}

impl Settings {
    /// The settings by name. The service sends only those that are named.
    pub(super) fn fields(&self) -> [(&'static str, Option<u32>); 11] {
        [
            ("show_unfollowed_msg", self.show_unfollowed_msg),
            ("msg_notify", self.msg_notify),
            ("is_group_fold", self.is_group_fold),
            ("should_receive_group", self.should_receive_group),
            ("receive_unfollow_msg", self.receive_unfollow_msg),
            ("followed_reply", self.followed_reply),
            ("keys_reply", self.keys_reply),
            ("recv_reply", self.recv_reply),
            ("voyage_reply", self.voyage_reply),
            ("recommend_followed_reply", self.recommend_followed_reply),
            ("ai_intercept", self.ai_intercept),
        ]
    }
}
