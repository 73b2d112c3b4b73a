//! An outlet that notifies a person.

use serde_json::Value;

use super::{
    service::Note,
    way::Way,
    words::{link, value},
};
use crate::{
    hours::{HOURS, Hours},
    outlets::{
        filter::{self, Filter},
        table::Table,
        template::{FIELDS, TEMPLATE, Template},
    },
    rights::Rights,
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
    pub(super) way: Way,
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
}

fn template(table: &mut Table<'_>, name: &str, usual: &str) -> Result<Template, Fault> {
    let given: Option<String> = table.take(name, TEMPLATE)?;
    Template::parse(given.as_deref().unwrap_or(usual), &FIELDS)
        .map_err(|problem| table.fault(name, problem))
}
