//! Hours of the day.

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

/// What a field with hours is, in English and in Chinese.
pub(crate) const HOURS: (&str, &str) = (
    "FROM-TO, such as \"23:00-07:30\"",
    "起止时间，如 \"23:00-07:30\"",
);

/// Hours of the day, such as `23:00-07:30`, in the time zone of this machine. The end is not
/// included. Those that begin and end at one time are the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Hours {
    /// In minutes since midnight.
    from: u16,
    to: u16,
}

impl Hours {
    /// Whether a moment, in seconds since 1970, is within.
    pub(crate) fn contain(self, seconds: u64) -> bool {
        self.contain_minute(minute_of_day(seconds))
    }

    fn contain_minute(self, minute: u16) -> bool {
        match self.from < self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }
}

impl TryFrom<String> for Hours {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('-');
        let parts = parts.and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
        let (from, to) = parts.ok_or(HOURS.0)?;
        Ok(Self { from, to })
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Minutes since midnight, where this machine is.
fn minute_of_day(seconds: u64) -> u16 {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let moment = Timestamp::from_second(seconds).unwrap_or_default();
    let time = moment.to_zoned(TimeZone::system()).time();
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Result<Hours, &'static str> {
        Hours::try_from(text.to_owned())
    }

    #[test]
    fn hours_may_go_over_midnight() {
        let night = hours("23:00-07:30").unwrap();
        let within = |text| night.contain_minute(minute(text).unwrap());
        assert!(within("23:00") && within("00:00") && within("07:29"));
        assert!(!within("07:30") && !within("22:59"));
        let day = hours("9:00-17:00").unwrap();
        assert!(day.contain_minute(9 * 60) && !day.contain_minute(17 * 60));
        assert!(hours("00:00-00:00").unwrap().contain_minute(1));
    }

    #[test]
    fn other_words_are_refused() {
        for wrong in ["", "night", "23-7", "24:00-07:00", "23:60-07:00", "23:00"] {
            assert!(hours(wrong).is_err(), "{wrong}");
        }
    }
}
