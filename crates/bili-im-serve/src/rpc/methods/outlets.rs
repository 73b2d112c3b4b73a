//! Methods about webhooks and notifications.

use std::time::Instant;

use bili_im_proto::UnixSeconds;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    error::error,
    item::Item,
    outlets::{Note, NotifyError},
    rpc::{
        call::{Call, Fault},
        method::{Method, Right, Scope, answers},
        param::{Kind, count, needed, optional},
    },
};

/// The most dead letters of one answer.
const MOST: u64 = 1000;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "webhooks.dead",
        about: "list the events that webhooks could not deliver, newest first",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[
            optional("hook", Kind::Text, "only those of this webhook"),
            count("limit", 100, MOST, "how many; 1,000 at most"),
        ],
        result: "`dead`: `hook`, `id`, `time` (s since 1970), `attempts`, `why`, `event`",
        answers: answers!(dead),
    },
    Method {
        name: "webhooks.retry",
        about: "deliver dead letters of a webhook, oldest first, until one fails again",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[
            needed("hook", Kind::Text, "the webhook"),
            optional("id", Kind::Number, "only this event"),
        ],
        result: "`delivered`, the ids; `failed`, why the last one was not taken, or null",
        answers: answers!(retry),
    },
    Method {
        name: "notify.test",
        about: "send a notification, to see that it arrives",
        right: Right::Write,
        scope: Scope::Everything,
        params: &[needed("name", Kind::Text, "the name of the `[[notify]]`")],
        result: "`name`, `sent`; else the error says what the service answered",
        answers: answers!(test),
    },
];

/// Dead letters.
#[derive(Serialize, JsonSchema)]
struct DeadJson {
    dead: Vec<DeadLetterJson>,
}

/// An event that a webhook could not deliver.
#[derive(Serialize, JsonSchema)]
struct DeadLetterJson {
    hook: String,
    /// The event's id.
    id: u64,
    /// When it was tried last.
    time: UnixSeconds,
    attempts: u64,
    why: String,
    event: Value,
}

/// What became of dead letters.
#[derive(Serialize, JsonSchema)]
struct RetryJson {
    /// The ids of those that are delivered.
    delivered: Vec<u64>,
    /// Why the last one was not taken.
    failed: Option<String>,
}

/// A notification that was sent.
#[derive(Serialize, JsonSchema)]
struct TestJson {
    name: String,
    sent: bool,
}

async fn dead(call: Call) -> Result<DeadJson, Fault> {
    let hook = call.text("hook").map(str::to_owned);
    let limit = usize::try_from(call.number("limit").unwrap_or_default()).unwrap_or_default();
    let account = call.account()?;
    let letters = account
        .queue(move |queue| queue.dead_letters(hook.as_deref(), limit))
        .await?;
    let dead = letters.into_iter().map(|letter| {
        let item = Item::Event {
            account: account.name().to_owned(),
            event: letter.event,
        };
        DeadLetterJson {
            hook: letter.hook,
            id: item.id(),
            time: UnixSeconds(letter.time),
            attempts: letter.attempts,
            why: letter.why,
            event: item.json(),
        }
    });
    Ok(DeadJson {
        dead: dead.collect(),
    })
}

async fn retry(call: Call) -> Result<RetryJson, Fault> {
    let hook = call.text("hook").unwrap_or_default().to_owned();
    let unknown = || Fault::Params("hook: no [[webhook]] has this name".to_owned());
    let webhook = call.core.outlets().webhook(&hook).ok_or_else(unknown)?;
    let account = call.account()?;
    let only = call.number("id");
    let begun = Instant::now();
    let mut after = only.map_or(0, |id| id.saturating_sub(1));
    let (mut delivered, mut failed) = (Vec::new(), None);
    while begun.elapsed() < call.core.shared().limits.send {
        let name = hook.clone();
        let next = account.queue(move |queue| queue.next_dead_letter(&name, after));
        let next = next.await?.map(|letter| letter.event);
        let Some(event) = next.filter(|event| only.is_none_or(|id| event.place.id == id)) else {
            break;
        };
        let item = Item::Event {
            account: account.name().to_owned(),
            event,
        };
        after = item.id();
        let (name, id) = (hook.clone(), after);
        match webhook.attempt(&call.core, &item).await {
            Ok(()) => {
                let forgotten = account.queue(move |queue| queue.forget_dead_letter(&name, id));
                forgotten.await?;
                delivered.push(id);
            }
            Err(refusal) => {
                failed = Some(refusal.why.clone());
                let buried = account.queue(move |queue| queue.bury(&name, id, 1, &refusal.why));
                buried.await?;
                break;
            }
        }
    }
    Ok(RetryJson { delivered, failed })
}

async fn test(call: Call) -> Result<TestJson, Fault> {
    let name = call.text("name").unwrap_or_default();
    let note = Note {
        title: "bili-im".to_owned(),
        text: "notify.test".to_owned(),
        link: None,
    };
    match call.core.notify_once(name, &note).await {
        Ok(()) => Ok(TestJson {
            name: name.to_owned(),
            sent: true,
        }),
        Err(unknown @ NotifyError::Unknown) => Err(Fault::Params(format!("name: {unknown}"))),
        Err(refused) => {
            let (exit, words) = (bili_im_json::Exit::Other, refused.to_string());
            let advice = "see that the fields of this [[notify]] are right";
            Err(error(exit, "NotNotified", words, advice).into())
        }
    }
}
