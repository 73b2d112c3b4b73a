//! What a notification says, and what the services have in common.

use std::{fmt, time::Duration};

use http::{Request, header::CONTENT_TYPE};
use serde_json::Value;

use crate::outlets::template::cut;

/// The most bytes of a title.
const TITLE: usize = 200;

/// What a notification says, as plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) link: Option<String>,
}

impl Note {
    /// With a text of at most so many bytes.
    pub(super) fn cut(&self, most: usize) -> Self {
        Self {
            title: cut(&self.title, TITLE),
            text: cut(&self.text, most),
            link: self.link.clone(),
        }
    }

    /// All of it as one text, for services that have no titles.
    pub(super) fn whole(&self) -> String {
        let link = self.link.as_deref().unwrap_or_default();
        let lines = [&self.title, &self.text, link];
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    }
}

/// A service that takes notifications over HTTP.
pub(super) trait Service: fmt::Debug + Send + Sync {
    /// The most bytes of a text.
    fn most(&self) -> usize;

    /// The request, at a time since 1970.
    fn request(&self, note: &Note, time: Duration) -> http::Result<Request<Vec<u8>>>;

    /// Whether an answer with a status of success says that the service took it; else why not.
    fn check(&self, answer: &Value) -> Result<(), String>;
}

/// A request with a body of JSON. Fields that are null are left out.
pub(super) fn post_json(url: &str, mut body: Value) -> http::Result<Request<Vec<u8>>> {
    if let Value::Object(fields) = &mut body {
        fields.retain(|_, value| !value.is_null());
    }
    Request::post(url)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body.to_string().into_bytes())
}

/// Checks that a field of an answer has the number of success; `words` is the field that says why
/// not.
pub(super) fn check(answer: &Value, field: &str, success: i64, words: &str) -> Result<(), String> {
    let number = answer.get(field).and_then(Value::as_i64);
    if number == Some(success) {
        return Ok(());
    }
    let number = number.map_or_else(|| "nothing".to_owned(), |number| number.to_string());
    let words = answer
        .get(words)
        .and_then(Value::as_str)
        .unwrap_or_default();
    Err(cut(
        &format!("the service says {field} {number}: {words}"),
        300,
    ))
}
