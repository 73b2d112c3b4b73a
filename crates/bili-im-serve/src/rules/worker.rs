//! Does what rules have decided: a task for each account, so that one that is held, or whose
//! receivers are slow, delays no other.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use bili_im_archive::{ArchiveError, Queue, RuleRun, RuleWait};
use bili_im_json::ErrorJson;
use bili_im_proto::{RefusalKind, Seqno, SessionDetail, Talker};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;
use tokio::{
    select,
    sync::{Notify, Semaphore},
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{
    actions::Work,
    decide::{FRESH, Facts},
    rule::Rule,
    run::begin_runs,
};
use crate::{
    account::{Account, State},
    clock::now,
    core::Core,
    item::Item,
    lock::lock,
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

/// The task of an account. It begins when there may be something to do.
#[derive(Debug)]
pub(crate) struct Worker {
    wake: Arc<Notify>,
    task: Mutex<Task>,
    pub(super) answers: Semaphore,
    pub(super) programs: Semaphore,
}

#[derive(Debug)]
enum Task {
    Idle,
    Runs(JoinHandle<()>),
    Ended,
}

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

impl Default for Worker {
    fn default() -> Self {
        Self {
            wake: Arc::default(),
            task: Mutex::new(Task::Idle),
            answers: Semaphore::new(ANSWERS),
            programs: Semaphore::new(PROGRAMS),
        }
    }
}

impl Worker {
    /// There may be something to do.
    pub(crate) fn wake(&self, core: &Core, account: &Arc<Account>) {
        let mut task = lock(&self.task);
        let is_idle = match &*task {
            Task::Idle => true,
            Task::Runs(task) => task.is_finished(),
            // The account was removed.
            Task::Ended => false,
        };
        if is_idle {
            let (core, account) = (core.clone(), Arc::clone(account));
            *task = Task::Runs(tokio::spawn(work(core, account, Arc::clone(&self.wake))));
        }
        self.wake.notify_one();
    }

    /// Ends the task for good. What it was doing is done when the account is added again.
    pub(crate) async fn end(&self) {
        if let Some(task) = self.abandon() {
            // It was aborted.
            let _ended = task.await;
        }
    }

    /// As [`end`](Self::end), without waiting for the task, which it returns.
    pub(crate) fn abandon(&self) -> Option<JoinHandle<()>> {
        match std::mem::replace(&mut *lock(&self.task), Task::Ended) {
            Task::Runs(task) => {
                task.abort();
                Some(task)
            }
            Task::Idle | Task::Ended => None,
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
                let is_working = matches!(account.state(), State::Working);
                for job in jobs {
                    let looks = known.iter().filter(|key| matches!(key, Key::Look(..)));
                    let may_begin = match job {
                        Job::Look(_) => is_working && looks.count() < LOOKS,
                        Job::Act(_) => under_way.len() < AT_ONCE,
                    };
                    if may_begin && known.insert(job.key()) {
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
    use RefusalKind::{GroupGone, NoSuchSession, NotFound};

    let client = account.client()?;
    let rule = core.shared().rules.named(&wait.rule);
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

/// A message was waited for, and everything up to `read` was read.
fn looked_at(
    queue: &mut Queue,
    wait: &RuleWait,
    read: Option<Seqno>,
    rule: Option<&Rule>,
    json: Option<&Value>,
) -> Result<(), ArchiveError> {
    queue.end_rule_waits(wait.talker, read, None)?;
    if !queue.is_waiting(wait)? {
        return Ok(());
    }
    let mut has_begun = false;
    if let (Some(rule), Some(json)) = (rule, json)
        && let Some(mut facts) = Facts::of(json, wait.event, now())
    {
        facts.is_first = queue.is_first(facts.talker, facts.person, facts.seqno)?;
        has_begun = begin_runs(queue, [rule], &facts, true)?;
    }
    // Later messages of the same person need nothing more. In a group they are of many.
    let upto = match (has_begun, wait.talker) {
        (true, Talker::User(_)) => None,
        _ => Some(wait.seqno),
    };
    queue.end_rule_waits(wait.talker, upto, Some(&wait.rule))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{message, queue, rules};

    #[test]
    fn a_message_that_was_read_ends_only_its_own_wait() {
        let (mut queue, _folder) = queue(now);
        let rules = rules("[[rule]]\nname = 'late'\nunread_minutes = 30\ntag = 'late'\n");
        let wait = |seqno: u64| RuleWait {
            rule: "late".to_owned(),
            talker: Talker::user(7),
            seqno: Seqno(seqno),
            event: seqno,
        };
        for seqno in [3, 4, 5] {
            queue.begin_rule_wait(&wait(seqno), 0).unwrap();
        }
        let event = message("hi");
        let mut looked = |seqno, read| {
            looked_at(&mut queue, &wait(seqno), read, rules.first(), Some(&event)).unwrap();
            let waits = queue.due_rule_waits(9).unwrap().len();
            (waits, queue.open_rule_runs(9).unwrap().len())
        };
        // The first was read, and the others were not.
        assert_eq!(looked(3, Some(Seqno(3))), (2, 0));
        assert_eq!(looked(4, Some(Seqno(3))), (0, 1));
        // What is no longer waited for changes nothing.
        assert_eq!(looked(5, Some(Seqno(3))), (0, 1));
        // It ran for this person just now: a later message still has its chance.
        for seqno in [6, 7] {
            queue.begin_rule_wait(&wait(seqno), 0).unwrap();
        }
        looked_at(
            &mut queue,
            &wait(6),
            Some(Seqno(3)),
            rules.first(),
            Some(&event),
        )
        .unwrap();
        assert_eq!(queue.due_rule_waits(9).unwrap(), [wait(7)]);
        assert_eq!(queue.open_rule_runs(9).unwrap().len(), 1);
        // The service refuses to say: later.
        queue
            .put_off_rule_waits(Talker::user(7), "late", now() + 60)
            .unwrap();
        assert_eq!(queue.due_rule_waits(9).unwrap(), []);
    }
}
