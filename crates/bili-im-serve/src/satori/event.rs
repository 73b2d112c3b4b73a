//! Events, from the program's to the protocol's.

use bili_im_proto::Talker;
use serde_json::{Map, Value, json};

use super::{
    login::partial,
    resources::{PLATFORM, channel, extend, guild, message, milliseconds, sender, text, user},
};
use crate::{core::Core, item::Item};

/// An item as an event; `None` for what is not told: own messages, so that a bot does not answer
/// itself, and events of an account that was removed.
pub(super) fn event(core: &Core, item: &Item, now: u64) -> Option<Value> {
    let account = core.account(item.account())?;
    let json = item.json();
    let kind = text(&json, "event").unwrap_or("other");
    let (native, fields) = match kind {
        "message" if text(&json, "direction") != Some("incoming") => return None,
        // Nobody answers notices and automatic replies.
        "message" if json.get("by_a_person") == Some(&Value::Bool(true)) => {
            (PLATFORM.to_owned(), created(&json)?)
        }
        "recalled" => (PLATFORM.to_owned(), deleted(&json)?),
        kind => (format!("{PLATFORM}/{kind}"), internal(&json)),
    };
    let mut event = json!({
        "sn": item.id(),
        "timestamp": item.time().map_or(now, |seconds| seconds.saturating_mul(1000)),
        "login": partial(&account),
    });
    extend(&mut event, fields.into());
    // The program's own event, for clients that know it.
    extend(&mut event, json!({ "_type": native, "_data": json }));
    Some(event)
}

/// A login has changed. It does not count as an event of its own: clients begin again behind `sn`.
pub(super) fn login_event(sn: u64, kind: &str, login: Value, now: u64) -> Value {
    json!({ "sn": sn, "type": kind, "timestamp": now, "login": login })
}

fn created(json: &Value) -> Option<Map<String, Value>> {
    let talker = talker(json)?;
    let said = json.get("message")?;
    let user = sender(said);
    let mut fields = place(talker);
    if fields.contains_key("guild") {
        fields.insert("member".to_owned(), json!({}));
    }
    fields.insert("type".to_owned(), "message-created".into());
    fields.insert("timestamp".to_owned(), milliseconds(said).into());
    fields.insert("user".to_owned(), user);
    fields.insert("message".to_owned(), message(said));
    Some(fields)
}

/// The service does not say who has recalled a message: in a group, it is user 0.
fn deleted(json: &Value) -> Option<Map<String, Value>> {
    let talker = talker(json)?;
    let key = text(json, "msg_key")?;
    let uid = match talker {
        Talker::User(uid) => uid.to_string(),
        Talker::Group(_) => "0".to_owned(),
    };
    let mut fields = place(talker);
    fields.insert("type".to_owned(), "message-deleted".into());
    fields.insert("user".to_owned(), user(&uid, None, None));
    fields.insert("message".to_owned(), json!({ "id": key, "content": "" }));
    Some(fields)
}

/// What the protocol has no event for.
fn internal(json: &Value) -> Map<String, Value> {
    let mut fields = talker(json).map(place).unwrap_or_default();
    fields.insert("type".to_owned(), "internal".into());
    fields
}

fn place(talker: Talker) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("channel".to_owned(), channel(talker, None));
    if let Some(guild) = guild(talker, None) {
        fields.insert("guild".to_owned(), guild);
    }
    fields
}

fn talker(json: &Value) -> Option<Talker> {
    serde_json::from_value(json.get("talker")?.clone()).ok()
}
