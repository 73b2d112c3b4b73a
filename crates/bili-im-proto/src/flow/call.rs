//! One call: paced, signed when it must be, and signed once more when the keys were stale.

use std::time::Duration;

use http::{HeaderMap, Request, Response};

use crate::{
    account::{Account, KeyAction, Lane, SignatureBasis},
    answer::Answer,
    credential::Credential,
    endpoint::{Body, Endpoint},
    endpoints::{Nav, Profile},
    error::{Error, Invalid, Missing, RefusalKind, Sent, Transport, Unconfirmed},
    flow::{
        io::Io,
        step::{Failure, Outgoing},
    },
    spec::{Effect, Spec},
};

/// The most bytes of an answer that are read: a page of 200 long messages fits.
const MAX_BODY: usize = 8 << 20;

/// How often a call that may be repeated is tried.
const TRIES: u32 = 3;

/// How often to look whether another flow has fetched the keys.
const KEY_POLL: Duration = Duration::from_millis(20);

/// Calls an endpoint.
pub(crate) async fn call<E: Endpoint, I>(
    account: &Account,
    io: &Io<I>,
    endpoint: &E,
) -> Result<E::Response, Error> {
    ready(account, io, endpoint).await?;
    match E::SPEC.effect {
        Effect::Idempotent => repeat(account, io, endpoint).await.0,
        Effect::Read => ask(account, io, endpoint).await,
        Effect::Once => ask(account, io, endpoint).await.map_err(|error| {
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

/// Makes a call that is ready and may be repeated, until its outcome is known or it was tried often
/// enough; tells how often.
pub(crate) async fn repeat<E: Endpoint, I>(
    account: &Account,
    io: &Io<I>,
    endpoint: &E,
) -> (Result<E::Response, Error>, u32) {
    let mut tries = 0;
    loop {
        let result = ask(account, io, endpoint).await;
        tries += 1;
        match result {
            Err(error) if tries < TRIES && !error.took_no_effect() => {
                io.sleep(account.repeat_gap()).await;
            }
            result => return (result, tries),
        }
    }
}

/// Sees to it that a call can be signed, after refusing one that never could be made.
pub(crate) async fn ready<E: Endpoint, I>(
    account: &Account,
    io: &Io<I>,
    endpoint: &E,
) -> Result<(), Error> {
    if !E::SPEC.signed {
        return Ok(());
    }
    match endpoint.request(&account.context(io.now())) {
        Ok(_) | Err(Invalid::Missing(Missing::SigningKeys | Missing::OwnUid)) => {}
        Err(invalid) => return Err(invalid.into()),
    }
    loop {
        match account.key_action(io.now()) {
            KeyAction::Use => return Ok(()),
            KeyAction::Wait => io.sleep(KEY_POLL).await,
            KeyAction::Fetch => fetch_keys(account, io).await?,
        }
    }
}

/// Makes a call that is ready: what comes of it is the call's own outcome.
pub(crate) async fn ask<E: Endpoint, I>(
    account: &Account,
    io: &Io<I>,
    endpoint: &E,
) -> Result<E::Response, Error> {
    let result = match take_turn::<E, I>(account, io).await {
        Ok(()) => ask_now(account, io, endpoint).await,
        Err(held) => Err(held),
    };
    account.note_final(io.now(), &result);
    result
}

async fn ask_now<E: Endpoint, I>(
    account: &Account,
    io: &Io<I>,
    endpoint: &E,
) -> Result<E::Response, Error> {
    // Only now: while the call waited for its turn, another may have learned new keys.
    let signed_with = (E::SPEC.signed).then(|| account.signature_basis(io.now()));
    match (exchange_now(account, io, endpoint).await, signed_with) {
        (Err(refusal), Some(basis))
            if may_be_stale(&refusal) && signs_otherwise(account, &basis, io).await =>
        {
            exchange(account, io, endpoint).await
        }
        (result, _) => result,
    }
}

/// Whether a refusal is one of those that a wrong or stale signature gets (docs/protocol.md §4).
fn may_be_stale(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if matches!(
        (refusal.kind, refusal.code),
        (RefusalKind::RiskControl, None | Some(-352)) | (_, Some(-403 | -400))
    ) && refusal.status < 300)
}

/// Whether a call would be signed otherwise now than it was, after fetching the keys unless they
/// are as good as new.
async fn signs_otherwise<I>(account: &Account, basis: &SignatureBasis, io: &Io<I>) -> bool {
    if account.signature_basis(io.now()).differs_from(basis) {
        return true;
    }
    if basis.is_recent(io.now().unix) {
        return false;
    }
    // Should this fail, the refusal at hand is still what there is to report.
    fetch_keys(account, io).await.is_ok() && account.signature_basis(io.now()).differs_from(basis)
}

/// Asks whom the login belongs to, and learns the keys on the way.
pub(crate) async fn profile<I>(account: &Account, io: &Io<I>) -> Result<Profile, Error> {
    nav(account, io).await.map(|(profile, _)| profile)
}

async fn fetch_keys<I>(account: &Account, io: &Io<I>) -> Result<(), Error> {
    let _lease = account.lease_keys(io.now());
    match nav(account, io).await? {
        (_, true) => Ok(()),
        (_, false) => Err(Missing::SigningKeys.into()),
    }
}

/// The profile, and whether there were keys.
async fn nav<I>(account: &Account, io: &Io<I>) -> Result<(Profile, bool), Error> {
    let result = exchange(account, io, &Nav).await;
    account.note_final(io.now(), &result);
    let answer = result?;
    let profile = answer.profile?;
    account.learn_uid(profile.uid);
    let has_keys = answer.keys.is_some();
    if let Some(keys) = answer.keys {
        account.learn_keys(keys, io.now());
    }
    Ok((profile, has_keys))
}

async fn exchange<E: Endpoint, I>(
    account: &Account,
    io: &Io<I>,
    endpoint: &E,
) -> Result<E::Response, Error> {
    take_turn::<E, I>(account, io).await?;
    exchange_now(account, io, endpoint).await
}

fn lane_of(spec: &Spec) -> Lane {
    match spec.effect {
        Effect::Read if spec.is_poll => Lane::Poll,
        Effect::Read => Lane::Read,
        Effect::Idempotent | Effect::Once => Lane::Write,
    }
}

/// Waits until the call may go out.
async fn take_turn<E: Endpoint, I>(account: &Account, io: &Io<I>) -> Result<(), Error> {
    let lane = lane_of(const { &E::SPEC });
    if lane == Lane::Poll {
        // First this: a place that is taken long before keeps other reads waiting.
        while io.now().mono < account.next_poll() {
            io.sleep_until(account.next_poll()).await;
        }
    }
    let now = io.now();
    let start = account.reserve(now, lane, const { &E::SPEC })?;
    if start <= now.mono {
        return Ok(());
    }
    io.sleep_until(start).await;
    // Another call may have been told "too fast" meanwhile.
    account.check_hold(io.now(), lane, const { &E::SPEC })
}

async fn exchange_now<E: Endpoint, I>(
    account: &Account,
    io: &Io<I>,
    endpoint: &E,
) -> Result<E::Response, Error> {
    // Built after the wait, so that its time is right.
    let start = io.now();
    let request = endpoint.request(&account.context(start))?;
    let answer = io.fetch(outgoing::<E>(request)).await;
    let now = io.now();
    // An answer that was left lying tells an old time.
    let is_prompt = now.mono.since(start.mono) <= E::SPEC.timeout;
    if let Some(headers) = headers(&answer).filter(|_| is_prompt) {
        account.observe_clock(now, headers);
    }
    let result = read::<E>(answer, Some(account.credential()));
    account.note_outcome(now, lane_of(const { &E::SPEC }), result)
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
