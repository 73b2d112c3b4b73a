//! `/session_svr/v1/session_svr`.

pub(super) mod batch_rm_dustbin;
pub(super) mod batch_update_dustbin_ack;
pub(super) mod get_sessions;
pub(super) mod my_group_unread;
pub(super) mod new_sessions;
pub(super) mod remove_session;
pub(super) mod session_detail;
pub(super) mod set_top;
pub(super) mod single_unread;
pub(super) mod update_ack;
pub(super) mod update_intercept;
