//! The settings of an account (docs/protocol.md §10).

use super::State;
use crate::{ids::Uid, world::Accepts};

/// A setting, with the service's name.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) values: [u8; 2],
    /// Whether it turns on an automatic reply.
    pub(crate) is_reply: bool,
    initial: u8,
}

const fn switch(name: &'static str, initial: u8) -> Setting {
    Setting {
        name,
        values: [0, 1],
        is_reply: false,
        initial,
    }
}

const fn reply(name: &'static str) -> Setting {
    Setting {
        is_reply: true,
        ..switch(name, 0)
    }
}

/// This setting follows from [`Account::accepts`](crate::Account::accepts).
const RECEIVE_UNFOLLOW_MSG: &str = "receive_unfollow_msg";

/// All settings.
pub(crate) static SETTINGS: [Setting; 11] = [
    switch("ai_intercept", 0),
    reply("followed_reply"),
    switch("is_group_fold", 0),
    reply("keys_reply"),
    Setting {
        // 1 turns notifications on, 3 off.
        values: [1, 3],
        ..switch("msg_notify", 1)
    },
    switch(RECEIVE_UNFOLLOW_MSG, 1),
    reply("recommend_followed_reply"),
    reply("recv_reply"),
    switch("should_receive_group", 1),
    // 1 hides them, although the name says the opposite.
    switch("show_unfollowed_msg", 0),
    reply("voyage_reply"),
];

impl State {
    /// The value of a setting.
    pub(crate) fn setting(&self, owner: Uid, setting: &Setting) -> u8 {
        if setting.name == RECEIVE_UNFOLLOW_MSG {
            return self
                .accounts
                .get(&owner)
                .is_some_and(|account| account.accepts == Accepts::Everyone)
                .into();
        }
        self.changed_settings
            .get(&(owner, setting.name))
            .copied()
            .unwrap_or(setting.initial)
    }

    /// Sets a setting to one of its values.
    pub(crate) fn change_setting(&mut self, owner: Uid, setting: &Setting, value: u8) {
        if setting.name != RECEIVE_UNFOLLOW_MSG {
            self.changed_settings.insert((owner, setting.name), value);
        } else if let Some(account) = self.accounts.get_mut(&owner) {
            account.accepts = match (value, account.accepts) {
                (1, _) => Accepts::Everyone,
                (_, Accepts::Everyone) => Accepts::Followed,
                (_, narrower) => narrower,
            };
        }
    }
}
