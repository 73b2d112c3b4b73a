//! Deterministic simulation: a program that watches and sends, the people it talks to, a service that
//! misbehaves and a network that breaks, in one thread, in virtual time, all of it drawn from one seed.
//!
//! After each run the laws are checked: every message is told once and in order, nothing is sent twice, what
//! is reported is true, the pace is kept.

mod begun;
mod history;
mod laws;
#[cfg(feature = "planted")]
mod mistakes;
mod outcome;
mod plan;
pub mod sends;
mod sight;
mod simulation;
mod stored;

#[cfg(feature = "planted")]
pub use self::mistakes::catch;
pub use self::{
    outcome::{Outcome, Tally},
    simulation::{Quirk, replay, replay_with, run, run_with},
};
