//! An account of the process, as faces use it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bili_im_archive::{Archive, ArchiveError, Queue};
use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Profile, RefusalKind, SyncOptions, Uid};
use bili_im_reqwest::Client;
use serde_json::Value;
use tokio::{sync::Notify, time::timeout};

use super::{
    outbox::Outbox,
    state::{AccountJson, State},
    syncing::{Filling, Syncing},
};
use crate::{
    clock::now,
    config::{AccountSetup, LoginError},
    error::{archive_error, error, panicked, removed},
    lock::lock,
    shared::Shared,
};

/// The kinds of errors that say that all calls of the login will fail.
const ENDS: [&str; 3] = [
    RefusalKind::NotLoggedIn.name(),
    RefusalKind::RiskControl.name(),
    RefusalKind::AccountBanned.name(),
];

/// For how long a call that has failed waits to know whether the account is held.
const LOOK: Duration = Duration::from_secs(5);

/// The kind of the error of a second account of a user.
pub(crate) const SAME_USER: &str = "SameUser";

/// An account of the process.
#[derive(Debug)]
pub struct Account {
    pub(super) setup: AccountSetup,
    pub(super) shared: Arc<Shared>,
    pub(super) outbox: Outbox,
    pub(crate) syncing: Syncing,
    /// Tells the accounts of a process apart: those with lower numbers were added before.
    serial: u64,
    /// Tries again at once.
    pub(super) restart: Notify,
    queue: Arc<Mutex<Queue>>,
    /// Held while an event is queued, also when its watch has ended meanwhile.
    pub(super) queueing: Arc<tokio::sync::Mutex<()>>,
    /// The number of the newest event.
    pub(super) newest: Arc<AtomicU64>,
    /// Events up to this id were queued before the account was added, and may be told after later
    /// ones of others. 0 when nobody was told anything yet.
    joined: AtomicU64,
    state: Mutex<State>,
    /// How many attempts to watch it have begun.
    attempts: AtomicU64,
    /// The client of the login that was opened last, also when its attempt failed: it knows the
    /// account's pace, and whether risk control has stopped it.
    opened: Mutex<Option<Client>>,
    /// The client for calls.
    client: Mutex<Option<Client>>,
    profile: Mutex<Option<Profile>>,
    /// Whose its queue and its archive are, if something is in them.
    owner: Option<Uid>,
}

impl Account {
    /// Opens the account's archive and queue. This blocks.
    pub(crate) fn open(setup: AccountSetup, shared: Arc<Shared>) -> Result<Self, ArchiveError> {
        let archive = Archive::create(&setup.archive)?;
        let owner = archive.owner()?;
        let queue = Queue::new(archive, now)?;
        let newest = queue.newest()?;
        let owner = queue.cursor()?.map(|cursor| cursor.uid()).or(owner);
        shared.line.pass(newest.id);
        let serial = shared.serials.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            setup,
            serial,
            shared,
            outbox: Outbox::default(),
            syncing: Syncing::default(),
            restart: Notify::new(),
            queue: Arc::new(Mutex::new(queue)),
            queueing: Arc::default(),
            newest: Arc::new(AtomicU64::new(newest.number.unwrap_or_default())),
            joined: AtomicU64::new(0),
            state: Mutex::new(State::Starting),
            attempts: AtomicU64::new(0),
            opened: Mutex::new(None),
            client: Mutex::new(None),
            profile: Mutex::new(None),
            owner,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.setup.name
    }

    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// How it is.
    pub fn state(&self) -> State {
        lock(&self.state).clone()
    }

    pub(super) fn set_state(&self, state: State) {
        tracing::info!(account = self.name(), state = state.name(), "account");
        *lock(&self.state) = state;
        self.shared.tell();
    }

    pub(super) fn begin_attempt(&self) {
        self.attempts.fetch_add(1, Ordering::AcqRel);
        self.set_state(State::Starting);
    }

    /// Its client, unless it is held.
    ///
    /// # Errors
    /// Why it is held.
    pub fn client(&self) -> Result<Client, ErrorJson> {
        match &*lock(&self.state) {
            State::Held(held) => {
                let mut error = held.error.clone();
                error.message = format!("the account is held: {}", error.message).into();
                return Err(error);
            }
            State::Removed => return Err(removed()),
            State::Starting | State::Working => {}
        }
        lock(&self.client).clone().ok_or_else(|| {
            let message = format!("the account {} is starting", self.name());
            error(Exit::Other, "Starting", message, "try again in a moment")
        })
    }

    /// Waits while it is starting, but not for long.
    pub(crate) async fn started(&self) {
        let has_started = |state: &State| !matches!(state, State::Starting);
        self.wait(self.shared.limits.patience, has_started).await;
    }

    /// Waits until it works, but not for longer than this.
    pub(crate) async fn wait_until_working(&self, most: Duration) {
        let is_over = |state: &State| matches!(state, State::Working | State::Removed);
        self.wait(most, is_over).await;
    }

    /// How many attempts to watch it have begun.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Acquire)
    }

    /// Waits until an attempt after these has succeeded or failed, but not for longer than this.
    pub(crate) async fn attempt_after(&self, attempts: u64, most: Duration) {
        let is_over =
            |state: &State| self.attempts() > attempts && !matches!(state, State::Starting);
        self.wait(most, is_over).await;
    }

    /// Waits for a state, but not for longer than this. Then calls say what it is in.
    async fn wait(&self, most: Duration, is_over: impl Fn(&State) -> bool) {
        let mut news = self.shared.news.subscribe();
        let over = async { while !is_over(&self.state()) && news.changed().await.is_ok() {} };
        let _late = timeout(most, over).await;
    }

    pub(super) fn set_client(&self, client: Client, profile: Profile) {
        *lock(&self.client) = Some(client);
        *lock(&self.profile) = Some(profile);
    }

    /// Opens the login. While it is the same one, the client stays: it keeps the account's pace.
    pub(super) async fn open_login(&self) -> Result<Client, LoginError> {
        let (last, login) = (lock(&self.opened).clone(), Arc::clone(&self.setup.login));
        let opened = tokio::task::spawn_blocking(move || {
            if let Some(last) = &last {
                // A new login of the same user goes on with what this one knows.
                login.keep(last);
            }
            let client = login.open()?;
            let cookies = |client: &Client| client.account().credential().expose();
            Ok(match last {
                Some(last) if cookies(&last) == cookies(&client) => (last, false),
                _ => (client, true),
            })
        });
        let opened = opened.await.unwrap_or_else(|_| {
            Err(LoginError {
                error: Box::new(panicked()),
                is_logged_out: false,
            })
        });
        let (client, is_new) = opened?;
        if is_new {
            // What is under way has the login before this one.
            *lock(&self.client) = None;
            self.syncing.abandon();
            self.outbox.wait(self.shared.limits.shutdown).await;
        }
        *lock(&self.opened) = Some(client.clone());
        Ok(client)
    }

    /// Takes a user, whom no other account may have: everything would be told and answered twice.
    ///
    /// # Errors
    /// When another account has the user.
    pub(super) fn claim(&self, user: Uid) -> Result<(), ErrorJson> {
        let mut users = lock(&self.shared.users);
        let count = users.len();
        users.retain(|other, (serial, _)| *serial != self.serial || *other == user);
        if users.len() < count {
            self.shared.user_left.notify_waiters();
        }
        if let Some((serial, other)) = users.get(&user)
            && *serial != self.serial
        {
            return Err(same_user(other));
        }
        users.insert(user, (self.serial, self.name().to_owned()));
        Ok(())
    }

    /// Whose account it is, if that is known.
    pub fn uid(&self) -> Option<Uid> {
        self.profile().map(|profile| profile.uid).or(self.owner)
    }

    /// Who its user is, if that is known.
    pub(crate) fn profile(&self) -> Option<Profile> {
        lock(&self.profile).clone()
    }

    /// Fills its archive, beside its watch.
    pub(crate) fn sync(&self, options: SyncOptions) -> Result<(), ErrorJson> {
        let begun = self.syncing.begin(Filling {
            client: self.client()?,
            archive: self.setup.archive.clone(),
            options,
        });
        match begun {
            true => Ok(()),
            false => {
                let message = "a synchronisation is under way";
                Err(error(Exit::Other, "UnderWay", message, "see sync.state"))
            }
        }
    }

    /// Goes on after risk control has stopped it. Returns whether it was stopped.
    pub(crate) async fn resume(&self) -> Result<bool, ErrorJson> {
        let (client, login) = (lock(&self.opened).clone(), Arc::clone(&self.setup.login));
        let lifted = tokio::task::spawn_blocking(move || {
            let client = match client {
                Some(client) => client,
                None => login.open().map_err(|failed| *failed.error)?,
            };
            // Another process may have stopped it or gone on meanwhile.
            login.keep(&client);
            let now = client.now();
            let before = client.account().snapshot(now);
            client.account().lift_stop();
            let was_stopped = client.account().snapshot(now) != before;
            // The next attempt reads it.
            login.keep(&client);
            Ok::<_, ErrorJson>(was_stopped)
        });
        let was_stopped = lifted.await.map_err(|_| panicked())??;
        self.restart();
        Ok(was_stopped)
    }

    /// Starts it anew.
    pub(crate) fn restart(&self) {
        self.restart.notify_one();
    }

    /// A call has failed. When its login seems to be over or stopped, the account is tried again,
    /// so that it is held if that is so. Waits for that, but not for long.
    pub(crate) async fn look_again_after(&self, error: &Value) {
        let kind = error.get("kind").and_then(Value::as_str);
        if matches!(self.state(), State::Working) && kind.is_some_and(|kind| ENDS.contains(&kind)) {
            let attempts = self.attempts();
            self.restart();
            self.attempt_after(attempts, LOOK).await;
        }
    }

    pub(crate) fn json(&self) -> AccountJson {
        AccountJson::new(self.name(), self.uid(), &self.state())
    }

    /// The number of the newest event.
    pub(crate) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// Takes the user whose events are in the queue, if nobody has it.
    pub(crate) fn claim_owner(&self) {
        // Otherwise it is held once that is certain.
        let _claimed = self.owner.map(|owner| self.claim(owner));
    }

    /// The account was added while others were being told.
    pub(crate) fn join(&self, id: u64) {
        self.joined.store(id, Ordering::Release);
    }

    /// A consumer has handled all that it was told, up to an id. Nothing is stored when `is_there`
    /// says that it is gone.
    pub(crate) async fn handled(
        &self,
        consumer: String,
        id: u64,
        is_there: impl FnOnce() -> bool + Send + 'static,
    ) -> Result<(), ErrorJson> {
        let joined = self.joined.load(Ordering::Acquire);
        self.queue(move |queue| match id > joined || queue.has(id)? {
            true if is_there() => queue.handled(&consumer, id),
            _ => Ok(()),
        })
        .await
    }

    /// Works with the queue, outside of the runtime's threads.
    pub(crate) async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Queue) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ErrorJson> {
        self.try_queue(work).await.map_err(archive_error)
    }

    /// Reads the archive beside the queue, so that what takes long delays no event.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Archive) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ErrorJson> {
        let _permit = self.shared.searches.acquire().await;
        let path = self.setup.archive.clone();
        let read = tokio::task::spawn_blocking(move || work(&Archive::open(path)?)).await;
        let read = read.unwrap_or_else(|ended| Err(ArchiveError::NotWritable(ended.to_string())));
        read.map_err(archive_error)
    }

    pub(super) async fn try_queue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Queue) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let queue = Arc::clone(&self.queue);
        let done = tokio::task::spawn_blocking(move || work(&mut lock(&queue)));
        done.await
            .unwrap_or_else(|ended| Err(ArchiveError::NotWritable(ended.to_string())))
    }

    /// Stores the state of the login for other processes.
    pub(super) async fn keep(&self) {
        let Some(client) = lock(&self.opened).clone() else {
            return;
        };
        let login = Arc::clone(&self.setup.login);
        // The next time stores the same.
        let _ended = tokio::task::spawn_blocking(move || login.keep(&client)).await;
    }

    /// Ends: waits for the sends under way, and stores the state of the login.
    pub(crate) async fn end(&self) {
        self.syncing.stop().await;
        self.outbox.wait(self.shared.limits.shutdown).await;
        self.keep().await;
        self.let_user_go();
        self.set_state(State::Removed);
    }

    /// Ends the sends under way at once. What became of them is found out by the next process.
    pub(crate) fn abandon(&self) {
        self.outbox.abandon();
        self.syncing.abandon();
        self.let_user_go();
    }

    /// Another account may have its user.
    pub(super) fn let_user_go(&self) {
        lock(&self.shared.users).retain(|_, (serial, _)| *serial != self.serial);
        self.shared.user_left.notify_waiters();
    }
}

/// The error of a second account of a user, whose first one is `other`.
pub(crate) fn same_user(other: &str) -> ErrorJson {
    let message = format!("the account {other} serves this user already");
    error(Exit::Other, SAME_USER, message, "remove one of the two")
}
