//! Unread counts, as `unread` and `watch` print them.

use std::fmt::{self, Display};

use bili_im_proto::Unread;
use serde::Serialize;

/// Unread counts.
#[derive(Debug, Serialize)]
pub(crate) struct CountsJson {
    follow_unread: u64,
    unfollow_unread: u64,
    group_unread: Option<u64>,
    dustbin_unread: u64,
    biz_msg_follow_unread: u64,
    biz_msg_unfollow_unread: u64,
    custom_unread: u64,
}

impl CountsJson {
    pub(crate) fn new(users: &Unread, groups: Option<u64>) -> Self {
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

    fn write(&self, f: &mut fmt::Formatter<'_>, separator: &str) -> fmt::Result {
        let Self {
            follow_unread,
            unfollow_unread,
            group_unread,
            ..
        } = self;
        write_text!(
            f,
            "followed {follow_unread}{separator}others {unfollow_unread}",
            "我关注的 {follow_unread}{separator}其他人 {unfollow_unread}"
        )?;
        match group_unread {
            Some(groups) => write_text!(
                f,
                "{separator}groups {groups}",
                "{separator}粉丝团 {groups}"
            ),
            None => Ok(()),
        }
    }
}

impl Display for CountsJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "\n")
    }
}

/// Unread counts on one line.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct CountsLine(pub(crate) CountsJson);

impl Display for CountsLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, text!(", ", "，"))
    }
}
