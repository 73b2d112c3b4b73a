//! Being told of changes: a push connection without its socket (docs/protocol.md §15).

mod conversation;
mod frame;
mod handshake;
mod notification;
mod pace;
mod session;
#[cfg(test)]
mod tests;

pub use self::session::{PushEvent, PushInput, PushSession, PushStep};
