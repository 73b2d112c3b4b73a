//! Times: each unit is its own type (docs/protocol.md §1).

use std::{
    fmt,
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Deserializer, Serialize};

use crate::lenient::Lenient;

/// Seconds since 1970 (`timestamp`, `wts`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(inline))]
pub struct UnixSeconds(pub u64);

/// Microseconds since 1970 (`session_ts`, `ack_ts`, `top_ts`, `begin_ts`, `end_ts`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(inline))]
pub struct UnixMicros(pub u64);

impl UnixSeconds {
    /// The same moment in microseconds.
    pub const fn micros(self) -> UnixMicros {
        UnixMicros(self.0.saturating_mul(1_000_000))
    }

    /// Reads a moment written as seconds, as an HTTP date, or as in ISO 8601 (in UTC). `None` for
    /// any other text and for 0.
    pub(crate) fn parse_date(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<f64>() {
            return (seconds >= 1.0).then_some(Self(seconds as u64));
        }
        if let Ok(date) = httpdate::parse_http_date(text) {
            return Some(UnixMicros::from(date).seconds());
        }
        let number = |range: Range<usize>| text.get(range)?.parse::<u64>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let seconds = number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
        // Years and months counted from March on, so that a leap day is the last of its year.
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year.checked_sub(1)?, month + 9)
        };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
        Some(Self(days.checked_sub(DAYS_TO_1970)? * 86_400 + seconds))
    }
}

/// The days from the first of March of the year 0 to the last day of 1969.
const DAYS_TO_1970: u64 = 719_469;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_in_each_form() {
        for (text, seconds) in [
            ("1800000000", Some(1_800_000_000)),
            ("1800000000.9", Some(1_800_000_000)),
            ("Fri, 15 Jan 2027 08:00:00 GMT", Some(1_800_000_000)),
            ("2027-01-15T08:00:00.000Z", Some(1_800_000_000)),
            ("2024-02-29 00:00:01", Some(1_709_164_801)),
            ("2024-03-01T00:00:00Z", Some(1_709_251_200)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1969-12-31T00:00:00Z", None),
            ("0", None),
            ("-1", None),
            ("Session", None),
            ("2027-01", None),
        ] {
            let expected = seconds.map(UnixSeconds);
            assert_eq!(UnixSeconds::parse_date(text), expected, "{text}");
        }
    }
}
