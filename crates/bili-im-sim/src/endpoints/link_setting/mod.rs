//! `/link_setting/v1/link_setting`.

mod get;
mod get_msg_dnd;
mod get_session_ss;
mod is_limit;
mod set;
mod set_msg_dnd;
mod set_push_ss;

use crate::endpoints::routes::{Route, get, post};

pub(in crate::endpoints) const ROUTES: &[Route] = &[
    get("/link_setting/v1/link_setting/get", get::answer),
    get(
        "/link_setting/v1/link_setting/get_msg_dnd",
        get_msg_dnd::answer,
    ),
    get(
        "/link_setting/v1/link_setting/get_session_ss",
        get_session_ss::answer,
    ),
    get("/link_setting/v1/link_setting/is_limit", is_limit::answer),
    post("/link_setting/v1/link_setting/set", set::answer),
    post(
        "/link_setting/v1/link_setting/set_msg_dnd",
        set_msg_dnd::answer,
    ),
    post(
        "/link_setting/v1/link_setting/set_push_ss",
        set_push_ss::answer,
    ),
];
