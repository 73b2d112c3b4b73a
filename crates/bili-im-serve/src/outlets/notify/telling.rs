//! Tells a person of events, one by one or gathered.

use std::time::Duration;

use bili_im_json::ErrorJson;
use tokio::time::timeout;

use super::{gathered::Gathered, names::Names, notifier::Notifier};
use crate::{
    clock::now,
    core::Core,
    item::Item,
    outlets::{feed::Feed, filter::text, post::Poster, waits::Waits},
};

impl Notifier {
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
                            let _told = self.deliver(core.shared(), poster, &note, waits).await;
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
}
