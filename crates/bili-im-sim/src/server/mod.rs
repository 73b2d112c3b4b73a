//! The service as an HTTP server on a loopback address.

mod body;
mod connection;
mod listen;
mod push;
mod shared;

pub use self::listen::Server;
