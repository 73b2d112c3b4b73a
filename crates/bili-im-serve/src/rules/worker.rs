//! Does what rules have decided: a task for each account, so that one that is held, or whose
//! receivers are slow, delays no other.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use bili_im_archive::{ArchiveError, Queue, RuleRun, RuleWait};
use bili_im_json::ErrorJson;
use bili_im_proto::{RefusalKind, SessionDetail};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;
use tokio::{select, sync::Notify, task::JoinHandle, time::sleep};

use super::{actions::Work, decide::Facts, run::begin_runs};
use crate::{
    account::{Account, lock},
    core::Core,
    outlets::Names,
    reader::Item,
    shared::now,
};

/// How many jobs of an account are under way at once.
const AT_ONCE: usize = 256;

/// The task of an account. It begins when there may be something to do.
#[derive(Debug, Default)]
pub(crate) struct Worker {
    wake: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What is to be done.
#[derive(Debug)]
enum Job {
    /// Find out whether a message is still unread.
    Look(RuleWait),
    /// Do what a rule has decided.
    Act(RuleRun),
}

/// What a job does, and for what: whether it acts, the rule and the event.
type Key = (bool, String, u64);

impl Worker {
    /// There may be something to do.
    pub(crate) fn wake(&self, core: &Core, account: &Arc<Account>) {
        let mut task = lock(&self.task);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            let (core, account) = (core.clone(), Arc::clone(account));
            *task = Some(tokio::spawn(work(core, account, Arc::clone(&self.wake))));
        }
        self.wake.notify_one();
    }

    /// Ends the task. What it was doing is done by a later one.
    pub(crate) async fn end(&self) {
        let task = lock(&self.task).take();
        if let Some(task) = task {
            task.abort();
            // It was aborted.
            let _ended = task.await;
        }
    }

    /// As [`end`](Self::end), without waiting.
    pub(crate) fn abandon(&self) {
        if let Some(task) = &*lock(&self.task) {
            task.abort();
        }
    }
}

/// Works until it is ended.
async fn work(core: Core, account: Arc<Account>, wake: Arc<Notify>) {
    let names = Names::default();
    let mut known = BTreeSet::new();
    let mut under_way: FuturesUnordered<BoxFuture<'_, Key>> = FuturesUnordered::new();
    loop {
        match account.queue(jobs).await {
            Ok(jobs) => {
                for job in jobs {
                    if under_way.len() < AT_ONCE && known.insert(job.key()) {
                        under_way.push(Box::pin(job.run(&core, &account, &names)));
                    }
                }
            }
            Err(error) => complain(&account, &error),
        }
        select! {
            Some(key) = under_way.next() => {
                known.remove(&key);
            }
            () = wake.notified() => {}
        }
    }
}

fn jobs(queue: &mut Queue) -> Result<Vec<Job>, ArchiveError> {
    let waits = queue.due_rule_waits(AT_ONCE)?.into_iter().map(Job::Look);
    let runs = queue.open_rule_runs(AT_ONCE)?.into_iter().map(Job::Act);
    Ok(waits.chain(runs).collect())
}

impl Job {
    fn key(&self) -> Key {
        match self {
            Self::Look(wait) => (false, wait.rule.clone(), wait.event),
            Self::Act(run) => (true, run.rule.clone(), run.event),
        }
    }

    /// Does it. What cannot be stored, or asked, is tried again.
    async fn run(self, core: &Core, account: &Arc<Account>, names: &Names) -> Key {
        let key = self.key();
        let done = match self {
            Self::Look(wait) => look(core, account, wait).await,
            Self::Act(run) => act(core, account, names, run).await,
        };
        if let Err(error) = done {
            complain(account, &error);
            sleep(core.shared().limits.outlets.look).await;
        }
        key
    }
}

/// Decides about a message that may have stayed unread.
async fn look(core: &Core, account: &Account, wait: RuleWait) -> Result<(), ErrorJson> {
    let client = account.client()?;
    let is_unread = match client.call(SessionDetail::new(wait.talker)).await {
        Ok(session) => session.unread_count > 0,
        Err(error) if error.kind() == Some(RefusalKind::NotFound) => false,
        Err(error) => return Err(error.into()),
    };
    let rule = core.shared().rules.named(&wait.rule);
    let json = event(account, wait.event).await?;
    let begun = account.queue(move |queue| {
        if let (true, Some(rule), Some(json)) = (is_unread, rule, json)
            && let Some(mut facts) = Facts::of(&json, wait.event, now())
        {
            facts.is_first = queue.is_first(facts.talker, facts.person, facts.seqno)?;
            begin_runs(queue, [&*rule], &facts, true)?;
        }
        queue.end_rule_waits(wait.talker, Some(&wait.rule))
    });
    begun.await
}

/// Does what a rule has decided. Of a rule or an event that is no longer there nothing is done.
async fn act(
    core: &Core,
    account: &Arc<Account>,
    names: &Names,
    run: RuleRun,
) -> Result<(), ErrorJson> {
    let (rule, json) = (
        core.shared().rules.named(&run.rule),
        event(account, run.event).await?,
    );
    let (name, id) = (run.rule.clone(), run.event);
    if let (Some(rule), Some(json)) = (rule, json) {
        account.started().await;
        let sender = names.of(core, account.name(), &json).await;
        let work = Work {
            core,
            account,
            rule: &rule,
            run,
            json: &json,
            sender: &sender,
        };
        work.act().await?;
    }
    // Otherwise it would be done again.
    while let Err(error) = {
        let name = name.clone();
        account
            .queue(move |queue| queue.end_rule_run(&name, id))
            .await
    } {
        complain(account, &error);
        sleep(core.shared().limits.first_wait).await;
    }
    Ok(())
}

/// The JSON of an event, if it is still kept.
async fn event(account: &Account, id: u64) -> Result<Option<Value>, ErrorJson> {
    let read = account.queue(move |queue| queue.read(id.saturating_sub(1), id, 1));
    let event = read.await?.pop();
    let account = account.name().to_owned();
    Ok(event.map(|event| Item::Event { account, event }.json()))
}

fn complain(account: &Account, error: &ErrorJson) {
    let (account, kind): (_, &str) = (account.name(), &error.kind);
    tracing::warn!(account, kind, "rules wait");
}
