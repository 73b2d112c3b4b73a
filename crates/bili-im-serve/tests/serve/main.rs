//! A process that serves accounts of the simulated service, over loopback.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic, its helpers too"
)]

mod accounts;
mod doors;
mod events;
mod logins;
mod methods;
mod notifications;
mod receiver;
mod rules;
mod satori;
mod schema;
mod sends;
mod stage;
mod streams;
mod syncing;
mod virtual_time;
mod webhooks;
