mod auto_reply;
mod link_setting;
mod user_infos;

pub use self::{auto_reply::*, link_setting::*, user_infos::*};
