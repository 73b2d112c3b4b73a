//! Conversations that take several steps, driven from outside.

mod call;
mod io;
mod recall;
mod run;
mod send;
mod step;

pub(crate) use self::{
    call::{call, profile},
    recall::recall,
    send::{confirm, prepare, send, send_ticket},
};
pub use self::{
    run::Flow,
    step::{Failure, Input, Outgoing, Step},
};
