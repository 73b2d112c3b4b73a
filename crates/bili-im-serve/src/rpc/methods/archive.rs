//! Methods about the archive, which has what was synced and what was watched.

use std::ops::Range;

use bili_im_archive::{Order, Search, StatsOptions};
use bili_im_json::{SearchJson, StatsJson};
use bili_im_proto::{MsgType, SyncOptions, Talker, UnixSeconds};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    account::SyncJson,
    rpc::{
        call::{Call, Fault},
        method::{Method, Right, Scope, answers},
        param::{Kind, Param, count, needed, optional},
    },
};

/// The most messages and conversations of one answer.
const MOST: u64 = 1000;

/// The most messages beside each that was found.
const MOST_CONTEXT: u64 = 20;

const FROM: Param = optional(
    "from",
    Kind::Number,
    "only from this time on, in seconds since 1970",
);
const UNTIL: Param = optional("until", Kind::Number, "only before this time");

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "search",
        about: "find messages in the archive that have all the words",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[
            needed("words", Kind::Text, "what to search for"),
            optional("talker", Kind::Talker, "only in this conversation"),
            FROM,
            UNTIL,
            optional(
                "types",
                Kind::Numbers,
                "only these types, by the service's numbers",
            ),
            optional("mine", Kind::Flag, "only own messages"),
            optional(
                "relevance",
                Kind::Flag,
                "the most relevant first, not the newest",
            ),
            count("limit", 20, MOST, "how many messages; 1,000 at most"),
            count(
                "context",
                0,
                MOST_CONTEXT,
                "how many before and after each; 20 at most",
            ),
            optional(
                "after",
                Kind::Text,
                "the `next` of an earlier answer: goes on behind it",
            ),
        ],
        result: "as `bili-im search --json`",
        answers: answers!(search),
    },
    Method {
        name: "tags",
        about: "the tags that rules have given to conversations",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[],
        result: "`tags`: `talker`, `tag`, `time` (s since 1970)",
        answers: answers!(tags),
    },
    Method {
        name: "stats",
        about: "count the messages of the archive",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[
            FROM,
            UNTIL,
            optional("system", Kind::Flag, "with the service's own accounts"),
            count("top", 20, MOST, "how many conversations; 1,000 at most"),
        ],
        result: "as `bili-im stats --json`",
        answers: answers!(stats),
    },
    Method {
        name: "sync",
        about: "fill the archive as `bili-im sync` does, beside everything else. One at a time: others are refused as `UnderWay`",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[
            optional("talker", Kind::Talker, "only this conversation"),
            optional(
                "since",
                Kind::Number,
                "go back to this time only, in seconds since 1970",
            ),
            optional(
                "full",
                Kind::Flag,
                "go through the lists of conversations to their end",
            ),
        ],
        result: "as `sync.state`, at once",
        answers: answers!(sync),
    },
    Method {
        name: "sync.state",
        about: "how far the synchronisation is, or how the last one ended",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[],
        result: "`is_running`, `is_whole` (it has read everything), `sessions`, `sessions_left`, `failed`, `messages`, `unreadable`, `waits` (the error for which it waits), `error`",
        answers: answers!(sync_state),
    },
    Method {
        name: "sync.stop",
        about: "stop the synchronisation; the next one goes on from there",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[],
        result: "as `sync.state`",
        answers: answers!(sync_stop),
    },
];

async fn search(call: Call) -> Result<SearchJson, Fault> {
    let mut search = Search::new(call.text("words").unwrap_or_default());
    search.talkers = call.given_talker()?.into_iter().collect();
    search.during = during(&call);
    let types = call.numbers("types").into_iter();
    search.types = types
        .map(|number| MsgType::from(number.cast_signed()))
        .collect();
    search.mine = call.flag("mine");
    if call.flag("relevance") {
        search.order = Order::Relevance;
    }
    search.limit = few(&call, "limit");
    search.context = few(&call, "context");
    if let Some(after) = call.text("after") {
        let after = after.parse();
        let after = after.map_err(|_| Fault::Params("after is what an answer gave".to_owned()))?;
        search.after = Some(after);
    }
    let account = call.account()?;
    let found = account.read(move |archive| Ok((archive.search(&search)?, archive.people()?)));
    let (found, people) = found.await.map_err(|error| match &*error.kind {
        "Usage" => Fault::Params(format!("words: {}", error.message)),
        _ => error.into(),
    })?;
    Ok(SearchJson::new(&found, &people))
}

/// The tags of conversations.
#[derive(Serialize, JsonSchema)]
struct TagsJson {
    tags: Vec<TagJson>,
}

/// A tag of a conversation.
#[derive(Serialize, JsonSchema)]
struct TagJson {
    talker: Talker,
    tag: String,
    /// When a rule has given it.
    time: UnixSeconds,
}

async fn tags(call: Call) -> Result<TagsJson, Fault> {
    let tags = call.account()?.queue(|queue| queue.tags()).await?;
    let tags = tags.into_iter().map(|(talker, tag, time)| TagJson {
        talker,
        tag,
        time: UnixSeconds(time),
    });
    Ok(TagsJson {
        tags: tags.collect(),
    })
}

async fn stats(call: Call) -> Result<StatsJson, Fault> {
    let options = StatsOptions::default()
        .during(during(&call))
        .with_service(call.flag("system"));
    let account = call.account()?;
    let counted = account.read(move |archive| archive.stats(&options)).await?;
    Ok(StatsJson::new(counted, few(&call, "top")))
}

async fn sync(call: Call) -> Result<SyncJson, Fault> {
    let talkers: Vec<_> = call.given_talker()?.into_iter().collect();
    let mut options = SyncOptions::only(talkers).with_full(call.flag("full"));
    options.since = call.number("since").map(UnixSeconds);
    let account = call.account()?;
    account.sync(options)?;
    Ok(account.syncing.json())
}

async fn sync_state(call: Call) -> Result<SyncJson, Fault> {
    Ok(call.account()?.syncing.json())
}

async fn sync_stop(call: Call) -> Result<SyncJson, Fault> {
    let account = call.account()?;
    account.syncing.stop().await;
    Ok(account.syncing.json())
}

fn during(call: &Call) -> Range<UnixSeconds> {
    let from = call.number("from").unwrap_or_default();
    UnixSeconds(from)..UnixSeconds(call.number("until").unwrap_or(u64::MAX))
}

fn few(call: &Call, name: &str) -> usize {
    let number = call.number(name).unwrap_or_default();
    usize::try_from(number).unwrap_or_default()
}
