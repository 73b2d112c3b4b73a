//! What the services have in common.

use std::{fmt, time::Duration};

use http::{Request, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    apprise::Apprise, bark, dingtalk, feishu, gotify, mail::Mail, note::Note, ntfy, serverchan,
    telegram, wecom,
};
use crate::{
    clock::now,
    outlets::{
        post::{Poster, Refusal},
        table::Table,
        template::cut,
    },
    toml_file::Fault,
};

/// Reads the fields of a service.
type New = fn(&mut Table<'_>) -> Result<Box<dyn Service>, Fault>;

/// The services over HTTP, by the word in `to`.
const SERVICES: &[(&str, New)] = &[
    ("bark", bark::new),
    ("feishu", feishu::new),
    ("dingtalk", dingtalk::new),
    ("wecom", wecom::new),
    ("telegram", telegram::new),
    ("gotify", gotify::new),
    ("ntfy", ntfy::new),
    ("serverchan", serverchan::new),
];

/// A service that takes notifications over HTTP.
pub(super) trait Service: fmt::Debug + Send + Sync {
    /// The most bytes of a text.
    fn most(&self) -> usize;

    /// The request, at a time since 1970.
    fn request(&self, note: &Note, time: Duration) -> http::Result<Request<Vec<u8>>>;

    /// Whether an answer with a status of success says that the service took it; else why not.
    fn check(&self, answer: &Value) -> Result<(), String>;
}

/// How a notification leaves.
#[derive(Debug)]
pub(super) enum Way {
    Post(Box<dyn Service>),
    Mail(Mail),
    Apprise(Apprise),
}

impl Way {
    /// Reads the service and its fields.
    pub(super) fn new(table: &mut Table<'_>) -> Result<Self, Fault> {
        let known: Vec<&str> = SERVICES.iter().map(|(word, _)| *word).collect();
        let known = known.join(", ");
        let english = format!("one of: {known}, mail, apprise");
        let chinese = format!("下列之一：{known}, mail, apprise");
        let what = (english.as_str(), chinese.as_str());
        let to: String = table.need("to", what)?;
        match to.as_str() {
            "mail" => return Mail::new(table).map(Self::Mail),
            "apprise" => return Apprise::new(table).map(Self::Apprise),
            _ => {}
        }
        match SERVICES.iter().find(|(word, _)| *word == to) {
            Some((_, new)) => new(table).map(Self::Post),
            None => Err(table.wrong("to", what)),
        }
    }

    /// Sends, once.
    pub(super) async fn send(&self, poster: &Poster, note: &Note) -> Result<(), Refusal> {
        let service = match self {
            Self::Post(service) => service,
            Self::Mail(mail) => return mail.send(note, poster.patience).await,
            Self::Apprise(apprise) => return apprise.send(note, poster.patience).await,
        };
        let note = note.cut(service.most());
        let request = service.request(&note, Duration::from_secs(now()));
        let request = request.map_err(|error| Refusal::passing(error.to_string()))?;
        let answer = poster.post(request).await?;
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        answer.check().map_err(|mut refusal| {
            refusal.why = cut(&format!("{}: {}", refusal.why, words(&json)), 300);
            refusal
        })?;
        service.check(&json).map_err(Refusal::passing)
    }
}

/// What an answer of failure says.
fn words(answer: &Value) -> &str {
    let fields = ["description", "errorDescription", "message", "error"];
    let mut words = fields
        .iter()
        .filter_map(|field| answer.get(field)?.as_str());
    words.next().unwrap_or_default()
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

#[cfg(test)]
pub(super) mod testing {
    use std::path::Path;

    use toml::Spanned;

    use super::*;
    use crate::outlets::table::Fields;

    pub(in crate::outlets::notify) const TIME: Duration = Duration::from_millis(1_700_000_000_123);

    /// A service with the fields of a configuration.
    pub(in crate::outlets::notify) fn service(fields: &str) -> Box<dyn Service> {
        match way(fields) {
            Way::Post(service) => service,
            way => panic!("{way:?}"),
        }
    }

    pub(in crate::outlets::notify) fn way(fields: &str) -> Way {
        let fields: Spanned<Fields> = Spanned::new(0..0, toml::from_str(fields).unwrap());
        let mut table = Table::new("", Path::new("."), fields);
        let way = Way::new(&mut table).unwrap();
        table.finish().unwrap();
        assert!(!format!("{way:?}").contains("SECRET"));
        way
    }

    pub(in crate::outlets::notify) fn note() -> Note {
        Note {
            title: "小明".to_owned(),
            text: "*hi* <b>".to_owned(),
            link: Some("https://message.bilibili.com/#/whisper/mid7".to_owned()),
        }
    }

    /// The address and the body of the request for the note.
    pub(in crate::outlets::notify) fn sent(service: &dyn Service) -> (String, Value) {
        let request = service.request(&note(), TIME).unwrap();
        assert_eq!(request.method(), "POST");
        let body = serde_json::from_slice(request.body()).unwrap();
        (request.uri().to_string(), body)
    }

    /// Checks which answers say that the note was taken.
    pub(in crate::outlets::notify) fn takes(service: &dyn Service, taken: Value, refused: Value) {
        assert_eq!(service.check(&taken), Ok(()));
        let words = service.check(&refused).unwrap_err();
        assert!(words.contains("no such"), "{words}");
        assert!(service.check(&Value::Null).is_err());
    }
}
