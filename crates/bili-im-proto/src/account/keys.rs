//! The cached signing keys and the service's clock (docs/protocol.md §4).

use std::time::Duration;

use crate::{
    time::{Monotonic, UnixMicros, micros},
    wbi::SigningKeys,
};

/// How long fetched keys are used. The service changes them about daily.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// After a refusal, keys younger than this are not fetched again.
const RECENT: Duration = Duration::from_secs(60);

/// Clock offsets up to this many microseconds count as zero: the `Date` header has whole seconds
/// and arrives late.
const TOLERANCE: u64 = 2_000_000;

/// A change of the service's time by more than this many microseconds is worth signing again.
const SKEW: u64 = 60_000_000;

#[derive(Debug, Clone)]
pub(super) struct CachedKeys {
    pub(super) keys: SigningKeys,
    /// By our own wall clock, since other processes share it.
    pub(super) fetched: UnixMicros,
}

impl CachedKeys {
    pub(super) fn are_fresh(&self, now: UnixMicros) -> bool {
        self.are_younger_than(LIFETIME, now)
    }

    /// Whether they were fetched later than `others`. Keys with a fetch time in the future count as
    /// the oldest: the clock was set back, so their age is unknown.
    pub(super) fn are_newer_than(&self, others: Option<&Self>, now: UnixMicros) -> bool {
        let age = |keys: &Self| (keys.fetched <= now).then_some(keys.fetched);
        age(self) > others.and_then(age)
    }

    fn are_younger_than(&self, age: Duration, now: UnixMicros) -> bool {
        self.fetched <= now && now.since(self.fetched) < age
    }
}

/// What to do before a signed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyAction {
    /// Sign with the cached keys.
    Use,
    /// Wait: another flow is fetching them.
    Wait,
    /// Fetch them.
    Fetch,
}

/// What a signature is made with at some moment.
#[derive(Debug, Clone)]
pub(crate) struct SignatureBasis {
    pub(super) keys: Option<CachedKeys>,
    /// The estimated time of the service.
    pub(super) time: UnixMicros,
    pub(super) mono: Monotonic,
}

impl SignatureBasis {
    /// Whether signing again is worth a try after a signature from `earlier` was refused: the keys
    /// changed, or the service's time was corrected.
    pub(crate) fn differs_from(&self, earlier: &Self) -> bool {
        let passed = micros(self.mono.since(earlier.mono));
        self.has_other_keys_than(earlier)
            || (self.time.0).abs_diff(earlier.time.0.saturating_add(passed)) > SKEW
    }

    pub(crate) fn has_other_keys_than(&self, earlier: &Self) -> bool {
        let keys = |basis: &Self| basis.keys.as_ref().map(|cached| cached.keys.clone());
        keys(self) != keys(earlier)
    }

    /// Whether the keys are too young to be the cause of a refusal.
    pub(crate) fn is_recent(&self, now: UnixMicros) -> bool {
        (self.keys.as_ref()).is_some_and(|cached| cached.are_younger_than(RECENT, now))
    }
}

/// How far the service's clock is ahead of ours, in microseconds. Small differences count as 0.
pub(super) fn clock_offset(service: UnixMicros, ours: UnixMicros) -> i64 {
    let offset = i128::from(service.0) - i128::from(ours.0);
    let offset = i64::try_from(offset).unwrap_or_default();
    if offset.unsigned_abs() <= TOLERANCE {
        0
    } else {
        offset
    }
}
