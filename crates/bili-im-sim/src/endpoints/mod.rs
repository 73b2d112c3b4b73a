//! The endpoints: each has its own file, in folders named after the service's paths.

mod account;
mod link_setting;
mod login;
mod routes;
mod session_svr;
mod svr_sync;
mod web_im;
mod x;

#[cfg(test)]
pub(crate) use self::routes::paths;
pub(crate) use self::routes::{Found, find, name};
