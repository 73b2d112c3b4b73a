//! The account: one login and the state that its calls share.

mod handle;
mod keys;
mod pacing;
mod people;
mod sending;
mod sends;
mod snapshot;
mod state;

pub use self::{
    handle::{Account, AccountBuilder},
    pacing::Pacing,
    snapshot::{InvalidSnapshot, Snapshot},
};
pub(crate) use self::{
    keys::{KeyAction, SignatureBasis},
    pacing::Lane,
    sending::Registration,
    sends::Found,
};
