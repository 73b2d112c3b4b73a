//! The program from outside: the real binary against a simulated service on loopback.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic, its helpers too"
)]

mod bad_input;
mod changing;
mod counting;
mod credentials;
mod decoding;
#[cfg(feature = "sim")]
mod demo;
mod dry_run;
mod failures;
mod images;
mod listing;
mod logins;
mod printing;
mod profiles;
mod reading;
mod recalling;
mod running;
mod sending;
#[cfg(feature = "sim")]
mod sim;
mod state;
mod support;
