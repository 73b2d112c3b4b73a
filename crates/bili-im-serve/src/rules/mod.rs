//! Rules: what is done by itself when a message comes.

mod actions;
mod decide;
mod rehearse;
mod rule;
mod run;

pub use self::rehearse::Rehearsal;
pub(crate) use self::{rule::Rule, run::Rules};
