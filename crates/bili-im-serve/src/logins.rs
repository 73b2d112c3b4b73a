//! The logins of a process with QR codes that clients show.

use std::{collections::BTreeMap, sync::Mutex};

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Secret, Uid};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use tokio::sync::watch::{Receiver, Sender};

use crate::{error::error, lock::lock};

/// How many logins are under way at once.
const MOST: usize = 16;

/// The logins of a process: of each profile the one under way, or the last one.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<BTreeMap<String, Receiver<LoginJson>>>);

/// The sending half of how a login is. The login is under way until it is dropped.
pub(crate) type Updates = Sender<LoginJson>;

/// How a login is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct LoginJson {
    pub(crate) account: String,
    pub(crate) state: LoginState,
    /// What to show as a QR code, within 180 s. Whoever knows it can take the login.
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "Option<String>")]
    pub(crate) link: Option<Secret>,
    /// Who has logged in.
    pub(crate) uid: Option<Uid>,
    /// Why it failed.
    pub(crate) error: Option<ErrorJson>,
}

/// How a login is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginState {
    /// The service is asked for a code.
    Starting,
    /// The code is to be scanned.
    Code,
    /// It was scanned; the login is to be confirmed on the phone.
    Scanned,
    /// It was confirmed; the account is being started with it.
    Confirmed,
    /// It is kept, and the account works with it, or is still starting after a while.
    Done,
    /// Nobody confirmed in time.
    Expired,
    Failed,
}

impl Logins {
    /// How the login of this name is. Also gives where to say so, if none was under way.
    pub(crate) fn begin(
        &self,
        name: &str,
    ) -> Result<(Receiver<LoginJson>, Option<Updates>), ErrorJson> {
        let mut logins = lock(&self.0);
        if let Some(state) = logins.get(name).filter(|state| is_under_way(state)) {
            return Ok((state.clone(), None));
        }
        if logins.len() >= MOST {
            logins.retain(|_, state| is_under_way(state));
        }
        if logins.len() >= MOST {
            let words = "too many logins are under way";
            let advice = "try again in three minutes";
            return Err(error(Exit::Other, "TooMany", words, advice));
        }
        let (updates, state) = tokio::sync::watch::channel(LoginJson {
            account: name.to_owned(),
            state: LoginState::Starting,
            link: None,
            uid: None,
            error: None,
        });
        logins.insert(name.to_owned(), state.clone());
        Ok((state, Some(updates)))
    }

    /// How the login of this name is: the one under way, or the last one.
    pub(crate) fn get(&self, name: &str) -> Option<LoginJson> {
        let logins = lock(&self.0);
        logins.get(name).map(|state| state.borrow().clone())
    }
}

/// The task of a login owns the sending half, so the channel is closed once that has ended.
fn is_under_way(state: &Receiver<LoginJson>) -> bool {
    state.has_changed().is_ok()
}

fn exposed<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(to)
}
