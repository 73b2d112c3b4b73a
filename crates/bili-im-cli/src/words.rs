//! Texts for people to read.

use std::time::Duration;

use bili_im_proto::{Content, Direction, Printable, Session, Talker};

use crate::language::{Language, current};

/// A text on one line without control characters. A line break becomes `⏎`, since `\n` could be
/// something that the sender wrote.
pub(crate) fn on_one_line(text: &str) -> String {
    let line = text.replace("\r\n", "⏎").replace(['\n', '\r'], "⏎");
    Printable(&line).to_string()
}

/// The content of a message on one line.
pub(crate) fn line(content: &Content) -> String {
    on_one_line(&match content {
        Content::Text(text) if text.trim().is_empty() => format!("{text:?}"),
        // Not the summary, which drops line breaks.
        Content::Text(text) => text.clone(),
        Content::Image(image) => format!("{} {}", summary(content), image.url()),
        other => summary(other),
    })
}

/// The summary of a content, with its label in the language of the user.
pub(crate) fn summary(content: &Content) -> String {
    let summary = content.summary();
    match (english_label(content), label_end(&summary)) {
        (Some(label), Some(end)) if current() == Language::English => {
            format!("[{label}]{}", summary.get(end..).unwrap_or_default())
        }
        _ => summary,
    }
}

/// Where the label ends that a summary begins with.
pub(crate) fn label_end(summary: &str) -> Option<usize> {
    let end = summary.find(']')? + 1;
    summary.starts_with('[').then_some(end)
}

/// The label of a content whose summary begins with one.
fn english_label(content: &Content) -> Option<String> {
    Some(match content {
        Content::Image(_) => "image".to_owned(),
        Content::Recall(_) => "recalled a message".to_owned(),
        Content::Recalled => "recalled message".to_owned(),
        Content::Share(_) | Content::ShareOther(_) | Content::TextShare(_) => "share".to_owned(),
        Content::MiniProgram(_) => "mini program".to_owned(),
        Content::VideoPush(_) => "video".to_owned(),
        Content::ArticlePush(_) => "article".to_owned(),
        Content::PictureCard(_) => "picture".to_owned(),
        Content::Unknown { msg_type, .. } => format!("message of type {}", msg_type.number()),
        Content::Malformed { msg_type, .. } => {
            format!("unreadable content of type {}", msg_type.number())
        }
        _ => return None,
    })
}

/// The marks of a session: pinned, muted, intercepted, live.
pub(crate) fn marks(session: &Session) -> Vec<&'static str> {
    let marks = [
        (session.top_ts.is_some(), text!("pinned", "置顶")),
        (session.is_muted, text!("muted", "免打扰")),
        (session.is_intercepted, text!("intercepted", "已拦截")),
        (session.is_live, text!("live", "直播中")),
    ];
    let marks = marks.iter().filter(|(is_set, _)| *is_set);
    marks.map(|&(_, name)| name).collect()
}

/// Who wrote a message: someone else, the account's owner elsewhere, or this program.
pub(crate) fn direction_text(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => text!("incoming", "收到"),
        Direction::Own => text!("own", "我"),
        Direction::Sent => text!("sent", "已发送"),
    }
}

/// A talker in a sentence.
pub(crate) fn talker_text(talker: Talker) -> String {
    match talker {
        Talker::User(uid) => format_text!("user {uid}", "用户 {uid}"),
        Talker::Group(id) => format_text!("group {id}", "应援团 {id}"),
    }
}

/// A talker, as commands take it as arguments.
pub(crate) fn talker_cell(talker: Talker) -> String {
    match talker {
        Talker::User(uid) => uid.to_string(),
        Talker::Group(id) => format!("--group {id}"),
    }
}

/// A length of time, roughly.
pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format_text!("{seconds} s", "{seconds} 秒"),
        seconds @ 60..3600 => format_text!("{} min", "{} 分钟", seconds / 60),
        seconds if seconds % 3600 < 60 => {
            format_text!("{} h", "{} 小时", seconds / 3600)
        }
        seconds => format_text!(
            "{} h {} min",
            "{} 小时 {} 分钟",
            seconds / 3600,
            seconds % 3600 / 60
        ),
    }
}

/// Such as `1 message`, `2 messages`.
pub(crate) fn messages(count: u64) -> String {
    match count {
        1 => text!("1 message", "1 条消息").to_owned(),
        _ => format_text!("{count} messages", "{count} 条消息"),
    }
}

/// Such as `1 conversation`, `2 conversations`.
pub(crate) fn conversations(count: u64) -> String {
    match count {
        1 => text!("1 conversation", "1 个会话").to_owned(),
        _ => format_text!("{count} conversations", "{count} 个会话"),
    }
}

/// That so many recalled messages lost what they said, and what keeps it.
pub(crate) fn erased(count: u64) -> String {
    format_text!(
        "{count} recalled messages lost what they said: --keep-recalled keeps it next time",
        "抹去了 {count} 条已撤回消息的内容：下次加 --keep-recalled 可保留"
    )
}

/// Removes one line end from a program's output.
pub(crate) fn without_line_end(text: &str) -> &str {
    let bare = text.strip_suffix('\n').unwrap_or(text);
    bare.strip_suffix('\r')
        .filter(|_| bare.len() < text.len())
        .unwrap_or(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_is_not_shown_as_a_backslash_and_a_letter() {
        assert_eq!(on_one_line("a\nb\r\nc\rd"), "a⏎b⏎c⏎d");
        assert_eq!(on_one_line("a\\nb\u{1b}"), "a\\nb\\u{1b}");
    }

    #[test]
    fn labels_are_in_the_language_of_the_user() {
        use bili_im_proto::MsgType;

        for (msg_type, raw, expected) in [
            (MsgType::Text, r#"{"content":"[图片] x"}"#, "[图片] x"),
            (
                MsgType::Image,
                r#"{"url":"https://a.b/c"}"#,
                "[image] https://a.b/c",
            ),
            (
                MsgType::Share,
                r#"{"title":"[合集] t"}"#,
                "[share] [合集] t",
            ),
            (MsgType::from(777), "[1]", "[message of type 777] [1]"),
            (MsgType::Image, "x", "[unreadable content of type 2] x"),
        ] {
            assert_eq!(line(&Content::parse(msg_type, raw)), expected);
        }
        assert_eq!(line(&Content::Recalled), "[recalled message]");
    }

    #[test]
    fn one_line_end_is_taken_off_and_no_more() {
        for (text, expected) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r", "a\r"),
            ("a", "a"),
            ("\n", ""),
        ] {
            assert_eq!(without_line_end(text), expected);
        }
    }
}
