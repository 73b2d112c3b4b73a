//! The account, its builder, and what flows read from it and report to it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderMap, header::DATE};

use crate::{
    account::{
        Pacing, Snapshot,
        keys::{CachedKeys, KeyAction, SignatureBasis, clock_offset},
        pacing::{Held, Lane},
        snapshot::InvalidSnapshot,
        state::{Chance, State},
    },
    context::{Context, Hosts, UserAgent},
    credential::Credential,
    endpoints::UserCard,
    error::{Error, RateLimited, RefusalKind, Stopped},
    ids::{DeviceId, Uid},
    spec::Spec,
    time::{Monotonic, Now},
    wbi::SigningKeys,
};

/// The longest time between two polls of a watcher.
const LONGEST_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long other flows wait at most for one that fetches the signing keys.
const LONGEST_LEASE: Duration = Duration::from_secs(60);

/// One login and the state shared by its calls: device id, signing keys, the offset to the
/// service's clock, pacing. Clones share this state. It is locked only while a flow is resumed, so
/// calls run side by side.
#[derive(Clone)]
pub struct Account(pub(super) Arc<Shared>);

pub(super) struct Shared {
    credential: Credential,
    device_id: DeviceId,
    hosts: Hosts,
    user_agent: UserAgent,
    pub(super) pacing: Pacing,
    state: Mutex<State>,
}

/// Makes an [`Account`].
#[derive(Debug)]
pub struct AccountBuilder {
    credential: Credential,
    device_id: DeviceId,
    hosts: Hosts,
    user_agent: UserAgent,
    pacing: Option<Pacing>,
    state: State,
}

impl AccountBuilder {
    /// Sets where the service is. Default: the real service.
    #[must_use]
    pub fn hosts(self, hosts: Hosts) -> Self {
        Self { hosts, ..self }
    }

    /// Sets the `User-Agent`.
    #[must_use]
    pub fn user_agent(self, user_agent: UserAgent) -> Self {
        Self { user_agent, ..self }
    }

    /// Sets the pacing. Default: [`Pacing::default`], or [`Pacing::off`] when all hosts are
    /// loopback addresses.
    #[must_use]
    pub fn pacing(self, pacing: Pacing) -> Self {
        let pacing = Some(pacing);
        Self { pacing, ..self }
    }

    /// Sets the device id. Default: one made from the entropy.
    #[must_use]
    pub fn device_id(self, device_id: DeviceId) -> Self {
        Self { device_id, ..self }
    }

    /// Restores the state stored in a snapshot, including the device id.
    ///
    /// # Errors
    /// When the snapshot belongs to another account or was written by an unknown version.
    pub fn restore(mut self, snapshot: &Snapshot, now: Now) -> Result<Self, InvalidSnapshot> {
        self.device_id = snapshot.restore(self.credential.uid(), now, &mut self.state)?;
        Ok(self)
    }

    /// Builds the account.
    pub fn build(self) -> Account {
        let pacing = self.pacing.unwrap_or_else(|| {
            if self.hosts.are_loopback() {
                Pacing::off()
            } else {
                Pacing::default()
            }
        });
        let mut state = self.state;
        state.sends.latest_arrival = pacing.latest_arrival;
        Account(Arc::new(Shared {
            credential: self.credential,
            device_id: self.device_id,
            hosts: self.hosts,
            user_agent: self.user_agent,
            pacing,
            state: Mutex::new(state),
        }))
    }
}

impl Account {
    /// Starts building an account. `entropy` must be random bytes: the device id and the jitter of
    /// waits are made from them, and no other randomness is used.
    pub fn builder(credential: Credential, entropy: [u8; 24]) -> AccountBuilder {
        let (device, seed) = split(entropy);
        AccountBuilder {
            credential,
            device_id: DeviceId::from_random(device),
            hosts: Hosts::default(),
            user_agent: UserAgent::default(),
            pacing: None,
            state: State {
                chance: Chance(u64::from_le_bytes(seed)),
                ..State::default()
            },
        }
    }

    /// Ends the stop that risk control caused. Call it once the account's owner has passed the
    /// check on the site.
    pub fn lift_stop(&self) {
        let mut state = self.state();
        state.pacer.lift_stop();
        state.revision += 1;
    }

    /// The account's own uid, if known.
    pub fn uid(&self) -> Option<Uid> {
        self.state().uid.or(self.0.credential.uid())
    }

    /// The device id sent with messages.
    pub fn device_id(&self) -> &DeviceId {
        &self.0.device_id
    }

    /// The login.
    pub fn credential(&self) -> &Credential {
        &self.0.credential
    }

    /// Who a user is, if [`people`](Self::people) told so in the last six hours. Asks nothing.
    pub fn card(&self, uid: Uid, now: Now) -> Option<UserCard> {
        self.state().people.get(uid, now.mono).cloned()
    }

    /// The context that the next request would be built with.
    pub fn context(&self, now: Now) -> Context {
        let state = self.state();
        Context {
            credential: Some(self.0.credential.clone()),
            uid: state.uid,
            keys: state.keys.as_ref().map(|cached| cached.keys.clone()),
            device_id: self.0.device_id.clone(),
            time: state.service_time(now),
            hosts: self.0.hosts.clone(),
            user_agent: self.0.user_agent.clone(),
        }
    }

    /// A counter that grows whenever the snapshot has changed and should be stored.
    pub fn revision(&self) -> u64 {
        self.state().revision
    }

    /// The state to store for other processes of this account. It does not contain the login.
    pub fn snapshot(&self, now: Now) -> Snapshot {
        let uid = self.0.credential.uid();
        Snapshot::of(&self.state(), uid, self.device_id(), now)
    }

    /// Merges a snapshot that another process of this account stored. Of each wait the later one
    /// counts, of the signing keys the newer ones. Used tickets, and messages already attributed to
    /// a send, are added to those known here. A stop follows the process that set or lifted it
    /// last.
    ///
    /// For processes that share one stored snapshot under a lock. Each one takes the lock, absorbs
    /// the stored snapshot, stores its own, and releases the lock.
    ///
    /// # Errors
    /// As [`AccountBuilder::restore`]. Then nothing is merged.
    pub fn absorb(&self, snapshot: &Snapshot, now: Now) -> Result<(), InvalidSnapshot> {
        snapshot.absorb(self.0.credential.uid(), now, &mut self.state())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    pub(crate) fn key_action(&self, now: Now) -> KeyAction {
        let state = self.state();
        let fresh = (state.keys.as_ref()).is_some_and(|cached| cached.are_fresh(now.unix));
        if fresh && state.uid.or(self.0.credential.uid()).is_some() {
            KeyAction::Use
        } else if state.key_lease.is_some_and(|until| now.mono < until) {
            KeyAction::Wait
        } else {
            KeyAction::Fetch
        }
    }

    /// The time between two polls of a watcher, with up to 10% of jitter, so that not all clients
    /// poll at the same moment.
    pub(crate) fn watch_interval(&self, wanted: Option<Duration>) -> Duration {
        let pacing = &self.0.pacing;
        let interval = wanted.unwrap_or(pacing.watch_interval);
        let chance = self.state().chance.fraction();
        interval
            .max(pacing.least_watch_interval)
            .min(LONGEST_INTERVAL)
            .mul_f64(1.0 + chance / 10.0)
    }

    /// Marks the keys as being fetched until the lease is dropped or expires.
    pub(crate) fn lease_keys(&self, now: Now) -> KeyLease {
        let until = now.mono.after(LONGEST_LEASE);
        self.state().key_lease = Some(until);
        KeyLease {
            account: self.clone(),
            until,
        }
    }

    pub(crate) fn learn_keys(&self, keys: SigningKeys, now: Now) {
        let mut state = self.state();
        state.keys = Some(CachedKeys {
            keys,
            fetched: now.unix,
        });
        state.revision += 1;
    }

    pub(crate) fn learn_uid(&self, uid: Uid) {
        let mut state = self.state();
        if state.uid != Some(uid) {
            state.uid = Some(uid);
            state.revision += 1;
        }
    }

    pub(crate) fn learn_cards(&self, cards: &[UserCard], now: Now) {
        let mut state = self.state();
        for card in cards {
            state.people.learn(card, now.mono);
        }
    }

    pub(crate) fn signature_basis(&self, now: Now) -> SignatureBasis {
        let state = self.state();
        SignatureBasis {
            keys: state.keys.clone(),
            time: state.service_time(now),
            mono: now.mono,
        }
    }

    /// Updates the clock offset from the `Date` header of an answer.
    pub(crate) fn observe_clock(&self, now: Now, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
            return;
        };
        let offset = clock_offset(date.into(), now.unix);
        let mut state = self.state();
        if state.clock_offset.abs_diff(offset) > 1_000_000 {
            state.clock_offset = offset;
            state.revision += 1;
        }
    }

    /// The earliest start of the next poll. Other limits may delay it further.
    pub(crate) fn next_poll(&self) -> Monotonic {
        self.state().pacer.next_poll
    }

    /// The least time between two reads.
    pub(crate) fn read_gap(&self) -> Duration {
        self.0.pacing.read_gap
    }

    /// The next poll need not keep its distance from the last one: a hint asks for it.
    pub(crate) fn allow_poll(&self, now: Monotonic) {
        let next_poll = &mut self.state().pacer.next_poll;
        *next_poll = now.min(*next_poll);
    }

    pub(crate) fn reserve(
        &self,
        now: Now,
        lane: Lane,
        call: &'static Spec,
    ) -> Result<Monotonic, Error> {
        let mut state = self.state();
        state.revision += 1;
        state.seen = now.mono;
        let reserved = state.pacer.reserve(&self.0.pacing, now.mono, lane);
        reserved.map_err(|held| held_back(held, call.name()))
    }

    /// Refuses a call that has reserved its start time, if the account was held back or stopped
    /// since.
    pub(crate) fn check_hold(
        &self,
        now: Now,
        lane: Lane,
        call: &'static Spec,
    ) -> Result<(), Error> {
        let held = self.state().pacer.check_hold(now.mono, lane);
        held.map_err(|held| held_back(held, call.name()))
    }

    /// Stops the account if the final result of a call is a refusal by risk control.
    pub(crate) fn note_final<T>(&self, now: Now, result: &Result<T, Error>) {
        if let Err(Error::Refused(refusal)) = result
            && refusal.kind == RefusalKind::RiskControl
        {
            let mut state = self.state();
            state.pacer.stop(&self.0.pacing, now.mono);
            state.revision += 1;
        }
    }

    /// Adjusts the pacing to the result of a call: success resets the lane's back-off, "too fast"
    /// extends it.
    pub(crate) fn note_outcome<T>(
        &self,
        now: Now,
        lane: Lane,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = self.state();
        match result {
            Ok(value) => {
                state.pacer.succeeded(lane);
                Ok(value)
            }
            Err(Error::RateLimited(mut limited)) => {
                let refusal = limited.refusal.as_ref();
                let only_writes = matches!(refusal.and_then(|r| r.code), Some(21020 | 21046));
                let asked = refusal.and_then(|r| r.retry_after);
                let chance = state.chance.fraction();
                limited.retry_after = state.pacer.back_off(
                    &self.0.pacing,
                    now.mono,
                    lane,
                    asked,
                    only_writes,
                    chance,
                );
                state.revision += 1;
                Err(Error::RateLimited(limited))
            }
            Err(error) => Err(error),
        }
    }
}

/// What a push connection needs of chance.
#[cfg(feature = "push")]
impl Account {
    /// Sixteen pseudorandom bytes.
    pub(crate) fn random_bytes(&self) -> [u8; 16] {
        let chance = &mut self.state().chance;
        (u128::from(chance.next()) << 64 | u128::from(chance.next())).to_le_bytes()
    }

    /// A pseudorandom number from 0 up to, but not including, 1.
    pub(crate) fn random_fraction(&self) -> f64 {
        self.state().chance.fraction()
    }
}

fn held_back(held: Held, endpoint: &'static str) -> Error {
    match held {
        Held::TooFast(retry_after) => Error::RateLimited(Box::new(RateLimited {
            endpoint,
            retry_after,
            refusal: None,
        })),
        Held::Stopped(remaining) => Error::Stopped(Stopped {
            endpoint,
            remaining,
        }),
    }
}

/// Marks the keys as being fetched. Dropping it removes the mark.
pub(crate) struct KeyLease {
    account: Account,
    until: Monotonic,
}

impl Drop for KeyLease {
    fn drop(&mut self) {
        (self.account.state().key_lease).take_if(|until| *until == self.until);
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("uid", &self.uid())
            .field("hosts", &self.0.hosts)
            .finish_non_exhaustive()
    }
}

fn split(entropy: [u8; 24]) -> ([u8; 16], [u8; 8]) {
    let mut device = [0; 16];
    let mut seed = [0; 8];
    let (first, rest) = entropy.split_at(device.len());
    device.copy_from_slice(first);
    seed.copy_from_slice(rest);
    (device, seed)
}
