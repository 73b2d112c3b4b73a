//! One call of a method.

use std::sync::Arc;

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Error, Talker};
use bili_im_reqwest::Client;
use serde::Serialize;
use serde_json::{Map, Value};

use super::table::{self, Method, Right, Scope};
use crate::{account::Account, core::Core, error::error, rights::Rights};

/// A call whose parameters are checked.
pub(crate) struct Call {
    pub(crate) core: Core,
    pub(crate) rights: Rights,
    account: Option<Arc<Account>>,
    talker: Option<Talker>,
    params: Map<String, Value>,
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
    /// Runs a method.
    pub(crate) async fn run(
        core: Core,
        rights: Rights,
        method: &str,
        mut params: Map<String, Value>,
    ) -> Result<Value, Fault> {
        let method = table::all().find(|one| one.name == method);
        let method = method.ok_or(Fault::Unknown)?;
        check(method, &mut params)?;
        if method.right == Right::Write && !rights.write {
            return Err(Fault::Forbidden("this token may only read"));
        }
        let talker = match (method.scope, params.get("talker")) {
            (Scope::Talker, Some(talker)) => Some(talker_of(talker)?),
            _ => None,
        };
        allow(method.scope, &rights, talker, &params).map_err(Fault::Forbidden)?;
        let account = match method.scope {
            Scope::Process | Scope::Everything | Scope::Profile => None,
            _ => Some(account_of(&core, &rights, params.get("account"))?),
        };
        if let Some(account) = &account {
            account.started().await;
        }
        let call = Self {
            core,
            rights,
            account: account.clone(),
            talker,
            params,
        };
        let done = (method.answers.run)(call).await;
        if let (Err(Fault::Error(error)), Some(account)) = (&done, account) {
            account.look_again_after(error).await;
        }
        done
    }

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
        table::number(self.params.get(name)?)
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<u64> {
        let values = self.params.get(name).and_then(Value::as_array);
        let values = values.into_iter().flatten();
        values.filter_map(table::number).collect()
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

/// Whether a token may call a method of this scope.
fn allow(
    scope: Scope,
    rights: &Rights,
    talker: Option<Talker>,
    params: &Map<String, Value>,
) -> Result<(), &'static str> {
    let name = params.get("account").and_then(Value::as_str);
    match scope {
        Scope::Everything if !rights.is_for_all() => Err(
            "this needs a token for all accounts and conversations (without accounts= and talkers=)",
        ),
        Scope::Profile | Scope::WholeAccount if rights.talkers.is_some() => {
            Err("this needs a token for all conversations (without talkers=)")
        }
        Scope::Profile if !name.is_some_and(|name| rights.account(name)) => {
            Err("this token may not have this account")
        }
        Scope::Talker if !rights.talker(talker) => Err("this token may not see this conversation"),
        _ => Ok(()),
    }
}

/// Checks the parameters, and adds those that are left out and have a default.
fn check(method: &Method, params: &mut Map<String, Value>) -> Result<(), Fault> {
    for param in method.params().filter(|param| param.is_needed) {
        if params.get(param.name).is_none_or(Value::is_null) {
            return Err(Fault::Params(format!("{} is needed", param.name)));
        }
    }
    for (name, value) in &*params {
        let Some(param) = method.params().find(|param| param.name == name) else {
            let known: Vec<&str> = method.params().map(|param| param.name).collect();
            let known = known.join(", ");
            let name: String = name.chars().take(64).collect();
            return Err(Fault::Params(format!(
                "there is no parameter {name:?}; there are: {known}"
            )));
        };
        if !value.is_null() && !param.kind.takes(value) {
            let kind = param.kind.words();
            return Err(Fault::Params(format!("{name} is {kind}")));
        }
        if table::number(value).is_some_and(|number| number > param.most) {
            let most = param.most;
            return Err(Fault::Params(format!("{name} is {most} at most")));
        }
    }
    for param in method.params() {
        let is_left_out = params.get(param.name).is_none_or(Value::is_null);
        if let Some(default) = param.default().filter(|_| is_left_out) {
            params.insert(param.name.to_owned(), default);
        }
    }
    Ok(())
}

fn talker_of(value: &Value) -> Result<Talker, Fault> {
    serde_json::from_value(value.clone())
        .map_err(|_| Fault::Params("talker is {\"user\":\"UID\"} or {\"group\":\"ID\"}".to_owned()))
}

/// The account of this name; without a name, the only one.
fn account_of(core: &Core, rights: &Rights, name: Option<&Value>) -> Result<Arc<Account>, Fault> {
    let mut accounts = core.accounts();
    accounts.retain(|account| rights.account(account.name()));
    let found = match name.and_then(Value::as_str) {
        Some(name) => accounts.into_iter().find(|account| account.name() == name),
        None if accounts.len() > 1 => {
            return Err(Fault::Params(
                "account is needed: there are several".to_owned(),
            ));
        }
        None => accounts.pop(),
    };
    found.ok_or_else(|| {
        let words = "there is no such account, or this token may not use it";
        error(Exit::WrongUse, "NoAccount", words, "see accounts.list").into()
    })
}
