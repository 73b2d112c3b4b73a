//! What every flow promises, whatever the service does and however the flow is driven.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod outcomes;
mod resume;
mod service;

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
