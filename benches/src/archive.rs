//! An archive of a million messages: filled and searched.

mod filling;
mod searching;
mod texts;

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::{
    Result,
    measure::{block, compare},
    report::{Report, Unit, times},
};

use filling::Filled;

/// How many messages the archive has.
const MESSAGES: u64 = 1_000_000;

/// The longest time of the first page of a search, in seconds.
const BOUND: f64 = 0.05;

/// Measures an archive, comparing each search for some time.
pub fn measure(report: &mut Report, time: Duration) -> Result<()> {
    let filled = Filled::new(MESSAGES)?;
    let connection =
        Connection::open_with_flags(filled.archive.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut slowest = (0.0, "");
    for query in searching::queries(&filled.texts) {
        let comparison = compare(
            time,
            block(|| query.search(&filled.archive)),
            block(|| query.scan(&connection)),
        )?;
        let took = comparison.ours.high;
        if took > slowest.0 {
            slowest = (took, query.name);
        }
        report.other(
            format!(
                "first page of a search over 1,000,000 messages: {}",
                query.name
            ),
            format!(
                "{}; with `LIKE`: {}",
                times(comparison.ours),
                times(comparison.theirs)
            ),
        );
    }
    report.single(
        "first page of a search over 1,000,000 messages, the slowest of them",
        Unit::Seconds,
        BOUND,
        slowest.0,
        slowest.1,
    );
    report.other(
        "messages a second into an archive of 1,000,000",
        format!("{:.0}", MESSAGES as f64 / filled.took.as_secs_f64()),
    );
    report.other(
        "bytes a message in it",
        format!("{:.0}", filled.size()? as f64 / MESSAGES as f64),
    );
    Ok(())
}
