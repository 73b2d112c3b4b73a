//! Times: each unit is its own type (docs/protocol.md §1).

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Deserializer, Serialize};

use crate::lenient::Lenient;

/// Seconds since 1970 (`timestamp`, `wts`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct UnixSeconds(pub u64);

/// Microseconds since 1970 (`session_ts`, `ack_ts`, `top_ts`, `begin_ts`, `end_ts`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct UnixMicros(pub u64);

impl UnixSeconds {
    /// The same moment in microseconds.
    pub const fn micros(self) -> UnixMicros {
        UnixMicros(self.0.saturating_mul(1_000_000))
    }
}

impl UnixMicros {
    /// The time in seconds, rounded down.
    pub const fn seconds(self) -> UnixSeconds {
        UnixSeconds(self.0 / 1_000_000)
    }

    /// The moment that is `by` later.
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(micros(by)))
    }

    /// The time passed since `earlier`; zero when `earlier` is not earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for UnixMicros {
    /// Times before 1970 become 0.
    fn from(time: SystemTime) -> Self {
        Self(micros(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UnixMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Lenient for UnixSeconds {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(u64::lenient(deserializer)?.map(Self))
    }
}

impl Lenient for UnixMicros {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(u64::lenient(deserializer)?.map(Self))
    }
}

/// A reading of a clock that never goes back. The caller chooses where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(pub Duration);

impl Monotonic {
    /// The moment that is `by` later.
    #[must_use]
    pub const fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// The time passed since `earlier`; zero when `earlier` is not earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The readings of the caller's two clocks. Waits use [`mono`](Self::mono), signatures use
/// [`unix`](Self::unix).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// The wall-clock time.
    pub unix: UnixMicros,
    /// The time of the clock that never goes back.
    pub mono: Monotonic,
}

impl Now {
    /// The wall-clock time at which the monotonic clock shows `then`.
    pub(crate) fn unix_at(self, then: Monotonic) -> UnixMicros {
        UnixMicros(
            (self.unix.0)
                .saturating_add(micros(then.since(self.mono)))
                .saturating_sub(micros(self.mono.since(then))),
        )
    }

    /// What the monotonic clock shows at the wall-clock time `then`.
    pub(crate) fn mono_at(self, then: UnixMicros) -> Monotonic {
        let ahead = then.since(self.unix);
        let behind = self.unix.since(then);
        Monotonic((self.mono.0).saturating_add(ahead).saturating_sub(behind))
    }
}

/// The duration in whole microseconds, at most `u64::MAX`.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
