//! The words of an event, for templates.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::outlets::filter::{said, text};

/// The value of a field of a template.
pub(crate) fn value(field: &str, json: &Value, sender: &str) -> String {
    match field {
        "sender" => sender.to_owned(),
        "sender_uid" => text(json, "/message/sender_uid").to_owned(),
        "talker" => match id(json, "user") {
            "" => format!("group:{}", id(json, "group")),
            user => format!("user:{user}"),
        },
        "account" => text(json, "/account").to_owned(),
        "text" => match (said(json), text(json, "/error/message")) {
            ("", "") => text(json, "/event").to_owned(),
            ("", error) => error.to_owned(),
            (said, _) => said.to_owned(),
        },
        "time" => time(json),
        "link" => link(json).unwrap_or_default(),
        "event" => text(json, "/event").to_owned(),
        // "count", of a single event.
        _ => "1".to_owned(),
    }
}

/// The page of a conversation.
pub(crate) fn link(json: &Value) -> Option<String> {
    let uid = Some(id(json, "user")).filter(|uid| !uid.is_empty())?;
    Some(format!("https://message.bilibili.com/#/whisper/mid{uid}"))
}

fn id<'a>(json: &'a Value, kind: &str) -> &'a str {
    match text(json, &format!("/talker/{kind}")) {
        "" => text(json, &format!("/session/talker/{kind}")),
        id => id,
    }
}

/// The time of a message, or now, where this machine is.
fn time(json: &Value) -> String {
    let seconds = json.pointer("/message/timestamp").and_then(Value::as_i64);
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let moment = moment.unwrap_or_else(Timestamp::now);
    moment
        .to_zoned(TimeZone::system())
        .strftime("%F %H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_come_from_the_event() {
        let event = json!({
            "event": "message",
            "account": "main",
            "talker": { "user": "7" },
            "message": {
                "sender_uid": "7",
                "timestamp": 1_700_000_000,
                "content": { "type": "image", "summary": "[图片]" },
            },
        });
        let value = |field| value(field, &event, "小明");
        assert_eq!(value("sender"), "小明");
        assert_eq!(
            (value("sender_uid"), value("talker")),
            ("7".to_owned(), "user:7".to_owned())
        );
        assert_eq!(
            (value("text"), value("account")),
            ("[图片]".to_owned(), "main".to_owned())
        );
        assert!(value("time").starts_with("2023-11-1"));
        assert!(value("link").ends_with("/mid7"));
    }

    #[test]
    fn an_event_without_a_message_says_its_error_or_its_word() {
        let held = json!({ "event": "held", "error": { "message": "too fast" } });
        assert_eq!(value("text", &held, ""), "too fast");
        assert_eq!(
            value("text", &json!({ "event": "login_ends" }), ""),
            "login_ends"
        );
        assert_eq!(link(&held), None);
    }
}
