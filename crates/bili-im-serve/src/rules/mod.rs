//! Rules: what is done by itself when a message comes. What they decide is stored, and done by a
//! task of each account. `running` and `worker` are below the core, which has them; `run`, `jobs`
//! and `actions` are above.

mod actions;
mod decide;
mod jobs;
mod rehearse;
mod rule;
mod run;
mod running;
mod stored;
#[cfg(test)]
mod testing;
mod texts;
mod worker;

pub use self::rehearse::{Rehearsal, Rehearsed};
pub(crate) use self::{
    rule::Rule,
    running::{CONSUMER, Rules},
    worker::Worker,
};
