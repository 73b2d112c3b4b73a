//! Unread counts, as people see them.

use std::fmt::{self, Display};

use bili_im_json::CountsJson;
use serde::Serialize;

/// Unread counts.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct CountsOutput(pub(crate) CountsJson);

impl Display for CountsOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.0, "\n")
    }
}

/// Unread counts on one line.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct CountsLine(pub(crate) CountsJson);

impl Display for CountsLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.0, text!(", ", "，"))
    }
}

fn write(f: &mut fmt::Formatter<'_>, counts: &CountsJson, separator: &str) -> fmt::Result {
    let CountsJson {
        follow_unread,
        unfollow_unread,
        group_unread,
        ..
    } = counts;
    write_text!(
        f,
        "followed {follow_unread}{separator}others {unfollow_unread}",
        "我关注的 {follow_unread}{separator}其他人 {unfollow_unread}"
    )?;
    match group_unread {
        Some(groups) => write_text!(
            f,
            "{separator}groups {groups}",
            "{separator}应援团 {groups}"
        ),
        None => Ok(()),
    }
}
