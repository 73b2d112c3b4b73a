//! Both adapters over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up shall fail"
)]

mod bots;
mod bytes;
mod failures;
mod peer;
mod pushed;
mod side_by_side;
mod stopping;
mod tickets;
mod tls;
