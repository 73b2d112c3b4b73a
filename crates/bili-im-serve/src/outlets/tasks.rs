//! The tasks of outlets: begun, ended and exchanged one by one.

use std::collections::BTreeMap;

use tokio::time::sleep;

use super::running::{Entry, Kind, Outlet};
use crate::{core::Core, lock::lock};

impl Core {
    /// Those outlets that are as before go on; others end or begin.
    pub(crate) fn exchange_outlets(&self, entries: Vec<Entry>) {
        let mut before = lock(&self.outlets().outlets);
        let mut after = BTreeMap::new();
        for entry in entries {
            let consumer = entry.kind.consumer().to_owned();
            let same = before.remove(&consumer);
            let goes_on =
                |outlet: &Outlet| !outlet.task.is_finished() && outlet.entry.is_same(&entry);
            let outlet = match same.filter(goes_on) {
                Some(outlet) => outlet,
                None => {
                    // Here, so that a machine on which none can be made fails at once.
                    let _poster = self.outlets().poster();
                    let task = tokio::spawn(run(self.clone(), entry.kind.clone()));
                    let task = task.abort_handle();
                    Outlet { entry, task }
                }
            };
            after.insert(consumer, outlet);
        }
        *before = after;
    }
}

/// Runs an outlet until the process ends.
async fn run(core: Core, kind: Kind) {
    let told = async {
        while let Err(error) = match &kind {
            Kind::Webhook(webhook) => webhook.run(&core).await,
            Kind::Notify(notifier) => notifier.run(&core).await,
        } {
            let (outlet, kind): (_, &str) = (kind.consumer(), &error.kind);
            tracing::warn!(outlet, kind, "the queue cannot be used");
            sleep(core.shared().limits.first_wait).await;
        }
    };
    core.until_end(told).await;
}
