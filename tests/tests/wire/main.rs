//! Encoding and decoding: an independent reader understands what is written, and no input does
//! harm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod cookies;
mod encoding;
mod endpoints;
mod golden;
mod hostile;
mod leniency;

use bili_im_tests::cases;
use proptest::prelude::*;

/// The settings of a property test. It prints the inputs of a failure, and keeps no file of them.
fn config(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
