//! An outlet that notifies a person.

use std::time::Duration;

use bili_im_json::ErrorJson;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{
    gathered::Gathered,
    note::Note,
    way::Way,
    words::{Names, link, value},
};
use crate::{
    clock::now,
    core::Core,
    hours::{HOURS, Hours},
    item::Item,
    outlets::{
        feed::Feed,
        filter::{self, Filter, text},
        post::{Poster, Refusal},
        table::Table,
        template::{FIELDS, TEMPLATE, Template},
        waits::Waits,
    },
    rights::Rights,
    toml_file::Fault,
};

/// An outlet that notifies a person.
#[derive(Debug)]
pub(crate) struct Notifier {
    rights: Rights,
    filter: Filter,
    title: Template,
    text: Template,
    digest: Template,
    missed: Template,
    quiet: Option<Hours>,
    digest_minutes: u32,
    way: Way,
}

impl Notifier {
    pub(in crate::outlets) fn new(name: String, table: &mut Table<'_>) -> Result<Self, Fault> {
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

    pub(in crate::outlets) fn consumer(&self) -> &str {
        &self.rights.name
    }

    /// Notifies of events, until the process ends.
    ///
    /// # Errors
    /// When the queue cannot be used.
    pub(in crate::outlets) async fn run(
        &self,
        core: &Core,
        poster: &Poster,
    ) -> Result<(), ErrorJson> {
        let mut feed = Feed::new(core, &self.rights);
        let names = Names::default();
        let mut waiting: Option<Gathered> = None;
        loop {
            let item = match &waiting {
                None => feed.next().await?,
                Some(gathered) => match self.rest(core, gathered) {
                    Some(rest) => match timeout(rest, feed.next()).await {
                        Ok(item) => item?,
                        Err(_) => continue,
                    },
                    None => {
                        if let Some(note) = gathered.note(&self.digest, &self.missed) {
                            let limits = &core.shared().limits.outlets;
                            let waits = Waits::new(limits, limits.notify);
                            // That it was given up is logged.
                            let _told = self.deliver(core, poster, &note, waits).await;
                        }
                        feed.handled(gathered.upto).await?;
                        waiting = None;
                        continue;
                    }
                },
            };
            let Some(item) = item else {
                return Ok(());
            };
            self.gather(core, &names, &mut waiting, &item).await;
            match &mut waiting {
                // Not before what was gathered is told.
                Some(gathered) => gathered.upto = item.id(),
                None => feed.skip(item.id()),
            }
        }
    }

    /// How long what was gathered has to wait; `None` when it is time to tell it.
    fn rest(&self, core: &Core, gathered: &Gathered) -> Option<Duration> {
        let limits = &core.shared().limits.outlets;
        if self.quiet.is_some_and(|quiet| quiet.contain(now())) {
            return Some(limits.look);
        }
        let gather = limits.minute * self.digest_minutes;
        let rest = gather.saturating_sub(gathered.since.elapsed());
        (!rest.is_zero()).then_some(rest)
    }

    async fn gather(
        &self,
        core: &Core,
        names: &Names,
        waiting: &mut Option<Gathered>,
        item: &Item,
    ) {
        let json = item.json();
        if text(&json, "/event") == "recalled"
            && let Some(gathered) = waiting
        {
            gathered.recall(text(&json, "/msg_key"));
        }
        if !self.filter.takes(item, &json) {
            return;
        }
        let gathered = waiting.get_or_insert_with(|| Gathered::new(item.id()));
        match item {
            Item::Dropped { dropped, .. } => gathered.miss(dropped.count.unwrap_or_default()),
            Item::Event { account, .. } => {
                let sender = names.of(core, account, &json).await;
                let msg_key = text(&json, "/message/msg_key");
                gathered.add(msg_key, self.note(&json, &sender));
            }
        }
    }

    fn note(&self, json: &Value, sender: &str) -> Note {
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
        core: &Core,
        poster: &Poster,
        note: &Note,
        mut waits: Waits,
    ) -> Result<(), Refusal> {
        while let Err(refusal) = self.way.send(poster, note).await {
            let (outlet, why) = (self.consumer(), &refusal.why);
            let Some(wait) = waits.next(refusal.wait).filter(|_| !refusal.is_final) else {
                tracing::warn!(outlet, why, "the notification is given up");
                self.count(core, "failed");
                return Err(refusal);
            };
            tracing::info!(
                outlet,
                why,
                seconds = wait.as_secs(),
                "the notification waits"
            );
            self.count(core, "retried");
            sleep(wait).await;
        }
        self.count(core, "delivered");
        Ok(())
    }

    /// Sends a note, once.
    pub(super) async fn send(
        &self,
        core: &Core,
        poster: &Poster,
        note: &Note,
    ) -> Result<(), Refusal> {
        let sent = self.way.send(poster, note).await;
        self.count(core, if sent.is_ok() { "delivered" } else { "failed" });
        sent
    }

    fn count(&self, core: &Core, result: &str) {
        let labels = [("outlet", self.consumer()), ("result", result)];
        core.shared().metrics.count("bili_im_outlet_total", &labels);
    }
}

fn template(table: &mut Table<'_>, name: &str, usual: &str) -> Result<Template, Fault> {
    let given: Option<String> = table.take(name, TEMPLATE)?;
    Template::parse(given.as_deref().unwrap_or(usual), &FIELDS)
        .map_err(|problem| table.fault(name, problem))
}
