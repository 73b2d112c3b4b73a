//! Methods about the process.

use bili_im_json::ErrorJson;
use serde_json::{Value, json};

use crate::{
    rights::is_name,
    rpc::{
        call::{Call, Fault, done},
        reference,
        table::{Kind, Method, Param, Right, Scope, needed},
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
        run: |call| Box::pin(ack(call)),
    },
    Method {
        name: "accounts.list",
        about: "the accounts and how they are",
        right: Right::Read,
        scope: Scope::Process,
        params: &[],
        result: "`accounts`: `account`, `uid`, `state` (`starting`, `working`, `held`), and of one that is held `why` (`logged_out`, `stopped`, `broken`), `since`, `until`, `error`",
        run: |call| Box::pin(list(call)),
    },
    Method {
        name: "accounts.add",
        about: "serve one more of the program's profiles, until the process ends; others go on",
        right: Right::Write,
        scope: Scope::Process,
        params: &[NAME],
        result: "the account, as in `accounts.list`",
        run: |call| Box::pin(add(call)),
    },
    Method {
        name: "accounts.remove",
        about: "serve an account no longer: its sends are finished first, its archive stays",
        right: Right::Write,
        scope: Scope::Process,
        params: &[NAME],
        result: "`account`, `removed`",
        run: |call| Box::pin(remove(call)),
    },
    Method {
        name: "accounts.restart",
        about: "start an account anew, with its login read again; others go on",
        right: Right::Write,
        scope: Scope::Account,
        params: &[],
        result: "`account`, `restarted`",
        run: |call| Box::pin(restart(call)),
    },
    Method {
        name: "rpc.discover",
        about: "describe the methods, as OpenRPC",
        right: Right::Read,
        scope: Scope::Process,
        params: &[],
        result: "the description",
        run: |_| Box::pin(async { Ok(reference::open_rpc()) }),
    },
];

async fn ack(call: Call) -> Result<Value, Fault> {
    let consumer = call.text("consumer").unwrap_or_default();
    if !is_name(consumer) {
        let words = "consumer has letters, digits, -, _ and .";
        return Err(Fault::Params(words.to_owned()));
    }
    let id = call.number("id").unwrap_or_default();
    let name = consumer_name(&call.rights, consumer);
    call.core.handled(&call.rights, &name, id).await?;
    Ok(json!({ "consumer": consumer, "id": id }))
}

async fn list(call: Call) -> Result<Value, Fault> {
    done(&json!({ "accounts": call.core.list(&call.rights) }))
}

async fn add(call: Call) -> Result<Value, Fault> {
    let name = named(&call)?;
    call.core.add_named(&name).await?;
    let account = call.core.account(&name);
    done(&account.map(|account| account.json()))
}

async fn remove(call: Call) -> Result<Value, Fault> {
    let name = named(&call)?;
    call.core.remove(&name).await.map_err(ErrorJson::from)?;
    Ok(json!({ "account": name, "removed": true }))
}

/// The name of an account that the token may have.
fn named(call: &Call) -> Result<String, Fault> {
    let name = call.text("account").unwrap_or_default();
    match call.rights.account(name) {
        true => Ok(name.to_owned()),
        false => Err(Fault::Forbidden("this token may not have this account")),
    }
}

async fn restart(call: Call) -> Result<Value, Fault> {
    let account = call.account()?;
    account.restart();
    Ok(json!({ "account": account.name(), "restarted": true }))
}
