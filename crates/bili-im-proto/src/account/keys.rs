//! The signing keys at hand, and the service's clock (docs/protocol.md §4).

use std::time::Duration;

use crate::{
    time::{Monotonic, UnixMicros, micros},
    wbi::SigningKeys,
};

/// Keys change about daily.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Keys fetched within this time are not to blame for a refusal.
const RECENT: Duration = Duration::from_secs(60);

/// Clocks this close count as the same: the `Date` header has whole seconds and is late.
const TOLERANCE: u64 = 2_000_000;

/// Clocks this far apart make another signature.
const SKEW: u64 = 60_000_000;

#[derive(Debug, Clone)]
pub(super) struct CachedKeys {
    pub(super) keys: SigningKeys,
    /// By our own wall clock, which other processes share.
    pub(super) fetched: UnixMicros,
}

impl CachedKeys {
    pub(super) fn are_fresh(&self, now: UnixMicros) -> bool {
        self.are_younger_than(LIFETIME, now)
    }

    /// Whether they are better than others. Of keys fetched in the future nobody knows the age: the
    /// clock was set back since.
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
    /// Sign.
    Use,
    /// Another flow is fetching them.
    Wait,
    /// Fetch them.
    Fetch,
}

/// What a signature would be made with at some moment.
#[derive(Debug, Clone)]
pub(crate) struct SignatureBasis {
    pub(super) keys: Option<CachedKeys>,
    /// The service's time, as far as known.
    pub(super) time: UnixMicros,
    pub(super) mono: Monotonic,
}

impl SignatureBasis {
    /// Whether a signature made with this may be taken where one made with the earlier one was not:
    /// other keys, or a clock that was set.
    pub(crate) fn differs_from(&self, earlier: &Self) -> bool {
        let passed = micros(self.mono.since(earlier.mono));
        self.has_other_keys_than(earlier)
            || (self.time.0).abs_diff(earlier.time.0.saturating_add(passed)) > SKEW
    }

    pub(crate) fn has_other_keys_than(&self, earlier: &Self) -> bool {
        let keys = |basis: &Self| basis.keys.as_ref().map(|cached| cached.keys.clone());
        keys(self) != keys(earlier)
    }

    /// Whether the keys were fetched so lately that they are not to blame.
    pub(crate) fn is_recent(&self, now: UnixMicros) -> bool {
        (self.keys.as_ref()).is_some_and(|cached| cached.are_younger_than(RECENT, now))
    }
}

/// How far the service's clock is ahead of ours, in microseconds.
pub(super) fn clock_offset(service: UnixMicros, ours: UnixMicros) -> i64 {
    let offset = i128::from(service.0) - i128::from(ours.0);
    let offset = i64::try_from(offset).unwrap_or_default();
    if offset.unsigned_abs() <= TOLERANCE {
        0
    } else {
        offset
    }
}
