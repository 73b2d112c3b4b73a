//! Rules: what is done by itself when a message comes.
//!
//! Below the core, which has them: `rule`, `running` (the rules) and `worker` (the handle of an
//! account's task). Above it: `consumer` reads events, `decide` says what rules do, `queueing`
//! stores that, `work` does it with `actions`.

mod actions;
mod consumer;
mod decide;
mod queueing;
mod rehearse;
mod rule;
mod running;
#[cfg(test)]
mod testing;
mod texts;
mod work;
mod worker;

pub use self::rehearse::{Rehearsal, Rehearsed};
pub(crate) use self::{
    rule::Rule,
    running::{CONSUMER, Rules},
    worker::Worker,
};
