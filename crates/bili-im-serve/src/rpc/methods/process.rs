//! Methods about the process.

use bili_im_json::{ErrorJson, Exit};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    account::AccountJson,
    error::{ServeError, error},
    logins::LoginJson,
    rights::is_name,
    rpc::{
        call::{Call, Fault},
        reference,
        table::{Kind, Method, Param, Right, Scope, answers, needed},
    },
    server::consumer_name,
};

const NAME: Param = needed("account", Kind::Text, "the account's name");

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "events.ack",
        about: "a consumer of /events has handled all events up to one",
        right: Right::Read,
        scope: Scope::Process,
        params: &[
            needed("consumer", Kind::Text, "the consumer's name"),
            needed(
                "id",
                Kind::Number,
                "the id of the last event that it has handled",
            ),
        ],
        result: "`consumer`, `id`",
        answers: answers!(ack),
    },
    Method {
        name: "accounts.list",
        about: "the accounts and how they are",
        right: Right::Read,
        scope: Scope::Process,
        params: &[],
        result: "`accounts`: `account`, `uid`, `state` (`starting`, `working`, `held`), and of one that is held `why` (`logged_out`, `stopped`, `broken`), `since`, `until`, `error`",
        answers: answers!(list),
    },
    Method {
        name: "accounts.add",
        about: "serve one more of the program's profiles, until the process ends; others go on",
        right: Right::Write,
        scope: Scope::Process,
        params: &[NAME],
        result: "the account, as in `accounts.list`",
        answers: answers!(add),
    },
    Method {
        name: "accounts.remove",
        about: "serve an account no longer: its sends are finished first, its archive stays",
        right: Right::Write,
        scope: Scope::Process,
        params: &[NAME],
        result: "`account`, `removed`",
        answers: answers!(remove),
    },
    Method {
        name: "accounts.restart",
        about: "start an account anew, with its login read again; others go on",
        right: Right::Write,
        scope: Scope::Account,
        params: &[],
        result: "`account`, `restarted`",
        answers: answers!(restart),
    },
    Method {
        name: "login",
        about: "log in with a QR code that the caller shows; then the account is served with it. A second call gives the login under way",
        right: Right::Write,
        scope: Scope::Process,
        params: &[NAME],
        result: "as `login.state`, with a `link`. Whoever knows the link can take the login",
        answers: answers!(login),
    },
    Method {
        name: "login.state",
        about: "how the login of this name is, or how the last one ended",
        right: Right::Write,
        scope: Scope::Process,
        params: &[NAME],
        result: "`account`, `state` (`starting`, `code`, `scanned`, `done`, `expired`, `failed`), `link`: what to show as a QR code within 180 s, `uid`: who has logged in, `error`",
        answers: answers!(login_state),
    },
    Method {
        name: "resume",
        about: "go on after risk control stopped the account and its owner confirmed on the site that it is them",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[],
        result: "as `bili-im resume --json`",
        answers: answers!(resume),
    },
    Method {
        name: "rpc.discover",
        about: "describe the methods, as OpenRPC",
        right: Right::Read,
        scope: Scope::Process,
        params: &[],
        result: "the description",
        answers: answers!(discover),
    },
];

/// What a consumer has handled.
#[derive(Serialize, JsonSchema)]
struct HandledJson {
    consumer: String,
    /// The id of the last event.
    id: u64,
}

/// The accounts.
#[derive(Serialize, JsonSchema)]
struct AccountsJson {
    accounts: Vec<AccountJson>,
}

/// An account that was removed.
#[derive(Serialize, JsonSchema)]
struct RemovedJson {
    account: String,
    removed: bool,
}

/// An account that starts anew.
#[derive(Serialize, JsonSchema)]
struct RestartedJson {
    account: String,
    restarted: bool,
}

/// An account that goes on.
#[derive(Serialize, JsonSchema)]
struct ResumedJson {
    was_stopped: bool,
}

async fn ack(call: Call) -> Result<HandledJson, Fault> {
    let consumer = call.text("consumer").unwrap_or_default();
    if !is_name(consumer) {
        let words = "consumer has letters, digits, -, _ and .";
        return Err(Fault::Params(words.to_owned()));
    }
    let id = call.number("id").unwrap_or_default();
    let name = consumer_name(&call.rights, consumer);
    call.core.handled(&call.rights, &name, id).await?;
    let consumer = consumer.to_owned();
    Ok(HandledJson { consumer, id })
}

async fn list(call: Call) -> Result<AccountsJson, Fault> {
    let accounts = call.core.list(&call.rights);
    Ok(AccountsJson { accounts })
}

async fn add(call: Call) -> Result<AccountJson, Fault> {
    let name = named(&call)?;
    call.core.add_named(&name).await?;
    let account = call.core.account(&name);
    let account = account.ok_or_else(|| ServeError::NoAccount(name));
    Ok(account.map_err(ErrorJson::from)?.json())
}

async fn remove(call: Call) -> Result<RemovedJson, Fault> {
    let name = named(&call)?;
    call.core.remove(&name).await.map_err(ErrorJson::from)?;
    Ok(RemovedJson {
        account: name,
        removed: true,
    })
}

/// The name of an account that the token may have, in all its conversations.
fn named(call: &Call) -> Result<String, Fault> {
    let name = call.text("account").unwrap_or_default();
    match call.rights.account(name) && call.rights.talkers.is_none() {
        true => Ok(name.to_owned()),
        false => Err(Fault::Forbidden("this token may not have this account")),
    }
}

async fn restart(call: Call) -> Result<RestartedJson, Fault> {
    let account = call.account()?;
    account.restart();
    Ok(RestartedJson {
        account: account.name().to_owned(),
        restarted: true,
    })
}

async fn login(call: Call) -> Result<LoginJson, Fault> {
    let name = named(&call)?;
    Ok(call.core.log_in(&name).await?)
}

async fn login_state(call: Call) -> Result<LoginJson, Fault> {
    let name = named(&call)?;
    let login = call.core.shared().logins.get(&name);
    login.ok_or_else(|| {
        let words = "no login of this name has begun";
        error(Exit::WrongUse, "NoLogin", words, "call login").into()
    })
}

async fn resume(call: Call) -> Result<ResumedJson, Fault> {
    let was_stopped = call.account()?.resume().await?;
    Ok(ResumedJson { was_stopped })
}

async fn discover(_: Call) -> Result<Value, Fault> {
    Ok(reference::open_rpc())
}
