//! The control paths under `/_sim`: what tests in other languages drive the service with.

pub(crate) use routes::{answer, is_control};

mod act;
mod clock;
mod faults;
mod message;
mod qr;
mod routes;
