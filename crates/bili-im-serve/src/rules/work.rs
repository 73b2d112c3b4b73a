//! Does what rules have decided: a task for each account, so that one that is held, or whose
//! receivers are slow, delays no other.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bili_im_archive::{ArchiveError, Queue, RuleRun, RuleWait};
use bili_im_json::ErrorJson;
use bili_im_proto::{RefusalKind, SessionDetail, Talker};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;
use tokio::{
    select,
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::{
    actions::{Common, Work},
    decide::FRESH,
    queueing::looked_at,
    worker::Worker,
};
use crate::{
    account::{Account, State},
    clock::now,
    core::Core,
    item::Item,
    outlets::{Names, text},
};

/// How many jobs of an account are under way at once.
const AT_ONCE: usize = 256;

/// How many of them ask the service whether a message was read.
const LOOKS: usize = 4;

/// After how many seconds it is asked again when the service refuses to say.
const LATER: u64 = 300;

/// How many of them answer.
const ANSWERS: usize = 8;

/// How many of them run a program.
const PROGRAMS: usize = 2;

/// What is to be done.
#[derive(Debug)]
enum Job {
    /// Find out whether a message is still unread.
    Look(RuleWait),
    /// Do what a rule has decided.
    Act(RuleRun),
}

/// Tells jobs apart. Of one rule and one conversation, one job looks at a time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Look(String, Talker),
    Act(String, u64),
}

/// There may be something to do for the account of this name.
pub(super) fn wake(core: &Core, account: &str) {
    if let Some((account, worker)) = core.worker(account) {
        worker.wake(|| tokio::spawn(work(core.clone(), account, Arc::clone(&worker))));
    }
}

/// Works until it is ended.
async fn work(core: Core, account: Arc<Account>, worker: Arc<Worker>) {
    let common = Common {
        names: Names::default(),
        answers: Semaphore::new(ANSWERS),
        programs: Semaphore::new(PROGRAMS),
    };
    let mut known = BTreeSet::new();
    let mut under_way: FuturesUnordered<BoxFuture<'_, Key>> = FuturesUnordered::new();
    loop {
        match account.queue(jobs).await {
            Ok(jobs) => {
                let is_working = matches!(account.state(), State::Working);
                for job in jobs {
                    let looks = known.iter().filter(|key| matches!(key, Key::Look(..)));
                    let may_begin = match job {
                        Job::Look(_) => is_working && looks.count() < LOOKS,
                        Job::Act(_) => under_way.len() < AT_ONCE,
                    };
                    if may_begin && known.insert(job.key()) {
                        under_way.push(Box::pin(job.run(&core, &account, &common)));
                    }
                }
            }
            Err(error) => complain(&account, &error),
        }
        select! {
            Some(key) = under_way.next() => {
                known.remove(&key);
            }
            () = worker.woken.notified() => {}
        }
    }
}

fn jobs(queue: &mut Queue) -> Result<Vec<Job>, ArchiveError> {
    let runs = queue.open_rule_runs(AT_ONCE)?.into_iter().map(Job::Act);
    let waits = queue.due_rule_waits(AT_ONCE)?.into_iter().map(Job::Look);
    Ok(runs.chain(waits).collect())
}

impl Job {
    fn key(&self) -> Key {
        match self {
            Self::Look(wait) => Key::Look(wait.rule.clone(), wait.talker),
            Self::Act(run) => Key::Act(run.rule.clone(), run.event),
        }
    }

    /// Does it. What cannot be stored, or asked, is tried again.
    async fn run(self, core: &Core, account: &Arc<Account>, common: &Common) -> Key {
        let key = self.key();
        let done = match self {
            Self::Look(wait) => look(core, account, wait).await,
            Self::Act(run) => act(core, account, common, run).await,
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
    use RefusalKind::{GroupGone, NoSuchSession, NotFound};

    let client = account.client()?;
    let rule = core.rules().named(&wait.rule);
    let json = event(account, wait.event).await?;
    if rule.is_none() || json.is_none() {
        // There is nothing to do, whether it was read or not.
        let end = move |queue: &mut Queue| {
            queue.end_rule_waits(wait.talker, Some(wait.seqno), Some(&wait.rule))
        };
        return account.queue(end).await;
    }
    // The last message that was read; `None` when nothing is left to read.
    let read = match client.call(SessionDetail::new(wait.talker)).await {
        Ok(session) if session.unread_count > 0 => Some(session.ack_seqno.unwrap_or_default()),
        // A later message may have come since.
        Ok(session) => session.newest().max(Some(wait.seqno)),
        Err(error) if matches!(error.kind(), Some(GroupGone | NoSuchSession | NotFound)) => None,
        Err(error) => {
            let due = now().saturating_add(LATER);
            let put_off =
                move |queue: &mut Queue| queue.put_off_rule_waits(wait.talker, &wait.rule, due);
            account.queue(put_off).await?;
            return Err(error.into());
        }
    };
    account
        .queue(move |queue| looked_at(queue, &wait, read, rule.as_deref(), json.as_ref()))
        .await
}

/// Does what a rule has decided. Of a rule or an event that is no longer there nothing is done.
async fn act(
    core: &Core,
    account: &Arc<Account>,
    common: &Common,
    run: RuleRun,
) -> Result<(), ErrorJson> {
    let (rule, json) = (
        core.rules().named(&run.rule),
        event(account, run.event).await?,
    );
    let (name, id) = (run.rule.clone(), run.event);
    if let (Some(rule), Some(json)) = (rule, json) {
        account.started().await;
        let sender = common.names.of(core, account.name(), &json).await;
        let work = Work {
            core,
            account,
            common,
            rule: &rule,
            run,
            json: &json,
            sender: &sender,
            until: Instant::now() + Duration::from_secs(FRESH),
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

/// The JSON of an event, if it is still kept and its message was not recalled.
async fn event(account: &Account, id: u64) -> Result<Option<Value>, ErrorJson> {
    let read = account.queue(move |queue| queue.read(id.saturating_sub(1), id, 1));
    let event = read.await?.pop();
    let account = account.name().to_owned();
    let json = event.map(|event| Item::Event { account, event }.json());
    Ok(json.filter(|json| text(json, "/message/content/type") != "recalled"))
}

fn complain(account: &Account, error: &ErrorJson) {
    let (account, kind): (_, &str) = (account.name(), &error.kind);
    tracing::warn!(account, kind, "rules wait");
}
