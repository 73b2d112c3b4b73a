//! Decides what rules do: a consumer of all accounts. It waits for nobody but their queues.

use std::sync::{Arc, Mutex};

use bili_im_archive::{ArchiveError, Queue, RuleWait};
use bili_im_json::ErrorJson;
use bili_im_proto::Talker;
use serde_json::Value;
use tokio::{
    select,
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{
    decide::{Facts, decide},
    rule::Rule,
};
use crate::{
    clock::now,
    core::Core,
    item::Item,
    lock::lock,
    outlets::{Feed, said, text},
    rights::Rights,
};

/// The name of the consumer.
pub(crate) const CONSUMER: &str = "rules";

/// The rules that run.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// `None` until they are set.
    rules: Mutex<Option<Arc<[Arc<Rule>]>>>,
    task: Mutex<Option<AbortHandle>>,
}

impl Rules {
    /// Exchanges the rules. What a rule has decided is done nevertheless, unless the rule is gone.
    /// Without rules nothing is kept for later ones.
    pub(crate) fn set(&self, core: &Core, rules: Vec<Rule>) {
        let rules: Arc<[Arc<Rule>]> = rules.into_iter().map(Arc::new).collect();
        let has_rules = !rules.is_empty();
        *lock(&self.rules) = Some(rules);
        let mut task = lock(&self.task);
        if !has_rules {
            if let Some(task) = task.take() {
                task.abort();
            }
            tokio::spawn(forget(core.clone()));
        } else if task.is_none() {
            *task = Some(tokio::spawn(watch(core.clone())).abort_handle());
        }
    }

    /// Whether it was said that there are none.
    pub(crate) fn are_none(&self) -> bool {
        lock(&self.rules)
            .as_ref()
            .is_some_and(|rules| rules.is_empty())
    }

    /// The rule of this name.
    pub(super) fn named(&self, name: &str) -> Option<Arc<Rule>> {
        let rules = self.now();
        rules.iter().find(|rule| rule.name == name).cloned()
    }

    fn now(&self) -> Arc<[Arc<Rule>]> {
        lock(&self.rules).clone().unwrap_or_default()
    }
}

async fn forget(core: Core) {
    for account in core.accounts() {
        let forgotten = account.queue(|queue| queue.forget_consumer(CONSUMER));
        if let Err(error) = forgotten.await {
            let kind: &str = &error.kind;
            tracing::warn!(kind, "the queue cannot be used");
        }
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
    let mut feed = Feed::new(core, &Rights::all(CONSUMER));
    let pause = core.shared().limits.outlets.look;
    let mut look = Instant::now();
    loop {
        select! {
            item = feed.next() => {
                let Some(item) = item? else {
                    return Ok(());
                };
                match take(core, &item).await? {
                    true => feed.handled(item.id()).await?,
                    false => feed.skip(item.id()),
                }
            }
            // What an earlier process has decided, and messages that may still be unread.
            () = sleep_until(look) => {
                look = Instant::now() + pause;
                for account in core.accounts() {
                    account.rules.wake(core, &account);
                }
            }
        }
    }
}

/// Decides what is to be done because of an item, and stores that. Returns whether it is anything.
async fn take(core: &Core, item: &Item) -> Result<bool, ErrorJson> {
    let Some(account) = core.account(item.account()) else {
        return Ok(false);
    };
    let (json, id, rules) = (item.json(), item.id(), core.shared().rules.now());
    let has_decided = match text(&json, "/direction") {
        "own" | "sent" => account.queue(move |queue| end_waits(queue, &json)).await?,
        _ => {
            account
                .queue(move |queue| incoming(queue, &rules, &json, id))
                .await?
        }
    };
    if has_decided {
        account.rules.wake(core, &account);
    }
    Ok(has_decided)
}

/// The account's user has written, so has read what was there. What a rule or an automatic reply
/// has written says nothing about that.
fn end_waits(queue: &mut Queue, json: &Value) -> Result<bool, ArchiveError> {
    let talker = json.get("talker").cloned();
    let talker: Option<Talker> = talker.and_then(|talker| serde_json::from_value(talker).ok());
    let by_a_person = json.get("by_a_person").and_then(Value::as_bool);
    if let Some(talker) = talker.filter(|_| by_a_person == Some(true))
        && !queue.is_rule_answer(said(json))?
    {
        queue.end_rule_waits(talker, None, None)?;
    }
    Ok(false)
}

fn incoming(
    queue: &mut Queue,
    rules: &[Arc<Rule>],
    json: &Value,
    id: u64,
) -> Result<bool, ArchiveError> {
    let Some(mut facts) = Facts::of(json, id, now()) else {
        return Ok(false);
    };
    if rules.iter().any(|rule| rule.when.is_first) {
        facts.is_first = queue.is_first(facts.talker, facts.person, facts.seqno)?;
    }
    for rule in rules {
        if let Some(seconds) = rule.when.unread.filter(|_| rule.matches(&facts)) {
            let wait = RuleWait {
                rule: rule.name.clone(),
                talker: facts.talker,
                seqno: facts.seqno,
                event: facts.event,
            };
            queue.begin_rule_wait(&wait, facts.written.saturating_add(seconds))?;
        }
    }
    begin_runs(queue, rules.iter().map(|rule| &**rule), &facts, false)
}

/// Stores what rules are to do. Returns whether it is anything.
pub(super) fn begin_runs<'a>(
    queue: &mut Queue,
    rules: impl IntoIterator<Item = &'a Rule>,
    facts: &Facts<'_>,
    is_unread: bool,
) -> Result<bool, ArchiveError> {
    let past = queue.rule_runs(facts.person)?;
    let runs = decide(rules, facts, &past, is_unread);
    if !runs.is_empty() {
        queue.begin_rule_runs(&runs)?;
    }
    Ok(!runs.is_empty())
}

#[cfg(test)]
mod tests {
    use bili_im_proto::Seqno;
    use serde_json::json;

    use super::*;
    use crate::rules::testing::{NOON, message, queue, rules};

    fn shared(text: &str) -> Vec<Arc<Rule>> {
        rules(text).into_iter().map(Arc::new).collect()
    }

    #[test]
    fn only_the_user_ends_the_wait_for_an_answer() {
        let (mut queue, _folder) = queue(|| NOON + 3600);
        let rules = shared(
            "[[rule]]\nname = 'late'\nunread_minutes = 60\ntag = 'late'\n\
             [[rule]]\nname = 'quick'\nanswer = '在忙'\n",
        );
        assert!(incoming(&mut queue, &rules, &message("hi"), 1).unwrap());
        queue.keep_rule_answer("quick", 1, "在忙").unwrap();
        let waits = |queue: &Queue| queue.due_rule_waits(9).unwrap().len();
        for (text, by_a_person, left) in [("在忙", true, 1), ("你好", false, 1), ("你好", true, 0)]
        {
            let mut own = message(text);
            own["direction"] = json!("own");
            own["by_a_person"] = json!(by_a_person);
            end_waits(&mut queue, &own).unwrap();
            assert_eq!(waits(&queue), left, "{text}");
        }
    }

    #[test]
    fn each_message_waits_until_it_is_read_itself() {
        let (mut queue, _folder) = queue(|| NOON + 3600);
        let rules = shared("[[rule]]\nname = 'late'\nunread_minutes = 60\ntag = 'late'\n");
        for (event, seqno) in [(1, "3"), (2, "4")] {
            let mut message = message("hi");
            message["message"]["msg_seqno"] = json!(seqno);
            incoming(&mut queue, &rules, &message, event).unwrap();
        }
        let talker = Talker::user(7);
        let waits = queue.due_rule_waits(9).unwrap();
        queue.end_rule_waits(talker, Some(Seqno(3)), None).unwrap();
        let is_waiting = |wait: &RuleWait| queue.is_waiting(wait).unwrap();
        assert_eq!(
            (is_waiting(&waits[0]), is_waiting(&waits[1])),
            (false, true)
        );
    }
}
