//! The service behind a socket, on loopback.

mod body;
mod connection;
mod listen;
mod transport;

pub use self::listen::Server;
