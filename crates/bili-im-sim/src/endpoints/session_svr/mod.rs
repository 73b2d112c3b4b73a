//! `/session_svr/v1/session_svr`.

pub(super) mod get_sessions;
pub(super) mod my_group_unread;
pub(super) mod new_sessions;
pub(super) mod session_detail;
pub(super) mod single_unread;
pub(super) mod update_ack;
