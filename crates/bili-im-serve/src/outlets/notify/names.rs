//! The names of senders.

use std::{collections::BTreeMap, sync::Mutex};

use bili_im_proto::Uid;
use serde_json::Value;
use tokio::time::timeout;

use crate::{core::Core, lock::lock, outlets::filter::text};

/// How many names are kept.
const NAMES: usize = 1000;

/// The names of senders, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<BTreeMap<Uid, String>>);

impl Names {
    /// The name of the sender of a message; the number when it cannot be found out.
    pub(crate) async fn of(&self, core: &Core, account: &str, json: &Value) -> String {
        let number = text(json, "/message/sender_uid");
        let Ok(uid) = number.parse().map(Uid) else {
            return account.to_owned();
        };
        if let Some(name) = lock(&self.0).get(&uid) {
            return name.clone();
        }
        let Some(Ok(client)) = core.account(account).map(|account| account.client()) else {
            return number.to_owned();
        };
        let patience = core.shared().limits.outlets.patience;
        let Ok(Ok(cards)) = timeout(patience, client.people([uid])).await else {
            return number.to_owned();
        };
        let name = cards
            .into_iter()
            .map(|card| card.name)
            .find(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| number.to_owned());
        let mut names = lock(&self.0);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(uid, name.clone());
        name
    }
}
