//! One file per endpoint, in the service's own tree.

mod session_svr;
mod svr_sync;
mod web_im;
mod x;

pub use self::{session_svr::*, svr_sync::*, web_im::*, x::*};
