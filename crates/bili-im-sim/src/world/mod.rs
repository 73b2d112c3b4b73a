//! Worlds: who there is and what they have said, before the first request.

pub use account::{Accepts, Account, SessionSettings};
pub use act::Act;
pub(crate) use check::{Flaw, Knows, check_message};
pub use group::Group;
pub use message::Message;
pub use options::{Mode, Options, OverStrangerLimit, SendLimit, StaleSignature, Whim};
pub use whole::{World, WorldError};

mod account;
mod act;
mod check;
mod demo;
mod group;
mod message;
mod options;
mod seed;
mod whole;
