//! The service as an HTTP server on a loopback address.

mod body;
mod connection;
mod listen;

pub use self::listen::Server;
