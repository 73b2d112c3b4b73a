//! How an account is.

use bili_im_json::ErrorJson;
use bili_im_proto::Uid;
use schemars::JsonSchema;
use serde::Serialize;

/// How an account is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum State {
    /// Its login is being checked.
    Starting,
    /// It is watched.
    Working,
    /// It is not watched. Other accounts are.
    Held(Box<Held>),
    /// It was removed.
    Removed,
}

/// Why an account is held.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Held {
    /// In one word.
    pub why: Why,
    /// The error.
    pub error: ErrorJson,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// When it is tried again; `None` when a person has to act.
    pub until: Option<u64>,
}

/// Why an account is held, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// There is no login, or it is over.
    LoggedOut,
    /// Risk control stopped the account, or it is banned.
    Stopped,
    /// Anything else.
    Broken,
}

impl State {
    /// The state in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Working => "working",
            Self::Held(_) => "held",
            Self::Removed => "removed",
        }
    }
}

/// An account in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AccountJson {
    pub(crate) account: String,
    pub(crate) uid: Option<Uid>,
    pub(crate) state: &'static str,
    pub(crate) why: Option<Why>,
    pub(crate) since: Option<u64>,
    pub(crate) until: Option<u64>,
    pub(crate) error: Option<ErrorJson>,
}

impl AccountJson {
    pub(crate) fn new(account: &str, uid: Option<Uid>, state: &State) -> Self {
        let held = match state {
            State::Held(held) => Some(held),
            _ => None,
        };
        Self {
            account: account.to_owned(),
            uid,
            state: state.name(),
            why: held.map(|held| held.why),
            since: held.map(|held| held.since),
            until: held.and_then(|held| held.until),
            error: held.map(|held| held.error.clone()),
        }
    }
}
