//! Times for people to read.

use bili_im_proto::{UnixMicros, UnixSeconds};
use jiff::{Timestamp, tz::TimeZone};

/// A time in the machine's own zone, to the minute. Empty when the time is out of range.
pub(crate) fn local(time: UnixSeconds) -> String {
    shown(time, "%Y-%m-%d %H:%M")
}

/// As [`local`], for microseconds.
pub(crate) fn local_micros(time: UnixMicros) -> String {
    local(time.seconds())
}

/// The day of a time.
pub(crate) fn day(time: UnixSeconds) -> String {
    shown(time, "%Y-%m-%d")
}

fn shown(time: UnixSeconds, format: &str) -> String {
    let timestamp = i64::try_from(time.0).map(Timestamp::from_second);
    let Ok(Ok(timestamp)) = timestamp else {
        return String::new();
    };
    let zoned = timestamp.to_zoned(TimeZone::system());
    zoned.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_no_clock_shows_is_left_out() {
        assert_eq!(local(UnixSeconds(u64::MAX)), "");
        assert_eq!(local(UnixSeconds(1 << 60)), "");
        assert_eq!(
            local(UnixSeconds(1_700_000_000)).len(),
            "2023-11-14 22:13".len()
        );
        assert_eq!(
            local_micros(UnixMicros(1_700_000_000_000_000)),
            local(UnixSeconds(1_700_000_000))
        );
    }
}
