//! The things that events and calls are about, as the protocol describes them.

use bili_im_proto::Talker;
use serde_json::{Map, Value, json};

use super::content::to_markup;
/// The conversation of a channel.
pub(super) use crate::rights::talker as talker_of;

/// The platform's name.
pub(super) const PLATFORM: &str = "bilibili";

/// The id of a conversation's channel: `user:10002` or `group:20001`.
pub(super) fn channel_id(talker: Talker) -> String {
    match talker {
        Talker::User(uid) => format!("user:{uid}"),
        Talker::Group(id) => format!("group:{id}"),
    }
}

/// A conversation's channel.
pub(super) fn channel(talker: Talker, name: Option<&str>) -> Value {
    let (text, direct) = (0, 1);
    let kind = match talker {
        Talker::User(_) => direct,
        Talker::Group(_) => text,
    };
    let mut channel = json!({ "id": channel_id(talker), "type": kind });
    put(&mut channel, "name", name);
    channel
}

/// The guild of a group, which has one channel.
pub(super) fn guild(talker: Talker, name: Option<&str>) -> Option<Value> {
    let Talker::Group(id) = talker else {
        return None;
    };
    let mut guild = json!({ "id": id.to_string() });
    put(&mut guild, "name", name);
    Some(guild)
}

/// A user of whom more may be known.
pub(super) fn user(uid: &str, name: Option<&str>, avatar: Option<&str>) -> Value {
    let mut user = json!({ "id": uid });
    put(&mut user, "name", name);
    put(&mut user, "avatar", avatar);
    user
}

/// A message (the program's JSON) without those that it has in common with what it is part of.
pub(super) fn message(message: &Value) -> Value {
    let mentioned = message.get("at_uids").and_then(Value::as_array);
    let mentioned = mentioned.into_iter().flatten().filter_map(Value::as_str);
    let mentioned: Vec<&str> = mentioned.filter(|uid| *uid != "0").collect();
    let content = message.get("content").unwrap_or(&Value::Null);
    json!({
        "id": text(message, "msg_key").unwrap_or_default(),
        "content": to_markup(content, &mentioned),
        "created_at": milliseconds(message),
    })
}

/// The sender of a message.
pub(super) fn sender(message: &Value) -> Value {
    let uid = text(message, "sender_uid").unwrap_or_default();
    user(uid, text(message, "sender_name"), None)
}

/// When a message was sent, in milliseconds since 1970.
pub(super) fn milliseconds(message: &Value) -> u64 {
    let seconds = message.get("timestamp").and_then(Value::as_u64);
    seconds.unwrap_or_default().saturating_mul(1000)
}

/// A field that is a text and not empty.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    let text = object.get(name)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// Puts all fields of one object into another.
pub(super) fn extend(object: &mut Value, fields: Value) {
    if let Value::Object(object) = object {
        object.extend(fields_of(fields));
    }
}

/// The fields of an object.
pub(super) fn fields_of(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn put(object: &mut Value, name: &str, value: Option<&str>) {
    if let (Value::Object(object), Some(value)) = (object, value.filter(|text| !text.is_empty())) {
        object.insert(name.to_owned(), value.into());
    }
}
