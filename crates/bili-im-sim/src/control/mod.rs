//! The control paths under `/_sim`, with which tests in any language drive the service.

mod act;
mod clock;
mod faults;
mod message;
mod qr;
mod routes;

pub(crate) use self::routes::{answer, is_control};
