//! Times for people to read.

use bili_im_proto::{UnixMicros, UnixSeconds};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

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

/// The day after that of a time.
pub(crate) fn day_after(time: UnixSeconds) -> Option<String> {
    let day = day(time).parse::<Date>().ok()?;
    Some(day.tomorrow().ok()?.to_string())
}

/// Reads a day, as in 2026-01-31, or a time, as in 2026-01-31T08:00, in the machine's own zone.
pub(crate) fn parse(text: &str) -> Result<UnixSeconds, String> {
    let seconds = |timestamp: Timestamp| u64::try_from(timestamp.as_second()).ok();
    let local = || {
        text.parse::<DateTime>()
            .ok()?
            .to_zoned(TimeZone::system())
            .ok()
    };
    let timestamp = (text.parse().ok()).or_else(|| Some(local()?.timestamp()));
    let read = timestamp.and_then(seconds).map(UnixSeconds);
    read.ok_or_else(|| {
        text!(
            "a day is wanted, such as 2026-01-31, or a time, 2026-01-31T08:00",
            "应为日期，如 2026-01-31，或时间，如 2026-01-31T08:00"
        )
        .to_owned()
    })
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
    fn a_day_a_local_time_and_an_instant_are_read() {
        let [day, time, next] = ["2026-01-31", "2026-01-31T08:00", "2026-02-01"].map(parse);
        assert_eq!(time.unwrap().0 - day.clone().unwrap().0, 8 * 3600);
        assert_eq!(next.unwrap().0 - day.unwrap().0, 24 * 3600);
        assert_eq!(
            parse("2026-01-31T08:00:00Z"),
            Ok(UnixSeconds(1_769_846_400))
        );
        for wrong in ["", "31.1.2026", "2026-02-30", "1969-12-31T00:00:00Z"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_is_followed_by_another() {
        let after = |text| day_after(parse(text).unwrap());
        assert_eq!(after("2026-01-31").unwrap(), "2026-02-01");
        assert_eq!(after("2027-12-31T23:59").unwrap(), "2028-01-01");
        assert_eq!(day_after(UnixSeconds(u64::MAX)), None);
    }

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
