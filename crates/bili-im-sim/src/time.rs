//! Moments and the service's clock. The current time always comes from the caller.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

const MICROS: u64 = 1_000_000;

/// The last second that a `Date` header can hold: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Microseconds since 1970, as in `session_ts` (docs/protocol.md §1).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMicros(pub u64);

impl UnixMicros {
    /// The moment this many seconds after the start of 1970.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// Whole seconds since 1970, as in `timestamp` and `wts`.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / MICROS
    }

    /// The moment this many seconds later, or earlier when negative, limited to the years 1970 to
    /// 9999.
    #[must_use]
    pub const fn plus_secs(self, seconds: i64) -> Self {
        let micros = seconds.unsigned_abs().saturating_mul(MICROS);
        let moved = if seconds < 0 {
            self.0.saturating_sub(micros)
        } else {
            self.0.saturating_add(micros)
        };
        if moved / MICROS > LAST_SECOND {
            Self::from_secs(LAST_SECOND)
        } else {
            Self(moved)
        }
    }

    /// The time since `earlier`; zero when `earlier` is later than this moment.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn http_date(self) -> String {
        let seconds = self.as_secs().min(LAST_SECOND);
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

impl From<SystemTime> for UnixMicros {
    /// A time before 1970 becomes the start of 1970.
    fn from(time: SystemTime) -> Self {
        let micros = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |passed| passed.as_micros());
        Self(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

/// How the service's clock differs from its callers' clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Clock {
    pub(crate) advanced_seconds: u64,
    pub(crate) skew_seconds: i64,
}

impl Clock {
    /// The time that it shows when the callers' clock shows `now`.
    pub(crate) fn at(self, now: UnixMicros) -> UnixMicros {
        self.unskewed(now).plus_secs(self.skew_seconds)
    }

    /// The same without the skew.
    pub(crate) fn unskewed(self, now: UnixMicros) -> UnixMicros {
        now.plus_secs(i64::try_from(self.advanced_seconds).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_fits_in_a_date_header() {
        assert_eq!(UnixMicros(0).http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(
            UnixMicros(u64::MAX).http_date(),
            "Fri, 31 Dec 9999 23:59:59 GMT"
        );
        assert_eq!(UnixMicros(5).plus_secs(-1), UnixMicros(0));
        assert_eq!(
            UnixMicros(5).plus_secs(i64::MAX),
            UnixMicros::from_secs(LAST_SECOND)
        );
    }

    #[test]
    fn the_service_clock_is_the_given_one_moved_by_advance_and_skew() {
        let clock = Clock {
            advanced_seconds: 100,
            skew_seconds: -30,
        };
        assert_eq!(
            clock.at(UnixMicros::from_secs(1000)),
            UnixMicros::from_secs(1070)
        );
    }
}
