//! One call: paced, signed when it must be, and signed once more when the keys were stale.

use std::{convert::Infallible, time::Duration};

use http::{HeaderMap, Request, Response};

use crate::{
    account::{KeyAction, Lane, SignatureBasis},
    answer::Answer,
    credential::Credential,
    endpoint::{Body, Endpoint},
    endpoints::{Nav, Profile},
    error::{Missing, RefusalKind, Sent, Transport, Unconfirmed},
    flow::{
        prelude::*,
        step::{Failure, Outgoing},
    },
    spec::{Effect, Spec},
};

/// The most bytes of an answer that are read: a page of 200 long messages fits.
const MAX_BODY: usize = 8 << 20;

/// How often a call that may be repeated is tried.
const TRIES: u32 = 3;

/// How often to check whether another flow has fetched the keys.
const KEY_POLL: Duration = Duration::from_millis(20);

impl Account {
    /// Calls an endpoint: paced, signed when it must be, and signed anew once when the keys were
    /// stale.
    ///
    /// To send a message use [`send`](Self::send): this does not read the conversation back, so
    /// that a lost answer leaves the message [`Error::Unconfirmed`].
    pub fn call<E>(&self, endpoint: E) -> Flow<Infallible, E::Response>
    where
        E: Endpoint + Send + Sync + 'static,
        E::Response: Send,
    {
        Flow::of(self, async move |io| io.call(&endpoint).await)
    }

    /// Asks whom the login belongs to.
    pub fn profile(&self) -> Flow<Infallible, Profile> {
        Flow::of(self, async |io| io.profile().await)
    }
}

/// Which signature a call makes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    First,
    /// A second one, after the service took the first for stale.
    Anew,
}

/// What came of an exchange.
pub(crate) enum Exchanged<T> {
    Done(Result<T, Error>),
    /// Refused, perhaps because of a stale signature, which was made with this.
    MayBeStale(Error, SignatureBasis),
}

/// The rungs of a call. Each adds something to the one below it.
impl<I> Io<I> {
    /// Calls an endpoint. A call that may be repeated is, while its outcome is unknown; one that
    /// may not is [`Error::Unconfirmed`] then.
    pub(crate) async fn call<E: Endpoint>(&self, endpoint: &E) -> Result<E::Response, Error> {
        self.ready(endpoint).await?;
        match E::SPEC.effect {
            Effect::Read => self.attempt(endpoint).await,
            Effect::Idempotent => self.repeat(endpoint).await.0,
            Effect::Once => self.attempt(endpoint).await.map_err(|error| {
                if error.took_no_effect() {
                    return error;
                }
                Error::Unconfirmed(Box::new(Unconfirmed {
                    talker: None,
                    cause: error,
                }))
            }),
        }
    }

    /// Makes attempts until the outcome is known, three at most. Also tells how many.
    pub(crate) async fn repeat<E: Endpoint>(
        &self,
        endpoint: &E,
    ) -> (Result<E::Response, Error>, u32) {
        let mut tries = 0;
        loop {
            let result = self.attempt(endpoint).await;
            tries += 1;
            match result {
                Err(error) if tries < TRIES && !error.took_no_effect() => {
                    self.sleep(self.account.repeat_gap()).await;
                }
                result => return (result, tries),
            }
        }
    }

    /// Makes a call once: waits its turn, signs, and signs anew when the signature may be stale.
    pub(crate) async fn attempt<E: Endpoint>(&self, endpoint: &E) -> Result<E::Response, Error> {
        let mut signing = Signing::First;
        loop {
            self.take_turn::<E>().await?;
            match self.exchange_signed(endpoint, signing).await {
                Exchanged::Done(result) => return result,
                Exchanged::MayBeStale(refusal, basis) => self.sign_anew(refusal, &basis).await?,
            }
            signing = Signing::Anew;
        }
    }

    /// The part of an attempt after [`take_turn`](Self::take_turn), for calls that do something in
    /// between.
    pub(crate) async fn exchange_signed<E: Endpoint>(
        &self,
        endpoint: &E,
        signing: Signing,
    ) -> Exchanged<E::Response> {
        // Only now: while the call waited for its turn, another may have learned new keys.
        let basis = self.account.signature_basis(self.now());
        match self.exchange(endpoint).await {
            Err(refusal)
                if E::SPEC.signed && signing == Signing::First && may_be_stale(&refusal) =>
            {
                Exchanged::MayBeStale(refusal, basis)
            }
            result => {
                self.account.note_final(self.now(), &result);
                Exchanged::Done(result)
            }
        }
    }

    /// Makes another signature possible after a refusal that a stale one may explain. When there is
    /// none, the refusal stands.
    pub(crate) async fn sign_anew(
        &self,
        refusal: Error,
        basis: &SignatureBasis,
    ) -> Result<(), Error> {
        if self.signs_otherwise(basis).await {
            return Ok(());
        }
        let result = Err(refusal);
        self.account.note_final(self.now(), &result);
        result
    }

    /// One request and its answer.
    async fn exchange<E: Endpoint>(&self, endpoint: &E) -> Result<E::Response, Error> {
        let account = &self.account;
        // Built after the wait, so that its time is right.
        let start = self.now();
        let request = endpoint.request(&account.context(start))?;
        let answer = self.fetch(outgoing::<E>(request)).await;
        let now = self.now();
        // The `Date` of an answer that nobody read for long is old.
        let is_prompt = now.mono.since(start.mono) <= E::SPEC.timeout;
        if let Some(headers) = headers(&answer).filter(|_| is_prompt) {
            account.observe_clock(now, headers);
        }
        let result = read::<E>(answer, Some(account.credential()));
        account.note_outcome(now, lane_of(const { &E::SPEC }), result)
    }

    /// Waits until the call may go out.
    pub(crate) async fn take_turn<E: Endpoint>(&self) -> Result<(), Error> {
        let account = &self.account;
        let lane = lane_of(const { &E::SPEC });
        if lane == Lane::Poll {
            // A poll takes its place among the reads only when it is due: other reads wait behind
            // it.
            while self.now().mono < account.next_poll() {
                self.sleep_until(account.next_poll()).await;
            }
        }
        let now = self.now();
        let start = account.reserve(now, lane, const { &E::SPEC })?;
        if start <= now.mono {
            return Ok(());
        }
        self.sleep_until(start).await;
        // Another call may have been told "too fast" meanwhile.
        account.check_hold(self.now(), lane, const { &E::SPEC })
    }
}

/// Signing keys.
impl<I> Io<I> {
    /// Fetches the signing keys that a call needs, after refusing one that cannot be made.
    pub(crate) async fn ready<E: Endpoint>(&self, endpoint: &E) -> Result<(), Error> {
        if !E::SPEC.signed {
            return Ok(());
        }
        let context = self.account.context(self.now());
        E::SPEC.check_login(&context)?;
        endpoint.check(&context)?;
        loop {
            match self.account.key_action(self.now()) {
                KeyAction::Use => return Ok(()),
                KeyAction::Wait => self.sleep(KEY_POLL).await,
                KeyAction::Fetch => self.fetch_keys().await?,
            }
        }
    }

    /// Asks whom the login belongs to, and learns the keys on the way.
    pub(crate) async fn profile(&self) -> Result<Profile, Error> {
        self.nav().await.map(|(profile, _)| profile)
    }

    async fn fetch_keys(&self) -> Result<(), Error> {
        let _lease = self.account.lease_keys(self.now());
        match self.nav().await? {
            (_, true) => Ok(()),
            (_, false) => Err(Missing::SigningKeys.into()),
        }
    }

    /// The profile, and whether there were keys.
    async fn nav(&self) -> Result<(Profile, bool), Error> {
        let result = match self.take_turn::<Nav>().await {
            Ok(()) => self.exchange(&Nav).await,
            Err(held) => Err(held),
        };
        self.account.note_final(self.now(), &result);
        let answer = result?;
        let profile = answer.profile?;
        self.account.learn_uid(profile.uid);
        let has_keys = answer.keys.is_some();
        if let Some(keys) = answer.keys {
            self.account.learn_keys(keys, self.now());
        }
        Ok((profile, has_keys))
    }

    /// Whether a call would be signed otherwise now than it was. The keys are fetched for that
    /// unless they are new: a clock that was wrong says nothing of them.
    async fn signs_otherwise(&self, basis: &SignatureBasis) -> bool {
        let now = || self.account.signature_basis(self.now());
        if !now().has_other_keys_than(basis) && !basis.is_recent(self.now().unix) {
            // When this fails the call's own refusal is reported.
            let _not_fetched = self.fetch_keys().await;
        }
        now().differs_from(basis)
    }
}

/// Whether a refusal is one of those that a wrong or stale signature gets (docs/protocol.md §4).
fn may_be_stale(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if matches!(
        (refusal.kind, refusal.code),
        (RefusalKind::RiskControl, None | Some(-352)) | (_, Some(-403 | -400))
    ) && refusal.status < 300)
}

fn lane_of(spec: &Spec) -> Lane {
    match spec.effect {
        Effect::Read if spec.is_poll => Lane::Poll,
        Effect::Read => Lane::Read,
        Effect::Idempotent | Effect::Once => Lane::Write,
    }
}

/// A request of an endpoint, ready to go out.
pub(super) fn outgoing<E: Endpoint>(request: Request<Body>) -> Outgoing {
    Outgoing {
        request,
        max_body: MAX_BODY,
        timeout: E::SPEC.timeout,
        effect: E::SPEC.effect,
    }
}

/// What came of it.
pub(super) fn read<E: Endpoint>(
    answer: Result<Response<Vec<u8>>, Failure>,
    credential: Option<&Credential>,
) -> Result<E::Response, Error> {
    let failure = match answer {
        Ok(response) => return E::decode(Answer::of(const { &E::SPEC }, &response).to(credential)),
        Err(failure) => failure,
    };
    // A request that never left had no effect, whatever came before things broke.
    let refused = (failure.head.as_deref())
        .and_then(by_head::<E>)
        .filter(|refused| failure.sent == Sent::Maybe || refused.took_no_effect());
    Err(refused.unwrap_or_else(|| {
        Error::Transport(Box::new(Transport {
            endpoint: E::SPEC.name(),
            sent: failure.sent,
            cause: failure.cause,
        }))
    }))
}

fn headers(answer: &Result<Response<Vec<u8>>, Failure>) -> Option<&HeaderMap> {
    match answer {
        Ok(response) => Some(response.headers()),
        Err(failure) => Some(&failure.head.as_deref()?.headers),
    }
}

/// What a status alone says, when the body behind it did not come.
fn by_head<E: Endpoint>(head: &http::response::Parts) -> Option<Error> {
    Answer::refusal_by_status(const { &E::SPEC }, head.status, &head.headers).map(Error::from)
}
