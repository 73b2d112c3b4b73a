//! Methods about the process.

use bili_im_archive::Queue;
use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::UnixSeconds;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    account::AccountJson,
    error::{ServeError, error},
    logins::LoginJson,
    rights::is_name,
    rpc::{
        call::{Call, Fault},
        method::{Method, Right, Scope, answers},
        param::{Kind, needed},
    },
};

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
        name: "consumers.list",
        about: "the consumers of events: those of the token, or all for a token without `accounts=` and `talkers=`",
        right: Right::Read,
        scope: Scope::Process,
        params: &[],
        result: "`consumers`: `account`, `consumer` (`TOKEN/NAME`, without tokens `local/NAME`; `hook/…`, `notify/…` and `rules` are the process's own), `id` of the last event that it has handled, `waiting` events, `seen` (s since 1970)",
        answers: answers!(consumers),
    },
    Method {
        name: "consumers.remove",
        about: "forget a consumer that is no longer needed; a name without `/` is the token's own",
        right: Right::Write,
        scope: Scope::Process,
        params: &[needed("consumer", Kind::Text, "the consumer's name")],
        result: "`consumer`, `removed`: whether there was one",
        answers: answers!(forget),
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
        scope: Scope::Profile,
        params: &[],
        result: "the account, as in `accounts.list`",
        answers: answers!(add),
    },
    Method {
        name: "accounts.remove",
        about: "serve an account no longer: its sends are finished first, its archive stays",
        right: Right::Write,
        scope: Scope::Profile,
        params: &[],
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
        scope: Scope::Profile,
        params: &[],
        result: "as `login.state`, with a `link`. Whoever knows the link can take the login",
        answers: answers!(login),
    },
    Method {
        name: "login.state",
        about: "how the login of this name is, or how the last one ended",
        right: Right::Write,
        scope: Scope::Profile,
        params: &[],
        result: "`account`, `state` (`starting`, `code`, `scanned`, `confirmed`, `done`, `expired`, `failed`), `link`: what to show as a QR code within 180 s, `uid`: who has logged in, `error`",
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
];

/// What a consumer has handled.
#[derive(Serialize, JsonSchema)]
struct HandledJson {
    consumer: String,
    /// The id of the last event.
    id: u64,
}

/// Consumers.
#[derive(Serialize, JsonSchema)]
struct ConsumersJson {
    consumers: Vec<ConsumerJson>,
}

/// A consumer of an account's events.
#[derive(Serialize, JsonSchema)]
struct ConsumerJson {
    account: String,
    consumer: String,
    /// The id of the last event that it has handled.
    id: u64,
    /// How many events wait for it.
    waiting: u64,
    seen: UnixSeconds,
}

/// A consumer that is forgotten.
#[derive(Serialize, JsonSchema)]
struct ForgottenJson {
    consumer: String,
    removed: bool,
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
    let name = call.rights.consumer(consumer);
    call.core.handled(&call.rights, &name, id).await?;
    let consumer = consumer.to_owned();
    Ok(HandledJson { consumer, id })
}

async fn consumers(call: Call) -> Result<ConsumersJson, Fault> {
    let mut consumers = Vec::new();
    for account in call.core.accounts_of(&call.rights) {
        let known = account.queue(|queue| queue.consumers()).await?;
        let known = known.into_iter();
        let shown = known.filter(|known| may_know(&call, &known.name));
        consumers.extend(shown.map(|known| ConsumerJson {
            account: account.name().to_owned(),
            consumer: known.name,
            id: known.id,
            waiting: known.lag,
            seen: UnixSeconds(known.seen),
        }));
    }
    Ok(ConsumersJson { consumers })
}

/// Whether a consumer is one of the token's own, or the token is for everything.
fn may_know(call: &Call, consumer: &str) -> bool {
    let token = consumer.split('/').next();
    call.rights.is_for_all() || token == Some(&call.rights.name)
}

async fn forget(call: Call) -> Result<ForgottenJson, Fault> {
    let name = call.text("consumer").unwrap_or_default();
    let name = match name.contains('/') {
        true => name.to_owned(),
        false => call.rights.consumer(name),
    };
    if Queue::is_own(&name) {
        let words = "this is a consumer of the process itself";
        return Err(Fault::Params(words.to_owned()));
    }
    if !may_know(&call, &name) {
        return Err(Fault::Forbidden("this is a consumer of another token"));
    }
    let removed = call.core.forget(&call.rights, &name).await?;
    let consumer = name;
    Ok(ForgottenJson { consumer, removed })
}

async fn list(call: Call) -> Result<AccountsJson, Fault> {
    let accounts = call.core.list(&call.rights);
    Ok(AccountsJson { accounts })
}

async fn add(call: Call) -> Result<AccountJson, Fault> {
    let name = named(&call);
    call.core.add_named(&name).await?;
    let account = call.core.account(&name);
    let account = account.ok_or_else(|| ServeError::NoAccount(name));
    Ok(account.map_err(ErrorJson::from)?.json())
}

async fn remove(call: Call) -> Result<RemovedJson, Fault> {
    let name = named(&call);
    call.core.remove(&name).await.map_err(ErrorJson::from)?;
    Ok(RemovedJson {
        account: name,
        removed: true,
    })
}

/// The name of the profile that it is about.
fn named(call: &Call) -> String {
    call.text("account").unwrap_or_default().to_owned()
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
    let name = named(&call);
    Ok(call.core.log_in(&name).await?)
}

async fn login_state(call: Call) -> Result<LoginJson, Fault> {
    let name = named(&call);
    let login = call.core.logins().get(&name);
    login.ok_or_else(|| {
        let words = "no login of this name has begun";
        error(Exit::WrongUse, "NoLogin", words, "call login").into()
    })
}

async fn resume(call: Call) -> Result<ResumedJson, Fault> {
    let was_stopped = call.account()?.resume().await?;
    Ok(ResumedJson { was_stopped })
}
