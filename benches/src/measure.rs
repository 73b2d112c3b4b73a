//! Compares the times of two pieces of code.
//!
//! Both run in turn, in blocks of calls, and each pair of blocks gives one ratio. Whatever else the
//! machine does slows both down alike. Usual benchmark harnesses measure one side after the other,
//! and give no spread of the ratio.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::Result;

/// The shortest time of a block: long enough for the clock, and mostly too short to be interrupted.
const BLOCK: Duration = Duration::from_micros(200);

/// The fewest pairs of blocks, however long they take.
const LEAST_ROUNDS: usize = 11;

/// A median and the quartiles around it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Spread {
    /// The lower quartile.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub high: f64,
}

/// Delays in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// Their spread.
    pub spread: Spread,
    /// The 90th percentile.
    pub late: f64,
}

/// The comparison of two pieces of code.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Comparison {
    /// The time of the first, divided by that of the second.
    pub ratio: Spread,
    /// The time of one call of the first, in seconds.
    pub ours: Spread,
    /// The time of one call of the second, in seconds.
    pub theirs: Spread,
}

impl Spread {
    /// The spread of some numbers; all zero when there are none.
    pub fn of(values: Vec<f64>) -> Self {
        let [low, median, high] = at([0.25, 0.5, 0.75], values);
        Self { low, median, high }
    }
}

impl Delays {
    /// What to report of some delays.
    pub fn of(values: Vec<f64>) -> Self {
        let [late] = at([0.9], values.clone());
        let spread = Spread::of(values);
        Self { spread, late }
    }
}

/// The numbers at these parts of all, in order of size.
fn at<const N: usize>(parts: [f64; N], mut values: Vec<f64>) -> [f64; N] {
    values.sort_by(f64::total_cmp);
    parts.map(|part| {
        let place = (values.len().saturating_sub(1) as f64 * part).round() as usize;
        values.get(place).copied().unwrap_or_default()
    })
}

/// Compares two functions for some time. Each makes the given number of calls and returns how long
/// they took.
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
        // The two sides take turns in running first.
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

/// Turns a call into a function for [`compare`].
pub fn block<T>(mut call: impl FnMut() -> Result<T>) -> impl FnMut(u32) -> Result<Duration> {
    move |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(call()?);
        }
        Ok(start.elapsed())
    }
}
