//! The endpoints, one a file, in the service's own tree.

#[cfg(test)]
pub(crate) use routes::paths;
pub(crate) use routes::{Found, find, name};

mod account;
mod link_setting;
mod login;
mod routes;
mod session_svr;
mod svr_sync;
mod web_im;
mod x;
