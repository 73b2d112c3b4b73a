//! The program from outside: the real binary against a simulated service on loopback.

mod bad_input;
mod credentials;
#[cfg(feature = "sim")]
mod demo;
mod dry_run;
mod failures;
mod printing;
mod reading;
mod recalling;
mod sending;
#[cfg(feature = "sim")]
mod sim;
mod state;
mod support;
