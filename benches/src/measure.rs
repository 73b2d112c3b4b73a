//! Two things measured side by side. Everything here is a ratio within one run, so both sides are
//! run in turn, block by block, and each pair of blocks gives one ratio: what the machine does
//! meanwhile meets both. Benchmark harnesses measure one thing after the other and leave the ratio to
//! the reader, without its spread.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::Result;

/// How long a block takes at least: long for the clock, and mostly too short to be interrupted.
const BLOCK: Duration = Duration::from_micros(200);

/// The fewest pairs of blocks, whatever they take.
const LEAST_ROUNDS: usize = 11;

/// A median and the quartiles around it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Spread {
    /// A quarter is below.
    pub low: f64,
    /// Half is below.
    pub median: f64,
    /// A quarter is above.
    pub high: f64,
}

/// How two things compare.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Comparison {
    /// The time of the first by that of the second.
    pub ratio: Spread,
    /// What one call of the first takes, in seconds.
    pub ours: Spread,
    /// What one call of the second takes, in seconds.
    pub theirs: Spread,
}

impl Spread {
    /// Of some numbers; all zero when there are none.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = (values.len().saturating_sub(1) as f64 * part).round() as usize;
            values.get(place).copied().unwrap_or_default()
        };
        Self {
            low: at(0.25),
            median: at(0.5),
            high: at(0.75),
        }
    }
}

/// Compares two things for some time. Each is given a number of calls to make, and tells how long
/// they took.
///
/// # Errors
/// The first of either.
pub fn compare(
    time: Duration,
    mut ours: impl FnMut(u32) -> Result<Duration>,
    mut theirs: impl FnMut(u32) -> Result<Duration>,
) -> Result<Comparison> {
    let mut calls = 1;
    while ours(calls)?.min(theirs(calls)?) < BLOCK {
        calls *= 2;
    }
    let start = Instant::now();
    let (mut of_ours, mut of_theirs, mut ratios) = (vec![], vec![], vec![]);
    while ratios.len() < LEAST_ROUNDS || start.elapsed() < time {
        // Each is first as often as second.
        let (one, other) = if ratios.len() % 2 == 0 {
            let one = ours(calls)?;
            (one, theirs(calls)?)
        } else {
            let other = theirs(calls)?;
            (ours(calls)?, other)
        };
        of_ours.push(one.as_secs_f64() / f64::from(calls));
        of_theirs.push(other.as_secs_f64() / f64::from(calls));
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
    }
    Ok(Comparison {
        ratio: Spread::of(ratios),
        ours: Spread::of(of_ours),
        theirs: Spread::of(of_theirs),
    })
}

/// Makes one call into a block of them.
pub fn block<T>(mut call: impl FnMut() -> Result<T>) -> impl FnMut(u32) -> Result<Duration> {
    move |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(call()?);
        }
        Ok(start.elapsed())
    }
}
