//! Watching, step by step in virtual time, by question: every message once, in order, whatever
//! breaks. Random histories of this are the simulation's (`tests/dst`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod by_hand;
mod cursor;
mod failures;
mod gaps;
mod lists;
mod options;
mod program;
mod pushed;
mod told;
