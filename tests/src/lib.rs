//! What the tests that span crates have in common; the tests are in the `tests` folder beside this.

#[cfg(doctest)]
mod docs;
mod stage;

use std::env;

pub use crate::stage::{Exchange, Running, Stage, Turn};

/// How many cases a property test tries: as many as `PROPTEST_CASES` says, else `default`.
pub fn cases(default: u32) -> u32 {
    env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(default)
}
