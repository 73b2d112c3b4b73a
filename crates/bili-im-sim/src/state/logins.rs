//! The valid login tokens and their accounts (docs/protocol.md §2, §13).

use std::collections::BTreeMap;

use crate::{chance::Chance, ids::Uid, time::UnixMicros, world::Account};

/// How long a login lasts: 180 days.
const LIFETIME_SECONDS: i64 = 180 * 24 * 60 * 60;

/// The login that a token belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) uid: Uid,
    pub(crate) bili_jct: String,
    /// `None` for the logins of a world, which never expire.
    expires: Option<UnixMicros>,
}

/// The logins by their token.
#[derive(Debug, Default)]
pub(crate) struct Logins(BTreeMap<String, Login>);

impl Logins {
    pub(crate) fn of<'a>(accounts: impl Iterator<Item = &'a Account>) -> Self {
        let login = |account: &Account| {
            let login = Login {
                uid: account.uid,
                bili_jct: account.bili_jct.clone(),
                expires: None,
            };
            (account.sessdata.clone(), login)
        };
        Self(accounts.map(login).collect())
    }

    /// The login of a token, unless it has expired.
    pub(crate) fn get(&self, sessdata: &str, now: UnixMicros) -> Option<&Login> {
        self.0.get(sessdata).filter(|login| login.is_alive(now))
    }

    /// Adds a login of `uid`; its other logins stay valid. Returns SESSDATA, `bili_jct`, and when
    /// they expire.
    pub(crate) fn begin(
        &mut self,
        uid: Uid,
        now: UnixMicros,
        chance: &mut Chance,
    ) -> (String, String, UnixMicros) {
        self.0.retain(|_, login| login.is_alive(now));
        let expires = now.plus_secs(LIFETIME_SECONDS);
        let sessdata = format!(
            "{},{},{}*{}",
            chance.hex(8),
            expires.as_secs(),
            chance.hex(5),
            chance.hex(2)
        );
        let login = Login {
            uid,
            bili_jct: chance.hex(32),
            expires: Some(expires),
        };
        let bili_jct = login.bili_jct.clone();
        self.0.insert(sessdata.clone(), login);
        (sessdata, bili_jct, expires)
    }

    /// Ends the login of a token.
    pub(crate) fn end(&mut self, sessdata: &str) {
        self.0.remove(sessdata);
    }
}

impl Login {
    fn is_alive(&self, now: UnixMicros) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}
