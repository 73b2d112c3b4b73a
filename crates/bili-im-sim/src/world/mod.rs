//! Worlds: the accounts, groups and messages of a service before the first request.

mod account;
mod act;
mod check;
mod demo;
mod group;
mod message;
mod options;
mod seed;
mod whole;

pub(crate) use self::check::{Knows, check_message, each};
pub use self::{
    account::{Accepts, Account, SessionSettings},
    act::Act,
    group::Group,
    message::Message,
    options::{
        Mode, Options, OverStrangerLimit, PushParts, QrLogin, SendLimit, StaleSignature, Whim,
    },
    whole::{World, WorldError},
};
