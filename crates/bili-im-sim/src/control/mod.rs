//! The control paths under `/_sim`: what tests in other languages drive the service with.

mod act;
mod clock;
mod faults;
mod message;
mod qr;
mod routes;

pub(crate) use self::routes::{answer, is_control};
