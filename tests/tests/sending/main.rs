//! Sends, step by step in virtual time, by topic: nothing is sent twice, and nothing that was
//! sent is reported as failed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod answering;
mod at_once;
mod by_hand;
mod clock;
mod input;
mod keys;
mod pace;
mod read_back;
mod simulated;
mod snapshots;
mod tickets;
mod twins;
