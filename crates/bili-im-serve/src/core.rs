//! The accounts of a process: added, removed and restarted one by one.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bili_im_archive::Queue;
use bili_im_json::{ErrorJson, Exit};
use tokio::{select, sync::watch, task::JoinHandle};

use crate::{
    account::{Account, AccountJson, State, run},
    config::{AccountSetup, Profiles},
    error::{ServeError, error, panicked},
    limits::Limits,
    lock::lock,
    logins::Logins,
    metrics::Page,
    outlets::Running,
    rights::{Rights, is_name},
    rules::{CONSUMER, Rules, Worker},
    shared::Shared,
};

/// The accounts of a process, and what is told of them. Faces for clients, such as JSON-RPC, use
/// nothing else. Clones are the same process.
#[derive(Clone)]
pub struct Core(Arc<Inner>);

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

struct Inner {
    shared: Arc<Shared>,
    accounts: Mutex<BTreeMap<String, Served>>,
    outlets: Running,
    rules: Arc<Rules>,
    /// Held while outlets and rules are exchanged.
    configuring: Mutex<()>,
    logins: Logins,
    profiles: OnceLock<Box<dyn Profiles>>,
    /// The consumers that have read since the process began, with what they may read.
    consumers: Mutex<BTreeMap<String, Rights>>,
    /// Whether anyone was told anything.
    has_readers: AtomicBool,
}

/// How many consumers are remembered.
const CONSUMERS: usize = 1000;

/// An account, the task that watches it, and the one that does what rules decide.
#[derive(Debug)]
struct Served {
    account: Arc<Account>,
    task: JoinHandle<()>,
    worker: Arc<Worker>,
}

impl Served {
    async fn end(&self) {
        self.worker.end().await;
        self.account.end().await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
        // Nobody waits for it.
        let _task = self.worker.abandon();
        self.account.abandon();
    }
}

impl Core {
    /// A process without accounts.
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner {
            outlets: Running::new(limits.outlets.patience),
            shared: Arc::new(Shared::new(limits)),
            accounts: Mutex::default(),
            rules: Arc::default(),
            configuring: Mutex::default(),
            logins: Logins::default(),
            profiles: OnceLock::new(),
            consumers: Mutex::default(),
            has_readers: AtomicBool::new(false),
        }))
    }

    /// Adds an account and begins to watch it.
    ///
    /// # Errors
    /// When its name is taken, its archive cannot be used, or the process ends.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn add(&self, setup: AccountSetup) -> Result<(), ServeError> {
        let name = setup.name.clone();
        if !is_name(&name) || lock(&self.0.accounts).contains_key(&name) {
            return Err(ServeError::Name(name));
        }
        let shared = Arc::clone(&self.0.shared);
        let opened = tokio::task::spawn_blocking(move || Account::open(setup, shared)).await;
        let account = match opened {
            Ok(Ok(account)) => Arc::new(account),
            Ok(Err(source)) => {
                let account = name;
                return Err(ServeError::Archive { account, source });
            }
            Err(_) => return Err(ServeError::Name(name)),
        };
        if let Err(error) = self.introduce(&account).await {
            let kind: &str = &error.kind;
            tracing::warn!(account = name, kind, "the queue cannot be used");
        }
        // What is acknowledged until it is known says nothing about this account.
        account.join(u64::MAX);
        // An archive has one queue, so that two of the same name do not get here at once.
        {
            let mut accounts = lock(&self.0.accounts);
            if self.is_ending() {
                return Err(ServeError::Ending);
            }
            account.claim_owner();
            let task = tokio::spawn(run(Arc::clone(&account)));
            let served = Served {
                account: Arc::clone(&account),
                task,
                worker: Arc::default(),
            };
            accounts.insert(name, served);
        }
        account.join(match self.0.has_readers.load(Ordering::Acquire) {
            true => self.0.shared.line.visible(),
            false => 0,
        });
        self.0.shared.tell();
        Ok(())
    }

    /// To rules that will come the account is new. Consumers that have read here are told of it from
    /// now on, also if they read again only later.
    async fn introduce(&self, account: &Account) -> Result<(), ErrorJson> {
        let names: Vec<String> = {
            let consumers = lock(&self.0.consumers);
            let may_read = |(_, rights): &(&String, &Rights)| rights.account(account.name());
            let names = consumers.iter().filter(may_read);
            names.map(|(name, _)| name.clone()).collect()
        };
        let has_no_rules = self.0.rules.are_none();
        account
            .queue(move |queue| {
                if has_no_rules {
                    queue.forget_consumer(CONSUMER)?;
                }
                let names = names.into_iter();
                queue.begin_consumers(names.filter(|name| !has_no_rules || name != CONSUMER))
            })
            .await
    }

    /// Sets where accounts come from that clients add by name. Without, they can add none. The
    /// first call counts.
    pub fn set_profiles(&self, profiles: impl Profiles) {
        let _is_first = self.0.profiles.set(Box::new(profiles));
    }

    pub(crate) fn profiles(&self) -> Result<&dyn Profiles, ErrorJson> {
        let profiles = self.0.profiles.get().map(|profiles| &**profiles);
        profiles.ok_or_else(|| {
            error(
                Exit::WrongUse,
                "Usage",
                "this process has no further accounts",
                "name its accounts when it starts",
            )
        })
    }

    /// Adds the account of this name.
    pub(crate) async fn add_named(&self, name: &str) -> Result<(), ErrorJson> {
        let (core, wanted) = (self.clone(), name.to_owned());
        let setup = tokio::task::spawn_blocking(move || core.profiles()?.setup(&wanted));
        let setup = setup.await.map_err(|_| panicked())??;
        self.add(setup).await.map_err(ErrorJson::from)
    }

    /// Removes an account. Its sends under way are finished first.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn remove(&self, name: &str) -> Result<(), ServeError> {
        let Some(mut served) = lock(&self.0.accounts).remove(name) else {
            return Err(ServeError::NoAccount(name.to_owned()));
        };
        // Also when the caller does not wait.
        let ended = tokio::spawn(async move {
            served.task.abort();
            // It was aborted.
            let _ended = (&mut served.task).await;
            served.end().await;
        });
        let _ended = ended.await;
        Ok(())
    }

    /// Starts an account anew: its login is read again, and it is tried at once.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn restart(&self, name: &str) -> Result<(), ServeError> {
        let account = self.account(name);
        let account = account.ok_or_else(|| ServeError::NoAccount(name.to_owned()))?;
        account.restart();
        Ok(())
    }

    /// The account of this name.
    pub fn account(&self, name: &str) -> Option<Arc<Account>> {
        let accounts = lock(&self.0.accounts);
        accounts.get(name).map(|served| Arc::clone(&served.account))
    }

    /// The account of this name, and what does for it what rules decide.
    pub(crate) fn worker(&self, name: &str) -> Option<(Arc<Account>, Arc<Worker>)> {
        let accounts = lock(&self.0.accounts);
        let served = accounts.get(name)?;
        Some((Arc::clone(&served.account), Arc::clone(&served.worker)))
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        let accounts = lock(&self.0.accounts);
        let served = accounts.values();
        served.map(|served| Arc::clone(&served.account)).collect()
    }

    /// The accounts that a token may have.
    pub(crate) fn accounts_of(&self, rights: &Rights) -> Vec<Arc<Account>> {
        let mut accounts = self.accounts();
        accounts.retain(|account| rights.account(account.name()));
        accounts
    }

    /// Somebody reads, and is a consumer if `consumer` is given. It is remembered with its rights.
    pub(crate) fn begin_reading(&self, consumer: Option<&str>, rights: &Rights) {
        self.0.has_readers.store(true, Ordering::Release);
        let Some(name) = consumer else {
            return;
        };
        let mut consumers = lock(&self.0.consumers);
        // Queues have no room for more.
        let has_room = consumers.len() < CONSUMERS || Queue::is_own(name);
        if has_room || consumers.contains_key(name) {
            consumers.insert(name.to_owned(), rights.clone());
        }
    }

    /// A consumer has handled all events up to an id. Then they are not told to it again.
    ///
    /// # Errors
    /// When that cannot be stored.
    pub async fn handled(&self, rights: &Rights, consumer: &str, id: u64) -> Result<(), ErrorJson> {
        for account in self.accounts_of(rights) {
            // Rules that are gone are forgotten, and will begin anew.
            let rules = (consumer == CONSUMER).then(|| Arc::clone(&self.0.rules));
            let is_there = move || rules.is_none_or(|rules| !rules.are_none());
            account.handled(consumer.to_owned(), id, is_there).await?;
        }
        Ok(())
    }

    /// Forgets a consumer of the accounts that a token may have. Returns whether there was one.
    pub(crate) async fn forget(&self, rights: &Rights, consumer: &str) -> Result<bool, ErrorJson> {
        lock(&self.0.consumers).remove(consumer);
        let mut was_known = false;
        for account in self.accounts_of(rights) {
            let name = consumer.to_owned();
            was_known |= account.queue(move |q| q.forget_consumer(&name)).await?;
        }
        Ok(was_known)
    }

    /// Ends: readers and sends under way first, then the accounts.
    pub async fn shut_down(&self) {
        self.0.shared.ends.send_replace(true);
        let accounts = std::mem::take(&mut *lock(&self.0.accounts));
        for served in accounts.values() {
            served.task.abort();
        }
        futures_util::future::join_all(accounts.values().map(Served::end)).await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(crate) fn outlets(&self) -> &Running {
        &self.0.outlets
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0.rules
    }

    pub(crate) fn configuring(&self) -> &Mutex<()> {
        &self.0.configuring
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.0.logins
    }

    pub(crate) fn ends(&self) -> watch::Receiver<bool> {
        self.0.shared.ends.subscribe()
    }

    /// Does something, but not after the process ends.
    pub(crate) async fn until_end(&self, work: impl Future<Output = ()>) {
        let mut ends = self.ends();
        select! {
            () = work => {}
            _ = ends.wait_for(|ends| *ends) => {}
        }
    }

    pub(crate) fn is_ending(&self) -> bool {
        *self.0.shared.ends.borrow()
    }

    pub(crate) fn list(&self, rights: &Rights) -> Vec<AccountJson> {
        let accounts = self.accounts_of(rights).into_iter();
        accounts.map(|account| account.json()).collect()
    }

    pub(crate) fn is_well(&self) -> bool {
        let accounts = self.accounts();
        (accounts.iter()).all(|account| matches!(account.state(), State::Working))
    }

    /// The state of all for Prometheus.
    pub(crate) async fn metrics(&self) -> String {
        let mut page = Page::default();
        let accounts = self.accounts();
        for state in ["starting", "working", "held"] {
            let count = accounts.iter().filter(|one| one.state().name() == state);
            let count = u64::try_from(count.count()).unwrap_or_default();
            page.gauge("bili_im_accounts", &[("state", state)], count);
        }
        for account in &accounts {
            let labels = [("account", account.name())];
            page.counter("bili_im_events_total", &labels, account.newest());
        }
        for account in &accounts {
            let consumers = account.queue(|queue| queue.consumers()).await;
            for consumer in consumers.unwrap_or_default() {
                let labels = [("account", account.name()), ("consumer", &consumer.name)];
                page.gauge("bili_im_consumer_lag", &labels, consumer.lag);
            }
        }
        self.0.shared.metrics.write(&mut page);
        page.to_string()
    }
}
