//! Which events an outlet tells.

use serde_json::Value;

use super::table::Table;
use crate::{
    item::Item,
    rights::{Rights, is_name, talker},
    toml_file::Fault,
    words::words,
};

/// The words of events.
const EVENTS: [&str; 10] = [
    "message",
    "recalled",
    "unreadable",
    "session_changed",
    "unread_changed",
    "held",
    "session_failed",
    "session_recovered",
    "login_ends",
    "other",
];

/// Which events an outlet tells, of those that its rights let it read.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// `None` for all.
    pub(super) events: Option<Vec<String>>,
    pub(super) own: bool,
    pub(super) by_a_person: bool,
    /// One of them must be in the message, if there are some.
    pub(super) keywords: Vec<String>,
}

impl Filter {
    /// Whether an item is told. What was dropped is, where anything is.
    pub(super) fn takes(&self, item: &Item, json: &Value) -> bool {
        if matches!(item, Item::Dropped { .. }) {
            return self.events.as_ref().is_none_or(|events| !events.is_empty());
        }
        let word = text(json, "/event");
        let is_wanted = |events: &Vec<String>| events.iter().any(|event| event == word);
        if !self.events.as_ref().is_none_or(is_wanted) {
            return false;
        }
        if word != "message" {
            return self.keywords.is_empty();
        }
        let is_own = matches!(text(json, "/direction"), "own" | "sent");
        let by_a_person = json.get("by_a_person") == Some(&Value::Bool(true));
        let said = said(json);
        (self.own || !is_own)
            && (by_a_person || !self.by_a_person)
            && (self.keywords.is_empty() || self.keywords.iter().any(|word| said.contains(word)))
    }
}

/// What a message says, as people see it.
pub(crate) fn said(json: &Value) -> &str {
    match text(json, "/message/content/text") {
        "" => text(json, "/message/content/summary"),
        said => said,
    }
}

/// The text at a place; empty when there is none.
pub(crate) fn text<'a>(json: &'a Value, place: &str) -> &'a str {
    json.pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The events that a table names.
pub(super) fn events(table: &mut Table<'_>) -> Result<Option<Vec<String>>, Fault> {
    let known = EVENTS.join(", ");
    let english = format!("a list of: {known}");
    let chinese = format!("列表，可用的有：{known}");
    let events: Option<Vec<String>> = table.take("events", (&english, &chinese))?;
    for event in events.iter().flatten() {
        if !EVENTS.contains(&event.as_str()) {
            let problem = words!(
                "there is no event {event:?}; there are: {known}",
                "没有 {event:?} 这种事件；可用的有：{known}"
            );
            return Err(table.fault("events", problem));
        }
    }
    Ok(events)
}

/// The accounts and talkers that a table names; `consumer` is the consumer's name.
pub(crate) fn rights(table: &mut Table<'_>, consumer: String) -> Result<Rights, Fault> {
    let mut rights = Rights::all(consumer);
    rights.write = false;
    let what = ("a list of names of accounts", "账号名的列表");
    let accounts: Option<Vec<String>> = table.take("accounts", what)?;
    if accounts.iter().flatten().any(|name| !is_name(name)) {
        let problem = words!(
            "a name of an account has Latin letters, digits, -, _ and .",
            "账号名只能有英文字母、数字和 - _ ."
        );
        return Err(table.fault("accounts", problem));
    }
    rights.accounts = accounts.map(|accounts| accounts.into_iter().collect());
    let what = (
        "a list of user:NUMBER and group:NUMBER",
        "列表，每项是 user:数字 或 group:数字",
    );
    let talkers: Option<Vec<String>> = table.take("talkers", what)?;
    let talkers = talkers.map(|talkers| talkers.iter().map(|text| talker(text)).collect());
    rights.talkers = match talkers {
        Some(None) => return Err(table.wrong("talkers", what)),
        talkers => talkers.flatten(),
    };
    Ok(rights)
}
