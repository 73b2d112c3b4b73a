//! `/session_svr/v1/session_svr`.

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

use crate::endpoints::routes::{Route, get, post};

pub(in crate::endpoints) const ROUTES: &[Route] = &[
    post(
        "/session_svr/v1/session_svr/batch_rm_dustbin",
        batch_rm_dustbin::answer,
    ),
    post(
        "/session_svr/v1/session_svr/batch_update_dustbin_ack",
        batch_update_dustbin_ack::answer,
    ),
    get(
        "/session_svr/v1/session_svr/get_sessions",
        get_sessions::answer,
    ),
    get(
        "/session_svr/v1/session_svr/my_group_unread",
        my_group_unread::answer,
    ),
    get(
        "/session_svr/v1/session_svr/new_sessions",
        new_sessions::answer,
    ),
    post(
        "/session_svr/v1/session_svr/remove_session",
        remove_session::answer,
    ),
    get(
        "/session_svr/v1/session_svr/session_detail",
        session_detail::answer,
    ),
    post("/session_svr/v1/session_svr/set_top", set_top::answer),
    get(
        "/session_svr/v1/session_svr/single_unread",
        single_unread::answer,
    ),
    post("/session_svr/v1/session_svr/update_ack", update_ack::answer),
    post(
        "/session_svr/v1/session_svr/update_intercept",
        update_intercept::answer,
    ),
];
