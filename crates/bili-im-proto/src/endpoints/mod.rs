//! One file per endpoint, in the service's own tree.

mod account;
mod link_setting;
mod login;
mod session_svr;
mod svr_sync;
mod web_im;
mod x;

pub use self::{
    account::*, link_setting::*, login::*, session_svr::*, svr_sync::*, web_im::*, x::*,
};
