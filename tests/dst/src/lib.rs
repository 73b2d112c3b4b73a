//! Deterministic simulation of a program that watches and sends messages.
//!
//! One thread simulates, in virtual time, the program, the people it talks to, a service with
//! quirks and faults, and a network that fails. Everything is drawn from one seed.
//!
//! After each run the laws are checked: every message is delivered once and in order, nothing is
//! sent twice, every report is true, and requests keep the pace.

mod baseline;
mod history;
mod kept;
mod laws;
#[cfg(feature = "planted")]
mod mistakes;
mod outcome;
mod plan;
pub mod sends;
mod simulation;
mod stored;
mod time;
mod visibility;

#[cfg(feature = "planted")]
pub use self::mistakes::catch;
pub use self::{
    outcome::{Outcome, Tally},
    simulation::{Quirk, replay, replay_with, run, run_with},
};
