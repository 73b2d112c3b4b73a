//! An account: its login, its watch, its queue and its sends.

mod handle;
mod outbox;
mod outcome;
mod sends;
mod state;
mod syncing;
mod watching;

pub use self::{
    handle::Account,
    state::{Held, State, Why},
};
pub(crate) use self::{handle::same_user, state::AccountJson, syncing::SyncJson, watching::run};
