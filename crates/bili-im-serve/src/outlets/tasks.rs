//! The tasks of outlets: begun, ended and exchanged one by one.

use std::collections::BTreeMap;

use tokio::{select, time::sleep};

use super::{
    post::Poster,
    running::{Entry, Kind, Outlet},
};
use crate::{core::Core, lock::lock};

impl Core {
    /// Those outlets that are as before go on; others end or begin.
    pub(crate) fn exchange_outlets(&self, entries: Vec<Entry>) {
        let running = self.outlets();
        let mut before = lock(&running.outlets);
        let mut after = BTreeMap::new();
        for entry in entries {
            let consumer = entry.kind.consumer().to_owned();
            let same = before.remove(&consumer);
            let outlet = match same.filter(|outlet| outlet.entry.is_same(&entry)) {
                Some(outlet) => outlet,
                None => {
                    let task = run(self.clone(), entry.kind.clone(), running.poster().clone());
                    let task = tokio::spawn(task).abort_handle();
                    Outlet { entry, task }
                }
            };
            after.insert(consumer, outlet);
        }
        *before = after;
    }
}

/// Runs an outlet until the process ends.
async fn run(core: Core, kind: Kind, poster: Poster) {
    let mut ends = core.ends();
    let told = async {
        loop {
            let ended = match &kind {
                Kind::Webhook(webhook) => webhook.run(&core, &poster).await,
                Kind::Notify(notifier) => notifier.run(&core, &poster).await,
            };
            let Err(error) = ended else {
                return;
            };
            let (outlet, kind): (_, &str) = (kind.consumer(), &error.kind);
            tracing::warn!(outlet, kind, "the queue cannot be used");
            sleep(core.shared().limits.first_wait).await;
        }
    };
    select! {
        () = told => {}
        _ = ends.wait_for(|ends| *ends) => {}
    }
}
