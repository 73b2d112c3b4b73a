//! The service as an HTTP server on a loopback address.

mod body;
mod connection;
mod listen;
mod transport;

pub use self::listen::Server;
