//! Worlds: the accounts, groups and messages of a service before the first request.

mod account;
mod act;
mod check;
mod demo;
mod error;
mod group;
mod large;
mod message;
mod options;
mod seed;
mod whole;

pub use self::{
    account::{Accepts, Account, SessionSettings},
    act::Act,
    error::WorldError,
    group::Group,
    large::Large,
    message::Message,
    options::{
        Mode, Options, OverStrangerLimit, PushParts, QrLogin, SendLimit, StaleSignature, Whim,
    },
    whole::World,
};
pub(crate) use self::{
    check::{Knows, MOST_MESSAGES, check_message, each},
    large::{Mailbox, content},
};
