//! An account: its login, its watch, its queue and its sends.

mod handle;
mod outbox;
mod outcome;
mod state;
mod watching;

pub use self::{
    handle::Account,
    state::{Held, State, Why},
};
pub(crate) use self::{
    handle::{SAME_USER, lock},
    state::AccountJson,
    watching::run,
};
