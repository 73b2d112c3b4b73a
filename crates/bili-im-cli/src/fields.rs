//! `--fields`: chooses fields of the JSON that is printed.

use serde_json::{Map, Value};

/// Fields that an answer leaves out when their value is not known.
const OPTIONAL: [&str; 5] = [
    "name",
    "official",
    "is_fake_account",
    "sender_name",
    "direction",
];

/// A field that an answer does not have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) field: String,
    /// Those that it has in that place.
    pub(crate) known: String,
}

/// Keeps the fields of an answer, each a path with dots. Within a list it is taken of each element.
pub(crate) fn choose(answer: &Value, fields: &[String]) -> (Value, Option<Unknown>) {
    let mut chosen = Value::Object(Map::new());
    let mut unknown = None;
    for field in fields {
        let path: Vec<&str> = field.split('.').collect();
        if let Err(known) = copy(answer, &path, &mut chosen) {
            let field = field.clone();
            unknown = unknown.or(Some(Unknown { field, known }));
        }
    }
    (chosen, unknown)
}

/// Copies what is at a path. The error has the fields that are there instead.
fn copy(from: &Value, path: &[&str], to: &mut Value) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else {
        *to = from.clone();
        return Ok(());
    };
    match from {
        Value::Object(fields) => {
            let Some(value) = fields.get(*name) else {
                let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                return match OPTIONAL.contains(name) {
                    true => Ok(()),
                    false => Err(known.join(", ")),
                };
            };
            if !to.is_object() {
                *to = Value::Object(Map::new());
            }
            let Value::Object(to) = to else { return Ok(()) };
            copy(value, rest, to.entry(*name).or_insert(Value::Null))
        }
        Value::Array(elements) => {
            if !to.is_array() {
                *to = vec![Value::Null; elements.len()].into();
            }
            let Value::Array(to) = to else { return Ok(()) };
            // Elements can be of several kinds, so that one with the field is enough.
            let mut copied = Ok(());
            let mut is_copied = elements.is_empty();
            for (element, to) in elements.iter().zip(to) {
                match copy(element, path, to) {
                    Ok(()) => is_copied = true,
                    failed => copied = failed,
                }
            }
            if is_copied { Ok(()) } else { copied }
        }
        // There is nothing to choose from.
        Value::Null => Ok(()),
        _ => Err(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(fields: &[&str]) -> (Value, Option<String>) {
        let answer = json!({
            "has_more": false,
            "sessions": [
                {"talker": {"user": "1"}, "last": {"text": "a", "id": 1}},
                {"talker": {"user": "2"}, "last": null},
            ],
            "unknown": [],
        });
        let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
        let (chosen, unknown) = choose(&answer, &fields);
        (
            chosen,
            unknown.map(|unknown| format!("{}: {}", unknown.field, unknown.known)),
        )
    }

    #[test]
    fn fields_are_chosen_by_their_paths() {
        assert_eq!(chosen(&["has_more"]).0, json!({"has_more": false}));
        let (two, none) = chosen(&["sessions.talker.user", "sessions.last.text", "unknown.x"]);
        let sessions = json!([
            {"talker": {"user": "1"}, "last": {"text": "a"}},
            {"talker": {"user": "2"}, "last": null},
        ]);
        assert_eq!(
            (two, none),
            (json!({"sessions": sessions, "unknown": []}), None)
        );
    }

    #[test]
    fn a_field_that_is_not_there_is_told_with_those_that_are() {
        let unknown = |field| chosen(&["has_more", field]).1.unwrap();
        assert_eq!(unknown("x"), "x: has_more, sessions, unknown");
        assert_eq!(unknown("sessions.x"), "sessions.x: last, talker");
        assert_eq!(unknown("has_more.x"), "has_more.x: ");
        assert_eq!(chosen(&["sessions.name"]).1, None);
    }
}
