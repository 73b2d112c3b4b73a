//! Tells people of events, one by one or gathered, and of what rules say.

use std::time::Duration;

use bili_im_json::ErrorJson;
use tokio::time::{sleep, timeout};

use super::{gathered::Gathered, names::Names, notifier::Notifier, service::Note};
use crate::{
    clock::now,
    core::Core,
    item::Item,
    outlets::{feed::Feed, filter::text, post::Refusal, waits::Waits},
};

/// Why nobody was notified.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotifyError {
    /// There is none of this name.
    #[error("no [[notify]] has this name")]
    Unknown,
    /// The service did not take it.
    #[error("the notification was not taken: {0}")]
    Refused(String),
}

impl Core {
    /// Sends a note, and tries again for so long.
    pub(crate) async fn notify(
        &self,
        name: &str,
        note: &Note,
        most: Duration,
    ) -> Result<(), NotifyError> {
        let notifier = self.outlets().notifier(name).ok_or(NotifyError::Unknown)?;
        let waits = Waits::new(&self.shared().limits.outlets, most);
        let sent = notifier.deliver(self, note, waits).await;
        sent.map_err(|refusal| NotifyError::Refused(refusal.why))
    }

    /// Sends a note, once.
    pub(crate) async fn notify_once(&self, name: &str, note: &Note) -> Result<(), NotifyError> {
        let notifier = self.outlets().notifier(name).ok_or(NotifyError::Unknown)?;
        let sent = notifier.way.send(self.outlets().poster(), note).await;
        notifier.count(self, if sent.is_ok() { "delivered" } else { "failed" });
        sent.map_err(|refusal| NotifyError::Refused(refusal.why))
    }
}

impl Notifier {
    /// Notifies of events, until the process ends.
    ///
    /// # Errors
    /// When the queue cannot be used.
    pub(crate) async fn run(&self, core: &Core) -> Result<(), ErrorJson> {
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
                            let _told = self.deliver(core, &note, waits).await;
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

    /// Sends a note, or gives it up after a while.
    async fn deliver(&self, core: &Core, note: &Note, mut waits: Waits) -> Result<(), Refusal> {
        while let Err(refusal) = self.way.send(core.outlets().poster(), note).await {
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

    fn count(&self, core: &Core, result: &str) {
        let labels = [("outlet", self.consumer()), ("result", result)];
        core.shared().metrics.count("bili_im_outlet_total", &labels);
    }
}
