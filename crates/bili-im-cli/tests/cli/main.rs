//! Tests that run the real binary against a simulated service on loopback.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic, its helpers too"
)]

mod bad_input;
mod changing;
mod chinese;
mod counting;
mod credentials;
mod decoding;
#[cfg(feature = "sim")]
mod demo;
mod doctor;
mod documenting;
mod dry_run;
#[cfg(unix)]
mod executing;
mod exporting;
mod failures;
#[cfg(unix)]
mod files;
mod images;
#[cfg(unix)]
mod killing;
mod listing;
mod logins;
mod printing;
mod profiles;
#[cfg(unix)]
mod programs;
mod pushed;
mod reading;
mod recalling;
mod running;
mod searching;
#[cfg(unix)]
mod secrets;
mod sending;
#[cfg(feature = "serve")]
mod serving;
#[cfg(all(unix, feature = "serve"))]
mod serving_killed;
#[cfg(unix)]
mod settings_file;
#[cfg(feature = "sim")]
mod sim;
mod state;
mod support;
mod syncing;
#[cfg(unix)]
mod terminal;
mod watching;
