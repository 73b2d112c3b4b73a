//! Being told of changes: a push connection without its socket (docs/protocol.md §15).

mod conversation;
mod frame;
mod handshake;
mod notification;
mod pace;
mod session;
mod step;
#[cfg(test)]
mod tests;

pub use self::{
    session::PushSession,
    step::{PushEvent, PushInput, PushStep},
};
