mod ack_sessions;
mod batch_rm_dustbin;
mod batch_update_dustbin_ack;
mod get_sessions;
mod my_group_unread;
mod new_sessions;
mod remove_session;
mod session_detail;
mod set_top;
mod single_unread;
mod update_ack;
mod update_intercept;

pub use self::{
    ack_sessions::*, batch_rm_dustbin::*, batch_update_dustbin_ack::*, get_sessions::*,
    my_group_unread::*, new_sessions::*, remove_session::*, session_detail::*, set_top::*,
    single_unread::*, update_ack::*, update_intercept::*,
};
