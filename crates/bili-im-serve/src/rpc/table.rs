//! All methods, and how one of them is called.

use std::sync::Arc;

use bili_im_json::Exit;
use bili_im_proto::Talker;
use serde_json::{Map, Value};

use super::{
    call::{Call, Fault, talker_of},
    method::{Method, Right, Scope, answers},
    methods,
    param::number,
    reference::{open_rpc, page},
};
use crate::{account::Account, core::Core, error::error, rights::Rights};

/// The one that is about all of them.
const DISCOVER: Method = Method {
    name: "rpc.discover",
    about: "describe the methods, as OpenRPC",
    right: Right::Read,
    scope: Scope::Process,
    params: &[],
    result: "the description",
    answers: answers!(discover),
};

/// All methods, in the order of the docs.
pub(super) fn all() -> impl Iterator<Item = &'static Method> {
    let others = methods::ALL.iter().copied().flatten();
    others.chain([&DISCOVER])
}

/// The page `docs/rpc.md`.
pub fn reference() -> String {
    page(all())
}

async fn discover(_: Call) -> Result<Value, Fault> {
    Ok(open_rpc(all()))
}

impl Call {
    /// Runs a method.
    pub(crate) async fn run(
        core: Core,
        rights: Rights,
        method: &str,
        mut params: Map<String, Value>,
    ) -> Result<Value, Fault> {
        let method = all().find(|one| one.name == method);
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
        if number(value).is_some_and(|number| number > param.most) {
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

/// The account of this name; without a name, the only one.
fn account_of(core: &Core, rights: &Rights, name: Option<&Value>) -> Result<Arc<Account>, Fault> {
    let mut accounts = core.accounts_of(rights);
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
