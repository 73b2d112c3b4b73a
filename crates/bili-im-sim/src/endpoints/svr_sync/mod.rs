//! `/svr_sync/v1/svr_sync`.

pub(super) mod fetch_session_msgs;
