//! The service behind a socket, on loopback.

pub use listen::Server;

mod body;
mod connection;
mod listen;
mod transport;
