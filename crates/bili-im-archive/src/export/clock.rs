//! Times as people read them.

use bili_im_proto::UnixSeconds;
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// A time zone.
#[derive(Debug, Clone)]
pub(crate) struct Clock(TimeZone);

impl Clock {
    /// The machine's own time zone.
    pub(crate) fn local() -> Self {
        Self(TimeZone::system())
    }

    #[cfg(test)]
    pub(crate) fn fixed(hours: i8) -> Self {
        Self(TimeZone::fixed(jiff::tz::offset(hours)))
    }

    /// A time in this zone; `None` when it is 0 or out of range.
    pub(crate) fn at(&self, time: UnixSeconds) -> Option<Zoned> {
        let seconds = i64::try_from(time.0).ok().filter(|&seconds| seconds != 0)?;
        let timestamp = Timestamp::from_second(seconds).ok()?;
        Some(timestamp.to_zoned(self.0.clone()))
    }
}

/// Such as `2026-05-01`.
pub(super) fn day(time: &Zoned) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// Such as `14:03`.
pub(super) fn minute(time: &Zoned) -> String {
    time.strftime("%H:%M").to_string()
}

/// Such as `2026-05`.
pub(crate) fn month(time: &Zoned) -> String {
    time.strftime("%Y-%m").to_string()
}

/// Such as `2026-05-01T14:03:07+08:00`.
pub(super) fn exact(time: &Zoned) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Tells when a new day begins.
#[derive(Debug, Default)]
pub(super) struct Days(String);

impl Days {
    /// The day of a message, when it is another than that of the message before.
    pub(super) fn next(&mut self, time: Option<&Zoned>) -> Option<String> {
        let day = time.map(day)?;
        (day != self.0).then(|| {
            self.0.clone_from(&day);
            day
        })
    }
}
