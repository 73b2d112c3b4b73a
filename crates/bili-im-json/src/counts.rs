//! Unread counts, as `unread` and `watch` print them.

use bili_im_proto::Unread;
use schemars::JsonSchema;
use serde::Serialize;

/// Unread counts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountsJson {
    /// Of users whom the account follows.
    pub follow_unread: u64,
    /// Of other users.
    pub unfollow_unread: u64,
    /// Of groups; `None` when they could not be read.
    pub group_unread: Option<u64>,
    dustbin_unread: u64,
    biz_msg_follow_unread: u64,
    biz_msg_unfollow_unread: u64,
    custom_unread: u64,
}

impl CountsJson {
    /// The counts of users, and of groups.
    pub fn new(users: &Unread, groups: Option<u64>) -> Self {
        Self {
            follow_unread: users.follow_unread,
            unfollow_unread: users.unfollow_unread,
            group_unread: groups,
            dustbin_unread: users.dustbin_unread,
            biz_msg_follow_unread: users.biz_msg_follow_unread,
            biz_msg_unfollow_unread: users.biz_msg_unfollow_unread,
            custom_unread: users.custom_unread,
        }
    }
}
