//! Delivers events to a webhook, each until it is taken or becomes a dead letter.

use std::time::Duration;

use bili_im_json::ErrorJson;
use tokio::time::sleep;

use super::{feed::Feed, post::Refusal, waits::Waits, webhook::Webhook};
use crate::{clock::now, core::Core, item::Item};

impl Webhook {
    /// Tells all events, until the process ends.
    ///
    /// # Errors
    /// When the queue cannot be used.
    pub(super) async fn run(&self, core: &Core) -> Result<(), ErrorJson> {
        loop {
            let mut feed = Feed::new(core, &self.rights);
            loop {
                let Some(item) = feed.next().await? else {
                    return Ok(());
                };
                let id = item.id();
                if !self.filter.takes(&item, &item.json()) {
                    feed.skip(id);
                } else if self.deliver(core, item).await? {
                    feed.handled(id).await?;
                } else {
                    // The queue has dropped it. Read anew, it is told what was dropped.
                    break;
                }
            }
        }
    }

    /// Delivers an item, or keeps it as a dead letter. Returns `false` when the queue has dropped it
    /// meanwhile.
    async fn deliver(&self, core: &Core, item: Item) -> Result<bool, ErrorJson> {
        let limits = &core.shared().limits.outlets;
        let mut waits = Waits::new(limits, limits.webhook);
        let mut item = item;
        for attempts in 1.. {
            let Err(refusal) = self.attempt(core, &item).await else {
                self.count(core, "delivered");
                break;
            };
            match waits.next(refusal.wait).filter(|_| !refusal.is_final) {
                Some(wait) => self.pause(core, &refusal, wait).await,
                None => {
                    self.bury(core, &item, attempts, &refusal.why).await?;
                    break;
                }
            }
            // It may have been recalled meanwhile.
            match reread(core, item).await? {
                Some(current) => item = current,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Posts an item, once.
    pub(crate) async fn attempt(&self, core: &Core, item: &Item) -> Result<(), Refusal> {
        let body = item.json().to_string();
        let request = self.request(&item.key(), body, now());
        let request = request.map_err(|error| Refusal::passing(error.to_string()))?;
        core.outlets().poster().post(request).await?.check()
    }

    async fn pause(&self, core: &Core, refusal: &Refusal, wait: Duration) {
        self.count(core, "retried");
        let (outlet, why) = (self.consumer(), &refusal.why);
        tracing::info!(outlet, why, seconds = wait.as_secs(), "the webhook waits");
        sleep(wait).await;
    }

    async fn bury(
        &self,
        core: &Core,
        item: &Item,
        attempts: u64,
        why: &str,
    ) -> Result<(), ErrorJson> {
        self.count(core, "dead");
        let (outlet, id) = (self.consumer(), item.id());
        tracing::warn!(outlet, id, attempts, why, "dead letter");
        let (Item::Event { .. }, Some(account)) = (item, core.account(item.account())) else {
            return Ok(());
        };
        let (name, why) = (self.name.clone(), why.to_owned());
        account
            .queue(move |queue| queue.bury(&name, id, attempts, &why))
            .await
    }

    fn count(&self, core: &Core, result: &str) {
        let labels = [("outlet", self.consumer()), ("result", result)];
        core.shared().metrics.count("bili_im_outlet_total", &labels);
    }
}

/// An item as it is queued now; `None` when it no longer is.
async fn reread(core: &Core, item: Item) -> Result<Option<Item>, ErrorJson> {
    let Item::Event { account, event } = item else {
        return Ok(Some(item));
    };
    let Some(running) = core.account(&account) else {
        return Ok(None);
    };
    let id = event.place.id;
    let read = running.queue(move |queue| queue.read(id.saturating_sub(1), id, 1));
    let event = read.await?.pop();
    Ok(event.map(|event| Item::Event { account, event }))
}
