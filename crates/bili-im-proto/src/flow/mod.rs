//! Conversations that take several steps, driven from outside.

mod call;
mod io;
mod run;
mod send;
mod step;

pub(crate) use self::{
    call::{call, profile},
    send::send,
};
pub use self::{
    run::Flow,
    step::{Failure, Input, Outgoing, Step},
};
