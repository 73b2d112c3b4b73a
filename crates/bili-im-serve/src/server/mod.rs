//! HTTP: who may come in, and the faces.

mod events;
mod guard;
mod health;
mod listen;

pub use self::listen::Server;
