//! The driver of flows in these tests: virtual time, and anything that answers requests.

mod answers;
mod running;
mod seen;
mod stage;
mod timeline;

pub use self::{
    answers::Answers,
    running::{Running, Turn},
    seen::Seen,
    stage::{Stage, local_account},
    timeline::Timeline,
};
