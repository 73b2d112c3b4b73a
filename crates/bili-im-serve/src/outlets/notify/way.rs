//! How a notification leaves.

use std::time::Duration;

use serde_json::Value;

use super::{
    apprise::Apprise,
    bark, dingtalk, feishu, gotify,
    mail::Mail,
    ntfy, serverchan,
    service::{Note, Service},
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
