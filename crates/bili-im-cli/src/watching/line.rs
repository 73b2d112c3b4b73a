//! An event as a line for people, as JSON, and as environment variables for a program.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use bili_im_json::{CountsJson, EventJson, direction_word};
use bili_im_proto::{Direction, Event, EventKind, Message, Monotonic, Now, Session, Talker};
use serde::Serialize;

use crate::{
    failure::Failure,
    json::CountsLine,
    moment,
    wording::Worded,
    words::{self, direction_text, talker_cell},
};

/// The most bytes of a text in a variable. The JSON has the whole text.
const LONGEST_VARIABLE: usize = 16 << 10;

/// An event to print.
#[derive(Debug)]
pub(crate) struct EventLine<'a> {
    pub(crate) event: &'a Event,
    pub(crate) sender_name: Option<String>,
    pub(crate) now: Now,
}

impl EventLine<'_> {
    /// The text of an event that people get as a warning; `None` for other events.
    pub(crate) fn warning(&self) -> Option<String> {
        match &self.event.kind {
            EventKind::Held { until, cause } => {
                let wait = self.seconds_until(*until);
                Some(format_text!(
                    "waits for {wait} s: {cause}",
                    "等待 {wait} 秒：{cause}",
                    cause = cause.worded()
                ))
            }
            EventKind::SessionFailed {
                talker,
                retry_at: Some(retry_at),
                cause,
            } => {
                let (talker, wait) = (talker_cell(*talker), self.seconds_until(*retry_at));
                Some(format_text!(
                    "the session {talker} waits for {wait} s, the others go on: {cause}",
                    "会话 {talker} 等待 {wait} 秒，其他会话照常：{cause}",
                    cause = cause.worded()
                ))
            }
            EventKind::SessionFailed { talker, cause, .. } => {
                let talker = talker_cell(*talker);
                Some(format_text!(
                    "the session {talker} is gone: {cause}",
                    "会话 {talker} 已不存在：{cause}",
                    cause = cause.worded()
                ))
            }
            EventKind::SessionRecovered { talker } => {
                let talker = talker_cell(*talker);
                Some(format_text!(
                    "the session {talker} can be read again",
                    "会话 {talker} 又能读取了"
                ))
            }
            EventKind::LoginEnds { at } => {
                let day = moment::day(*at);
                Some(format_text!(
                    "the login ends on {day}: log in again before, with bili-im login",
                    "登录在 {day} 到期，请在那之前用 bili-im login 重新登录"
                ))
            }
            _ => None,
        }
    }

    /// The environment variables that describe a message.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let EventKind::Message {
            talker,
            message,
            direction,
        } = &self.event.kind
        else {
            return Vec::new();
        };
        let kind = match talker {
            Talker::User(_) => "user",
            Talker::Group(_) => "group",
        };
        let text = match message.content() {
            bili_im_proto::Content::Text(text) => text,
            other => other.summary(),
        };
        vec![
            ("BILI_IM_EVENT", "message".to_owned()),
            ("BILI_IM_EVENT_ID", self.id().unwrap_or_default()),
            ("BILI_IM_TALKER", talker.id().to_string()),
            ("BILI_IM_TALKER_KIND", kind.to_owned()),
            ("BILI_IM_SENDER_UID", message.sender_uid.to_string()),
            ("BILI_IM_MSG_KEY", message.msg_key.to_string()),
            ("BILI_IM_MSG_SEQNO", message.msg_seqno.to_string()),
            ("BILI_IM_MSG_TYPE", message.msg_type.number().to_string()),
            ("BILI_IM_MSG_SOURCE", message.source.number().to_string()),
            ("BILI_IM_TIMESTAMP", message.timestamp.to_string()),
            ("BILI_IM_DIRECTION", direction_word(*direction).to_owned()),
            ("BILI_IM_BY_A_PERSON", message.is_by_a_person().to_string()),
            ("BILI_IM_TEXT", as_variable(text)),
        ]
    }

    pub(crate) fn id(&self) -> Option<String> {
        Some(self.event.id()?.to_string())
    }

    fn seconds_until(&self, moment: Monotonic) -> u64 {
        let wait = moment.since(self.now.mono);
        (wait + Duration::from_millis(999)).as_secs()
    }

    fn fmt_message(
        &self,
        f: &mut fmt::Formatter<'_>,
        talker: Talker,
        message: &Message,
        direction: Direction,
    ) -> fmt::Result {
        let (time, talker) = (moment::local(message.timestamp), talker_cell(talker));
        write!(f, "{time} {talker} ")?;
        match (direction, &self.sender_name) {
            (Direction::Incoming, Some(name)) => {
                write_text!(f, "from {}", "来自 {}", words::on_one_line(name))?
            }
            (Direction::Incoming, None) => {
                write_text!(f, "from {}", "来自 {}", message.sender_uid)?
            }
            (own, _) => f.write_str(direction_text(own))?,
        }
        write!(f, ": {}", words::line(&message.content()))
    }
}

impl Serialize for EventLine<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EventJson::new(self.event, self.now, |error| Failure::from(error).into())
            .serialize(serializer)
    }
}

impl Display for EventLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = moment::local_micros(self.now.unix);
        match &self.event.kind {
            EventKind::Message {
                talker,
                message,
                direction,
            } => self.fmt_message(f, *talker, message, *direction),
            EventKind::Recalled { talker, msg_key } => {
                let talker = talker_cell(*talker);
                match msg_key {
                    Some(key) => write_text!(
                        f,
                        "{now} {talker} recalled {key}",
                        "{now} {talker} 撤回了 {key}"
                    ),
                    None => write_text!(
                        f,
                        "{now} {talker} recalled a message",
                        "{now} {talker} 撤回了一条消息"
                    ),
                }
            }
            EventKind::Unreadable { talker } => {
                let talker = talker_cell(*talker);
                write_text!(
                    f,
                    "{now} {talker} a message that cannot be read",
                    "{now} {talker} 有一条无法读取的消息"
                )
            }
            EventKind::SessionChanged { session } => {
                let talker = talker_cell(session.talker);
                write_text!(
                    f,
                    "{now} {talker} changed: {}",
                    "{now} {talker} 有变化：{}",
                    state(session)
                )
            }
            EventKind::UnreadChanged { users, groups } => {
                let unread = CountsLine(CountsJson::new(users, *groups));
                write_text!(f, "{now} unread: {unread}", "{now} 未读：{unread}")
            }
            _ => f.write_str(&self.warning().unwrap_or_default()),
        }
    }
}

/// The unread count and the marks of a session.
fn state(session: &Session) -> String {
    let unread = format_text!("unread {}", "未读 {}", session.unread_count);
    match words::marks(session).join(",") {
        marks if marks.is_empty() => unread,
        marks => format_text!("{unread}, {marks}", "{unread}，{marks}"),
    }
}

/// Replaces NUL, which a variable cannot hold, and cuts the text off at the greatest length.
fn as_variable(text: String) -> String {
    let mut text = text.replace('\0', "\u{fffd}");
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|&end| end <= LONGEST_VARIABLE).last();
    text.truncate(end.unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_no_nul_and_an_end() {
        assert_eq!(as_variable("a\0b\n中".to_owned()), "a\u{fffd}b\n中");
        let long = as_variable("中".repeat(10_000));
        assert_eq!(long, "中".repeat(LONGEST_VARIABLE / 3));
    }
}
