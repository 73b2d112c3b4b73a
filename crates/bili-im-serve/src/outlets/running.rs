//! The outlets that run.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tokio::task::AbortHandle;

use super::{notify::Notifier, post::Poster, table::Same, webhook::Webhook};
use crate::lock::lock;

/// The outlets that run, by the names of their consumers.
#[derive(Debug)]
pub(crate) struct Running {
    pub(super) outlets: Mutex<BTreeMap<String, Outlet>>,
    poster: OnceLock<Poster>,
    /// How long a receiver may take.
    patience: Duration,
}

#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) entry: Entry,
    pub(super) task: AbortHandle,
}

/// An outlet.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// What makes two outlets the same.
    pub(crate) same: Same,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Webhook(Arc<Webhook>),
    Notify(Arc<Notifier>),
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            outlets: Mutex::default(),
            poster: OnceLock::new(),
            patience,
        }
    }

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

    /// What posts to receivers. It is made when the first outlet begins.
    pub(super) fn poster(&self) -> &Poster {
        self.poster.get_or_init(|| Poster::new(self.patience))
    }
}

impl Entry {
    /// Whether nothing is different.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kind.consumer() == other.kind.consumer() && self.same == other.same
    }
}

impl Kind {
    /// The name of its consumer.
    pub(crate) fn consumer(&self) -> &str {
        match self {
            Self::Webhook(webhook) => webhook.consumer(),
            Self::Notify(notifier) => notifier.consumer(),
        }
    }
}
