//! `/link_setting/v1/link_setting`.

pub(super) mod get;
pub(super) mod get_msg_dnd;
pub(super) mod get_session_ss;
pub(super) mod is_limit;
pub(super) mod set;
pub(super) mod set_msg_dnd;
pub(super) mod set_push_ss;
