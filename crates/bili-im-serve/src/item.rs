//! What is told: an event, or that events were dropped.

use bili_im_archive::{Dropped, QueuedEvent};
use serde_json::{Value, json};

/// What is told.
#[derive(Debug)]
#[non_exhaustive]
pub enum Item {
    /// An event.
    Event {
        /// The account's name.
        account: String,
        /// The event.
        event: QueuedEvent,
    },
    /// Events were dropped before this reader got them.
    Dropped {
        /// The account's name.
        account: String,
        /// Which.
        dropped: Dropped,
        /// The item's id. Events of other accounts that are not told yet are behind it.
        id: u64,
    },
}

impl Item {
    /// The id: who has handled it has handled all up to it.
    pub fn id(&self) -> u64 {
        match self {
            Self::Event { event, .. } => event.place.id,
            Self::Dropped { id, .. } => *id,
        }
    }

    /// Tells items apart, over all accounts and for ever: an event by its id.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Event { event, .. } => event.place.id.to_string(),
            Self::Dropped {
                account, dropped, ..
            } => format!("dropped-{account}-{}", dropped.to.id),
        }
    }

    /// The account's name.
    pub fn account(&self) -> &str {
        match self {
            Self::Event { account, .. } | Self::Dropped { account, .. } => account,
        }
    }

    /// When an event was queued, in seconds since 1970.
    pub fn time(&self) -> Option<u64> {
        match self {
            Self::Event { event, .. } => Some(event.time),
            Self::Dropped { .. } => None,
        }
    }

    /// The item as JSON: the program's event, with `account` and the id as `sn`.
    pub fn json(&self) -> Value {
        let (account, mut json) = match self {
            Self::Event { account, event } => (
                account,
                serde_json::from_str(&event.json).unwrap_or_default(),
            ),
            Self::Dropped {
                account, dropped, ..
            } => {
                let (from, to, count) = (dropped.from, dropped.to.id, dropped.count);
                let json = json!({ "event": "dropped", "from": from, "to": to, "count": count });
                (account, json)
            }
        };
        if let Value::Object(fields) = &mut json {
            fields.insert("account".to_owned(), account.as_str().into());
            fields.insert("sn".to_owned(), self.id().into());
        }
        json
    }
}
