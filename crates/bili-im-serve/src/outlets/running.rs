//! The outlets that run: begun, ended and exchanged one by one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use tokio::{select, task::AbortHandle, time::sleep};

use super::{
    config::{Entry, Kind, Outlets},
    notify::Notifier,
    post::Poster,
    webhook::Webhook,
};
use crate::{core::Core, lock::lock};

/// The outlets that run, by the names of their consumers.
#[derive(Debug, Default)]
pub(crate) struct Running {
    outlets: Mutex<BTreeMap<String, Outlet>>,
    poster: OnceLock<Poster>,
}

#[derive(Debug)]
struct Outlet {
    entry: Entry,
    task: AbortHandle,
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    pub(crate) fn webhook(&self, name: &str) -> Option<Arc<Webhook>> {
        match self.kind(&format!("hook/{name}"))? {
            Kind::Webhook(webhook) => Some(webhook),
            Kind::Notify(_) => None,
        }
    }

    pub(super) fn notifier(&self, name: &str) -> Option<Arc<Notifier>> {
        match self.kind(&format!("notify/{name}"))? {
            Kind::Notify(notifier) => Some(notifier),
            Kind::Webhook(_) => None,
        }
    }

    fn kind(&self, consumer: &str) -> Option<Kind> {
        let outlets = lock(&self.outlets);
        outlets
            .get(consumer)
            .map(|outlet| outlet.entry.kind.clone())
    }

    /// What posts to receivers, once there are some.
    pub(crate) fn poster(&self, core: &Core) -> Poster {
        let new = || Poster::new(core.shared().limits.outlets.patience);
        self.poster.get_or_init(new).clone()
    }
}

impl Core {
    /// Sets who is told of events, beside clients. Those outlets that are as before go on; others
    /// end or begin. A new one is told what happens from now on. Also sets the rules.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn set_outlets(&self, outlets: Outlets) {
        let running = &self.shared().outlets;
        let mut before = lock(&running.outlets);
        let mut after = BTreeMap::new();
        for entry in outlets.entries {
            let consumer = entry.kind.consumer().to_owned();
            let same = before.remove(&consumer);
            let outlet = match same.filter(|outlet| outlet.entry.is_same(&entry)) {
                Some(outlet) => outlet,
                None => {
                    let poster = running.poster(self);
                    let task = run(self.clone(), entry.kind.clone(), poster);
                    let task = tokio::spawn(task).abort_handle();
                    Outlet { entry, task }
                }
            };
            after.insert(consumer, outlet);
        }
        *before = after;
        self.shared().rules.set(self, outlets.rules);
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
