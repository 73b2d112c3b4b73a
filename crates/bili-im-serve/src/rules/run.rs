//! Runs rules: a consumer of all accounts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bili_im_archive::{RuleRun, RuleWait};
use bili_im_json::ErrorJson;
use bili_im_proto::{RefusalKind, SessionDetail, Talker};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesOrdered};
use serde_json::Value;
use tokio::{
    select,
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{
    actions::Work,
    decide::{Facts, decide},
    rule::Rule,
};
use crate::{
    account::{Account, lock},
    core::Core,
    outlets::{Feed, Names, text},
    reader::Item,
    rights::Rights,
    shared::now,
};

/// How many events have actions under way at once.
const AT_ONCE: usize = 32;

/// The rules that run.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Mutex<Arc<[Arc<Rule>]>>,
    task: Mutex<Option<AbortHandle>>,
}

impl Rules {
    /// Exchanges the rules. What has begun is finished.
    pub(crate) fn set(&self, core: &Core, rules: Vec<Rule>) {
        let rules: Arc<[Arc<Rule>]> = rules.into_iter().map(Arc::new).collect();
        let mut task = lock(&self.task);
        if task.is_none() && !rules.is_empty() {
            *task = Some(tokio::spawn(watch(core.clone())).abort_handle());
        }
        *lock(&self.rules) = rules;
    }

    fn now(&self) -> Arc<[Arc<Rule>]> {
        Arc::clone(&lock(&self.rules))
    }
}

/// Runs rules until the process ends.
async fn watch(core: Core) {
    let mut ends = core.ends();
    let watched = async {
        while let Err(error) = consume(&core).await {
            let kind: &str = &error.kind;
            tracing::warn!(kind, "the queue cannot be used");
            sleep(core.shared().limits.first_wait).await;
        }
    };
    select! {
        () = watched => {}
        _ = ends.wait_for(|ends| *ends) => {}
    }
}

async fn consume(core: &Core) -> Result<(), ErrorJson> {
    let mut feed = Feed::new(core, &Rights::all("rules"));
    let mut names = Names::default();
    let mut under_way: FuturesOrdered<BoxFuture<'_, u64>> = FuturesOrdered::new();
    let pause = core.shared().limits.outlets.look;
    let mut look = Instant::now();
    loop {
        select! {
            item = feed.next(), if under_way.len() < AT_ONCE => match item? {
                None => return Ok(()),
                Some(item) => {
                    let id = item.id();
                    let works = begin(core, &mut names, &item).await?;
                    under_way.push_back(Box::pin(async move {
                        for work in works {
                            work.act(core).await;
                        }
                        id
                    }));
                }
            },
            Some(id) = under_way.next() => feed.handled(id).await?,
            () = sleep_until(look) => {
                look = Instant::now() + pause;
                for account in core.accounts() {
                    unread(core, &mut names, &account).await?;
                }
            }
        }
    }
}

/// Decides what is to be done because of an item, and stores that before it is done.
async fn begin(core: &Core, names: &mut Names, item: &Item) -> Result<Vec<Work>, ErrorJson> {
    let Some(account) = core.account(item.account()) else {
        return Ok(Vec::new());
    };
    let json = item.json();
    if matches!(text(&json, "/direction"), "own" | "sent") {
        let talker = json.get("talker").cloned();
        let talker: Option<Talker> = talker.and_then(|talker| serde_json::from_value(talker).ok());
        if let Some(talker) = talker {
            account
                .queue(move |queue| queue.end_rule_waits(talker, None))
                .await?;
        }
        return Ok(Vec::new());
    }
    let Some(mut facts) = Facts::of(&json, item.id(), now()) else {
        return Ok(Vec::new());
    };
    let (talker, person, seqno) = (facts.talker, facts.person, facts.seqno);
    facts.is_first = account
        .queue(move |queue| queue.is_first(talker, person, seqno))
        .await?;
    let rules = core.shared().rules.now();
    for rule in rules.iter() {
        if let Some(seconds) = rule.when.unread.filter(|_| rule.matches(&facts).is_some()) {
            let wait = RuleWait {
                rule: rule.name.clone(),
                talker,
                event: facts.event,
            };
            let due = facts.written.saturating_add(seconds);
            account
                .queue(move |queue| queue.begin_rule_wait(&wait, due))
                .await?;
        }
    }
    works(core, names, &account, &facts, &json, &rules, false).await
}

/// Runs the rules whose messages have stayed unread.
async fn unread(core: &Core, names: &mut Names, account: &Account) -> Result<(), ErrorJson> {
    for wait in account.queue(|queue| queue.due_rule_waits()).await? {
        let RuleWait {
            rule,
            talker,
            event,
        } = wait;
        let Ok(client) = account.client() else {
            return Ok(());
        };
        let is_unread = match client.call(SessionDetail::new(talker)).await {
            Ok(session) => session.unread_count > 0,
            Err(error) if error.kind() == Some(RefusalKind::NotFound) => false,
            // Asked again later.
            Err(_) => continue,
        };
        let read = account.queue(move |queue| queue.read(event.saturating_sub(1), event, 1));
        if let Some(event) = read.await?.pop().filter(|_| is_unread) {
            let account_name = account.name().to_owned();
            let item = Item::Event {
                account: account_name,
                event,
            };
            let json = item.json();
            let rules = core.shared().rules.now();
            let mine: Vec<Arc<Rule>> = rules
                .iter()
                .filter(|one| one.name == rule)
                .cloned()
                .collect();
            if let Some(mut facts) = Facts::of(&json, item.id(), now()) {
                let (person, seqno) = (facts.person, facts.seqno);
                let is_first = account.queue(move |queue| queue.is_first(talker, person, seqno));
                facts.is_first = is_first.await?;
                for work in works(core, names, account, &facts, &json, &mine, true).await? {
                    work.act(core).await;
                }
            }
        }
        account
            .queue(move |queue| queue.end_rule_waits(talker, Some(&rule)))
            .await?;
    }
    Ok(())
}

async fn works(
    core: &Core,
    names: &mut Names,
    account: &Account,
    facts: &Facts<'_>,
    json: &Value,
    rules: &[Arc<Rule>],
    is_unread: bool,
) -> Result<Vec<Work>, ErrorJson> {
    let person = facts.person;
    let past = account.queue(move |queue| queue.rule_runs(person)).await?;
    let firings = decide(rules.iter().map(|rule| &**rule), facts, &past, is_unread);
    if firings.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeMap<&str, &Arc<Rule>> = rules
        .iter()
        .map(|rule| (rule.name.as_str(), rule))
        .collect();
    let sender = names.of(core, facts.account, json).await;
    let works: Vec<Work> = firings
        .iter()
        .filter_map(|firing| {
            let rule = Arc::clone(known.get(firing.rule.name.as_str())?);
            Some(Work::new(firing, rule, facts, json, &sender))
        })
        .collect();
    let runs: Vec<RuleRun> = works.iter().map(|work| work.run(facts.now)).collect();
    account
        .queue(move |queue| queue.keep_rule_runs(&runs))
        .await?;
    Ok(works)
}
