//! An outlet that notifies a person.

use serde_json::Value;
use tokio::time::sleep;

use super::{
    note::Note,
    way::Way,
    words::{link, value},
};
use crate::{
    hours::{HOURS, Hours},
    outlets::{
        filter::{self, Filter},
        post::{Poster, Refusal},
        table::Table,
        template::{FIELDS, TEMPLATE, Template},
        waits::Waits,
    },
    rights::Rights,
    shared::Shared,
    toml_file::Fault,
};

/// An outlet that notifies a person.
#[derive(Debug)]
pub(crate) struct Notifier {
    pub(super) rights: Rights,
    pub(super) filter: Filter,
    title: Template,
    text: Template,
    pub(super) digest: Template,
    pub(super) missed: Template,
    pub(super) quiet: Option<Hours>,
    pub(super) digest_minutes: u32,
    way: Way,
}

impl Notifier {
    pub(crate) fn new(name: String, table: &mut Table<'_>) -> Result<Self, Fault> {
        let what = ("a number of 1 to 1440", "整数，1 到 1440");
        let minutes: Option<u32> = table.take("digest_minutes", what)?;
        if minutes.is_some_and(|minutes| !(1..=1440).contains(&minutes)) {
            return Err(table.wrong("digest_minutes", what));
        }
        let filter = Filter {
            events: Some(filter::events(table)?.unwrap_or_else(|| vec!["message".to_owned()])),
            own: false,
            by_a_person: table.flag("by_a_person")?.unwrap_or(true),
            keywords: table.list("keywords", ("a list of texts", "字符串的列表"))?,
        };
        Ok(Self {
            rights: filter::rights(table, format!("notify/{name}"))?,
            filter,
            title: template(table, "title", "{sender}")?,
            text: template(table, "text", "{text}")?,
            digest: template(table, "digest", "{count} 条新消息")?,
            missed: template(table, "missed", "漏了 {count} 条")?,
            quiet: table.take("quiet", HOURS)?,
            digest_minutes: minutes.unwrap_or_default(),
            way: Way::new(table)?,
        })
    }

    pub(crate) fn consumer(&self) -> &str {
        &self.rights.name
    }

    pub(super) fn note(&self, json: &Value, sender: &str) -> Note {
        let fill = |template: &Template| template.fill(|field| value(field, json, sender));
        Note {
            title: fill(&self.title),
            text: fill(&self.text),
            link: link(json),
        }
    }

    /// Sends a note, or gives it up after a while.
    pub(super) async fn deliver(
        &self,
        shared: &Shared,
        poster: &Poster,
        note: &Note,
        mut waits: Waits,
    ) -> Result<(), Refusal> {
        while let Err(refusal) = self.way.send(poster, note).await {
            let (outlet, why) = (self.consumer(), &refusal.why);
            let Some(wait) = waits.next(refusal.wait).filter(|_| !refusal.is_final) else {
                tracing::warn!(outlet, why, "the notification is given up");
                self.count(shared, "failed");
                return Err(refusal);
            };
            tracing::info!(
                outlet,
                why,
                seconds = wait.as_secs(),
                "the notification waits"
            );
            self.count(shared, "retried");
            sleep(wait).await;
        }
        self.count(shared, "delivered");
        Ok(())
    }

    /// Sends a note, once.
    pub(super) async fn send(
        &self,
        shared: &Shared,
        poster: &Poster,
        note: &Note,
    ) -> Result<(), Refusal> {
        let sent = self.way.send(poster, note).await;
        self.count(shared, if sent.is_ok() { "delivered" } else { "failed" });
        sent
    }

    fn count(&self, shared: &Shared, result: &str) {
        let labels = [("outlet", self.consumer()), ("result", result)];
        shared.metrics.count("bili_im_outlet_total", &labels);
    }
}

fn template(table: &mut Table<'_>, name: &str, usual: &str) -> Result<Template, Fault> {
    let given: Option<String> = table.take(name, TEMPLATE)?;
    Template::parse(given.as_deref().unwrap_or(usual), &FIELDS)
        .map_err(|problem| table.fault(name, problem))
}
