//! One call of a method.

use std::sync::Arc;

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Error, Talker};
use bili_im_reqwest::Client;
use serde::Serialize;
use serde_json::{Map, Value};

use super::param::number;
use crate::{account::Account, core::Core, rights::Rights};

/// A call whose parameters are checked.
pub(crate) struct Call {
    pub(crate) core: Core,
    pub(crate) rights: Rights,
    pub(super) account: Option<Arc<Account>>,
    pub(super) talker: Option<Talker>,
    pub(super) params: Map<String, Value>,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The parameters are wrong.
    Params(String),
    /// The token may not call it.
    Forbidden(&'static str),
    /// There is no such method.
    Unknown,
    /// The program's error.
    Error(Value),
}

impl From<ErrorJson> for Fault {
    fn from(error: ErrorJson) -> Self {
        Self::Error(serde_json::to_value(error).unwrap_or_default())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        ErrorJson::from(error).into()
    }
}

impl Call {
    /// The account that it is about.
    pub(crate) fn account(&self) -> Result<&Arc<Account>, Fault> {
        let account = self.account.as_ref();
        account.ok_or_else(|| Fault::Params("account is needed".to_owned()))
    }

    pub(crate) fn client(&self) -> Result<Client, Fault> {
        Ok(self.account()?.client()?)
    }

    /// The conversation that it is about.
    pub(crate) fn talker(&self) -> Result<Talker, Fault> {
        (self.talker).ok_or_else(|| Fault::Params("talker is needed".to_owned()))
    }

    /// The conversation that can be given, where the method is about the account.
    pub(crate) fn given_talker(&self) -> Result<Option<Talker>, Fault> {
        let talker = self.params.get("talker").filter(|talker| !talker.is_null());
        talker.map(talker_of).transpose()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        number(self.params.get(name)?)
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<u64> {
        let values = self.params.get(name).and_then(Value::as_array);
        let values = values.into_iter().flatten();
        values.filter_map(number).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.params.get(name).is_some_and(|value| !value.is_null())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.params.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(crate) fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.params.get(name)?.as_object()
    }
}

/// A result as JSON.
pub(crate) fn done(result: &impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(result)
        .map_err(|failed| ErrorJson::new(Exit::Other, "Other", failed.to_string()).into())
}

pub(super) fn talker_of(value: &Value) -> Result<Talker, Fault> {
    serde_json::from_value(value.clone())
        .map_err(|_| Fault::Params("talker is {\"user\":\"UID\"} or {\"group\":\"ID\"}".to_owned()))
}
