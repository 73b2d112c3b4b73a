//! Every answer of `vectors/answers.json`, with one field after the other removed, nulled, or given
//! another type: it is read as long as the fields that carry its meaning are there, and the error
//! names the one that is not.

use bili_im_proto::{Error, http};
use bili_im_tests::endpoints::{ENDPOINTS, Entry};
use serde_json::{Value, json};

const ANSWERS: &str = include_str!("../../vectors/answers.json");

/// The endpoint whose call has that name.
fn endpoint(name: &str) -> &'static Entry {
    let named = ENDPOINTS.iter().find(|entry| entry.spec.name() == name);
    named.unwrap_or_else(|| panic!("no endpoint {name}"))
}

/// Reads an answer with the endpoint of that name; what it makes of it as text.
fn read(name: &str, body: &str) -> Result<String, Error> {
    (endpoint(name).decode)(&http::Response::new(body.into()))
}

/// The path of every field in a value, `a.0.b`.
fn paths(value: &Value, prefix: &str, all: &mut Vec<String>) {
    let mut visit = |name: String, inner: &Value| {
        let path = match prefix {
            "" => name,
            prefix => format!("{prefix}.{name}"),
        };
        all.push(path.clone());
        paths(inner, &path, all);
    };
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                visit(name.clone(), inner);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                visit(index.to_string(), inner);
            }
        }
        _ => {}
    }
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// The answer without a field, or without the content of an item of a list.
fn without(answer: &Value, path: &str) -> Value {
    let mut answer = answer.clone();
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => (answer.pointer_mut(&pointer(parent)).unwrap(), name),
        None => (&mut answer, path),
    };
    match parent {
        Value::Object(fields) => {
            fields.remove(name);
        }
        Value::Array(items) => {
            items.remove(name.parse().unwrap());
        }
        _ => panic!("{path} has no parent"),
    }
    answer
}

fn with(answer: &Value, path: &str, value: Value) -> Value {
    let mut answer = answer.clone();
    *answer.pointer_mut(&pointer(path)).unwrap() = value;
    answer
}

/// The value in other spellings of the same.
fn respelled(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => vec![json!(number.to_string())],
        Value::Bool(yes) => vec![json!(u8::from(*yes)), json!(u8::from(*yes).to_string())],
        Value::String(text) => text
            .parse::<u64>()
            .ok()
            .map(|n| json!(n))
            .into_iter()
            .collect(),
        _ => vec![],
    }
}

struct Case {
    endpoint: String,
    meaning: Vec<String>,
    answer: Value,
}

impl Case {
    /// Whether losing what is at `path` loses meaning; what fields are lost with it.
    fn lost(&self, path: &str) -> Vec<&str> {
        let inside = format!("{path}.");
        (self.meaning.iter().map(String::as_str))
            .filter(|field| *field == path || field.starts_with(&inside))
            .collect()
    }

    /// Whether a whole list or item may be lost: an empty list has a meaning too.
    fn is_list_or_item(&self, path: &str) -> bool {
        let of = |path: &str| self.answer.pointer(&pointer(path)).unwrap().clone();
        of(path).is_array()
            || path
                .rsplit_once('.')
                .is_some_and(|(parent, _)| of(parent).is_array())
            || path == "data"
                && self
                    .meaning
                    .iter()
                    .skip(1)
                    .all(|field| field.contains(".0.") || field.contains(".1."))
    }

    /// Whether something of another shape must not be taken for nothing: an empty list, no data.
    fn refuses(&self, path: &str, odd: &Value) -> bool {
        let is_list = self.answer.pointer(&pointer(path)).unwrap().is_array();
        match path {
            "data" if endpoint(&self.endpoint).only_success => false,
            "data" if is_list => !odd.is_array(),
            "data" => !odd.is_object(),
            "data.messages" | "data.session_list" => !odd.is_array(),
            _ => false,
        }
    }

    /// Whether an item without its talker may be passed over: a session among others.
    fn is_passed_over(&self, path: &str) -> bool {
        let sessions = self.answer.pointer("/data/session_list");
        path.starts_with("data.session_list.")
            && sessions.is_some_and(|sessions| sessions.as_array().unwrap().len() > 1)
    }

    fn check(&self, changed: &Value, path: &str, what: &str, lost: &[&str]) {
        let result = read(&self.endpoint, &changed.to_string());
        let told = format!("{}: {path} {what}: {result:?}", self.endpoint);
        if lost.is_empty() {
            assert!(result.is_ok(), "{told}");
            return;
        }
        let Err(error) = result else { panic!("{told}") };
        let error = error.to_string();
        let named = |field: &&str| {
            let (_, name) = field.rsplit_once('.').unwrap_or(("", field));
            error.contains(name)
        };
        assert!(lost.iter().any(named), "{told}");
    }
}

fn cases() -> Vec<Case> {
    let file: Value = serde_json::from_str(ANSWERS).unwrap();
    let strings = |value: &Value| {
        let list = value.as_array().unwrap().iter();
        list.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    (file["answers"].as_array().unwrap().iter())
        .map(|case| Case {
            endpoint: case["endpoint"].as_str().unwrap().to_owned(),
            meaning: strings(&case["meaning"]),
            answer: case["answer"].clone(),
        })
        .collect()
}

#[test]
fn answers_are_read_as_long_as_their_meaning_is_there() {
    let mut changes = 0;
    for case in cases() {
        case.check(&case.answer, "nothing", "changed", &[]);
        let mut all = Vec::new();
        paths(&case.answer, "", &mut all);
        for path in all {
            let value = case.answer.pointer(&pointer(&path)).unwrap();
            let lost = if case.is_list_or_item(&path) || case.is_passed_over(&path) {
                vec![]
            } else {
                case.lost(&path)
            };
            case.check(&without(&case.answer, &path), &path, "removed", &lost);
            case.check(
                &with(&case.answer, &path, Value::Null),
                &path,
                "null",
                &lost,
            );
            for odd in [
                json!({"odd": [1]}),
                json!([[{}]]),
                json!(-1.5),
                json!("odd"),
            ] {
                // An object in the place of an item is an item without its fields.
                let inside = if case.refuses(&path, &odd) {
                    vec![path.as_str()]
                } else if odd.is_object()
                    && path.ends_with(char::is_numeric)
                    && !case.is_passed_over(&path)
                {
                    case.lost(&path)
                } else {
                    vec![]
                };
                if lost.is_empty() {
                    case.check(&with(&case.answer, &path, odd), &path, "odd", &inside);
                    changes += 1;
                }
            }
            for other in respelled(value) {
                let told = "in another spelling";
                let changed = with(&case.answer, &path, other);
                case.check(&changed, &path, told, &[]);
                if !path.contains("content") {
                    assert_eq!(
                        read(&case.endpoint, &changed.to_string()),
                        read(&case.endpoint, &case.answer.to_string()),
                        "{} {path} {told}",
                        case.endpoint
                    );
                }
            }
        }
    }
    assert!(changes > 1000, "{changes}");
}

#[test]
fn unknown_fields_are_ignored_wherever_they_are() {
    for case in cases() {
        let plain = read(&case.endpoint, &case.answer.to_string()).unwrap();
        let mut all = Vec::new();
        paths(&case.answer, "", &mut all);
        all.push(String::new());
        for path in all {
            let place = if path.is_empty() {
                path.clone()
            } else {
                pointer(&path)
            };
            let mut changed = case.answer.clone();
            if let Value::Object(fields) = changed.pointer_mut(&place).unwrap() {
                fields.insert("a_new_field".to_owned(), json!({"deep": [1, null, "x"]}));
                let read = read(&case.endpoint, &changed.to_string()).unwrap();
                assert_eq!(read, plain, "{} {path}", case.endpoint);
            }
        }
    }
}
