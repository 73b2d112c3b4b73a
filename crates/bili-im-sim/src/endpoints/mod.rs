//! The endpoints, one a file, in the service's own tree.

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
