//! Keeping an account's conversations in an archive, step by step in virtual time: all of them,
//! each message once, whatever breaks and whenever it is killed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod everything;
mod files;
mod parts;
mod recalls;
mod stage;
