//! Every answer of `vectors/answers.json`, with one field after the other removed, nulled, given
//! another type, or spelled differently. The answer is read as long as the fields that carry its
//! meaning are there. Otherwise the error names a field that is not.

use bili_im_proto::{Error, http};
use bili_im_tests::endpoints::{ENDPOINTS, Entry};
use serde_json::{Value, json};

const ANSWERS: &str = include_str!("../../vectors/answers.json");

/// The endpoint whose call has that name.
fn endpoint(name: &str) -> &'static Entry {
    let named = ENDPOINTS.iter().find(|entry| entry.spec.name() == name);
    named.unwrap_or_else(|| panic!("no endpoint {name}"))
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

/// The answer without the field or list item at `path`.
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
    fn at(&self, path: &str) -> &Value {
        self.answer.pointer(&pointer(path)).unwrap()
    }

    fn read(&self, answer: &Value) -> Result<String, Error> {
        (endpoint(&self.endpoint).decode)(&http::Response::new(answer.to_string().into()))
    }

    /// The fields with a meaning that an answer lacks when it has nothing at `path`.
    fn lost(&self, path: &str) -> Vec<&str> {
        let inside = format!("{path}.");
        let is_lost = |field: &&str| *field == path || field.starts_with(&inside);
        let lost = self.meaning.iter().map(String::as_str).filter(is_lost);
        if self.is_passed_over(path) || self.is_data_of_lists(path) {
            Vec::new()
        } else {
            lost.collect()
        }
    }

    /// A list drops a session that lacks its talker, unless it is the only one; then the answer is
    /// an error.
    fn is_passed_over(&self, path: &str) -> bool {
        let sessions = self.answer.pointer("/data/session_list");
        path.starts_with("data.session_list.")
            && sessions.is_some_and(|sessions| sessions.as_array().unwrap().len() > 1)
    }

    /// Missing data counts as `{}`. When all of its meaning is in lists, these are empty then.
    fn is_data_of_lists(&self, path: &str) -> bool {
        let in_list = |field: &String| field.split('.').any(|name| name.parse::<usize>().is_ok());
        let mut others = self.meaning.iter().filter(|field| *field != "code");
        path == "data" && others.all(in_list)
    }

    /// Whether there is a list at `path`, or an item of one. An empty list has a meaning too.
    fn is_list_or_item(&self, path: &str) -> bool {
        let parent = path.rsplit_once('.').map(|(parent, _)| parent);
        self.at(path).is_array() || parent.is_some_and(|parent| self.at(parent).is_array())
    }

    /// Whether something of another shape must not be taken for nothing: an empty list, no data.
    fn refuses(&self, path: &str, odd: &Value) -> bool {
        match path {
            "data" if endpoint(&self.endpoint).only_success => false,
            "data" if self.at(path).is_array() => !odd.is_array(),
            "data" => !odd.is_object(),
            "data.messages" | "data.session_list" => !odd.is_array(),
            _ => false,
        }
    }

    /// Whether a value is a text for a text. Numbers are read as texts. An image's address must be an
    /// address.
    fn is_text_for_text(&self, path: &str, odd: &Value) -> bool {
        let is_text = odd.is_string() || odd.is_number();
        is_text && self.at(path).is_string() && path != "data.image_url"
    }

    /// Checks that a changed answer is read, or that the error names one of the `lost` fields.
    fn check(&self, changed: &Value, what: &str, lost: &[&str]) {
        let result = self.read(changed);
        let told = format!("{}: {what}: {result:?}", self.endpoint);
        if lost.is_empty() {
            assert!(result.is_ok(), "{told}");
            return;
        }
        let Err(Error::Unreadable(error)) = result else {
            panic!("{told}")
        };
        let names = |field: &&str| {
            let words = format!("the field {} is missing", field.replace(".0.", "[0]."));
            error.reason.starts_with(&words)
        };
        assert!(lost.iter().any(names), "{told}");
    }

    fn check_removed_and_null(&self, path: &str) {
        let lost = match self.is_list_or_item(path) {
            true => Vec::new(),
            false => self.lost(path),
        };
        self.check(&without(&self.answer, path), &format!("no {path}"), &lost);
        let null = with(&self.answer, path, Value::Null);
        self.check(&null, &format!("{path} is null"), &lost);
    }

    /// Checks values of other types. Returns their number.
    fn check_odd(&self, path: &str) -> usize {
        let odd = [
            json!({"odd": [1]}),
            json!([[{}]]),
            json!(-1.5),
            json!("odd"),
        ];
        let is_list_or_item = self.is_list_or_item(path);
        for odd in &odd {
            let lost = if self.refuses(path, odd) {
                // The error names this field, or one inside it.
                [vec![path], self.lost(path)].concat()
            } else if self.is_text_for_text(path, odd) || is_list_or_item && !odd.is_object() {
                Vec::new()
            } else {
                // An object in the place of another lacks its fields.
                self.lost(path)
            };
            let changed = with(&self.answer, path, odd.clone());
            self.check(&changed, &format!("{path} is {odd}"), &lost);
        }
        odd.len()
    }

    fn check_respelled(&self, path: &str) {
        for other in respelled(self.at(path)) {
            let what = format!("{}: {path} is {other}", self.endpoint);
            let changed = with(&self.answer, path, other);
            assert_eq!(self.read(&changed), self.read(&self.answer), "{what}");
        }
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
    let mut odd_values = 0;
    for case in cases() {
        let read = case.read(&case.answer);
        assert!(read.is_ok(), "{}: {read:?}", case.endpoint);
        let mut all = Vec::new();
        paths(&case.answer, "", &mut all);
        for path in all {
            case.check_removed_and_null(&path);
            odd_values += case.check_odd(&path);
            case.check_respelled(&path);
        }
    }
    assert!(odd_values > 1000, "{odd_values}");
}

#[test]
fn unknown_fields_are_ignored_wherever_they_are() {
    for case in cases() {
        let plain = case.read(&case.answer).unwrap();
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
                let read = case.read(&changed).unwrap();
                assert_eq!(read, plain, "{} {path}", case.endpoint);
            }
        }
    }
}
