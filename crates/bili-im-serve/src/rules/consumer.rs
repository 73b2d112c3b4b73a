//! Decides what rules do: a consumer of all accounts. It waits for nobody but their queues.

use std::sync::Arc;

use bili_im_json::ErrorJson;
use tokio::{
    select,
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{
    queueing::{end_waits, incoming},
    rule::Rule,
    running::CONSUMER,
    work::wake,
};
use crate::{
    core::Core,
    item::Item,
    lock::lock,
    outlets::{Feed, text},
    rights::Rights,
};

impl Core {
    /// Exchanges the rules. What a rule has decided is done nevertheless, unless the rule is gone.
    /// Without rules nothing is kept for later ones.
    pub(crate) fn set_rules(&self, rules: Vec<Rule>) {
        let rules: Arc<[Arc<Rule>]> = rules.into_iter().map(Arc::new).collect();
        let has_rules = !rules.is_empty();
        let mut task = lock(&self.rules().task);
        *lock(&self.rules().rules) = Some(rules);
        if !has_rules {
            if let Some(task) = task.take() {
                task.abort();
            }
            tokio::spawn(forget(self.clone()));
        } else if task.as_ref().is_none_or(AbortHandle::is_finished) {
            *task = Some(tokio::spawn(watch(self.clone())).abort_handle());
        }
    }
}

async fn forget(core: Core) {
    for account in core.accounts() {
        let forgotten = account.queue(|queue| queue.forget_consumer(CONSUMER));
        if let Err(error) = forgotten.await {
            let kind: &str = &error.kind;
            tracing::warn!(kind, "the queue cannot be used");
        }
    }
}

/// Runs rules until the process ends.
async fn watch(core: Core) {
    let watched = async {
        while let Err(error) = consume(&core).await {
            let kind: &str = &error.kind;
            tracing::warn!(kind, "the queue cannot be used");
            sleep(core.shared().limits.first_wait).await;
        }
    };
    core.until_end(watched).await;
}

async fn consume(core: &Core) -> Result<(), ErrorJson> {
    let mut feed = Feed::new(core, &Rights::all(CONSUMER));
    let pause = core.shared().limits.outlets.look;
    let mut look = Instant::now();
    loop {
        select! {
            item = feed.next() => {
                let Some(item) = item? else {
                    return Ok(());
                };
                match take(core, &item).await? {
                    true => feed.handled(item.id()).await?,
                    false => feed.skip(item.id()),
                }
            }
            // What an earlier process has decided, and messages that may still be unread.
            () = sleep_until(look) => {
                look = Instant::now() + pause;
                for account in core.accounts() {
                    wake(core, account.name());
                }
            }
        }
    }
}

/// Decides what is to be done because of an item, and stores that. Returns whether it is anything.
async fn take(core: &Core, item: &Item) -> Result<bool, ErrorJson> {
    let Some(account) = core.account(item.account()) else {
        return Ok(false);
    };
    let (json, id, rules) = (item.json(), item.id(), core.rules().now());
    let has_decided = match text(&json, "/direction") {
        "own" | "sent" => account.queue(move |queue| end_waits(queue, &json)).await?,
        _ => {
            account
                .queue(move |queue| incoming(queue, &rules, &json, id))
                .await?
        }
    };
    if has_decided {
        wake(core, account.name());
    }
    Ok(has_decided)
}
