//! Logins: the accounts whose user is known.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::resources::{PLATFORM, extend, user};
use crate::{
    account::{Account, State},
    core::Core,
    rights::Rights,
};

/// The name of this implementation. Clients take it for the default, and some of them look a login
/// up by it.
const ADAPTER: &str = "satori";

/// What a login can do: methods, and the feature `guild.plain`.
const FEATURES: [&str; 12] = [
    "guild.plain",
    "channel.get",
    "channel.list",
    "friend.list",
    "login.get",
    "message.create",
    "message.delete",
    "message.get",
    "message.list",
    "upload.create",
    "user.channel.create",
    "user.get",
];

/// How a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Offline = 0,
    Online = 1,
    Connect = 2,
    Reconnect = 4,
}

impl From<&State> for Status {
    fn from(state: &State) -> Self {
        match state {
            State::Working => Self::Online,
            State::Starting => Self::Connect,
            State::Held(held) if held.until.is_some() => Self::Reconnect,
            State::Held(_) | State::Removed => Self::Offline,
        }
    }
}

/// The accounts that a token may use.
fn accounts(core: &Core, rights: &Rights) -> Vec<Arc<Account>> {
    let mut accounts = core.accounts_of(rights);
    accounts.retain(|account| account.uid().is_some());
    accounts
}

/// The account of a user.
pub(super) fn account_of(core: &Core, rights: &Rights, uid: &str) -> Option<Arc<Account>> {
    let accounts = accounts(core, rights).into_iter();
    let is_its = |account: &Arc<Account>| account.uid().is_some_and(|own| own.to_string() == uid);
    // Of two accounts with the same user, one is held.
    let is_held = |account: &Arc<Account>| matches!(account.state(), State::Held(_));
    accounts.filter(is_its).min_by_key(is_held)
}

/// The login of an account.
pub(super) fn login(account: &Account) -> Value {
    let mut login = partial(account);
    let status = Status::from(&account.state()) as u8;
    extend(
        &mut login,
        json!({ "status": status, "features": FEATURES }),
    );
    login
}

/// The login of an account as events have it: without a status, which counts as online.
pub(super) fn partial(account: &Account) -> Value {
    let user = match (account.profile(), account.uid()) {
        (Some(profile), _) => {
            let uid = profile.uid.to_string();
            Some(user(&uid, Some(&profile.name), Some(&profile.face)))
        }
        (None, uid) => uid.map(|uid| user(&uid.to_string(), None, None)),
    };
    json!({ "sn": account.serial(), "adapter": ADAPTER, "platform": PLATFORM, "user": user })
}

/// The logins of a token.
pub(super) fn logins(core: &Core, rights: &Rights) -> Vec<Value> {
    let accounts = accounts(core, rights);
    accounts.iter().map(|account| login(account)).collect()
}

/// The logins that a client was told of.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<u64, Value>);

impl Told {
    /// What has changed since: the type of the event, and the login.
    pub(super) fn news(&mut self, now: Vec<Value>) -> Vec<(&'static str, Value)> {
        let serial = |login: &Value| login.get("sn").and_then(Value::as_u64).unwrap_or_default();
        let now: BTreeMap<u64, Value> = (now.into_iter())
            .map(|login| (serial(&login), login))
            .collect();
        let before = std::mem::replace(&mut self.0, now);
        let mut news = Vec::new();
        for (sn, login) in &before {
            if !self.0.contains_key(sn) {
                news.push(("login-removed", login.clone()));
            }
        }
        for (sn, login) in &self.0 {
            match before.get(sn) {
                None => news.push(("login-added", login.clone())),
                Some(known) if known != login => news.push(("login-updated", login.clone())),
                Some(_) => {}
            }
        }
        news
    }
}
