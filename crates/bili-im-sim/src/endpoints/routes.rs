//! Which path leads where.

use http::Method;

use super::{account, link_setting, login, session_svr, svr_sync, web_im, x};
use crate::answer::{Data, Refusal};
use crate::call::Call;

type Handler = fn(&mut Call<'_>) -> Result<Data, Refusal>;

struct Route {
    method: Method,
    path: &'static str,
    handler: Handler,
}

const fn get(path: &'static str, handler: Handler) -> Route {
    Route {
        method: Method::GET,
        path,
        handler,
    }
}

const fn post(path: &'static str, handler: Handler) -> Route {
    Route {
        method: Method::POST,
        path,
        handler,
    }
}

static ROUTES: &[Route] = &[
    get("/account/v1/user/cards", account::user::cards::answer),
    get(
        "/link_setting/v1/link_setting/get",
        link_setting::get::answer,
    ),
    get(
        "/link_setting/v1/link_setting/get_msg_dnd",
        link_setting::get_msg_dnd::answer,
    ),
    get(
        "/link_setting/v1/link_setting/get_session_ss",
        link_setting::get_session_ss::answer,
    ),
    get(
        "/link_setting/v1/link_setting/is_limit",
        link_setting::is_limit::answer,
    ),
    post(
        "/link_setting/v1/link_setting/set",
        link_setting::set::answer,
    ),
    post(
        "/link_setting/v1/link_setting/set_msg_dnd",
        link_setting::set_msg_dnd::answer,
    ),
    post(
        "/link_setting/v1/link_setting/set_push_ss",
        link_setting::set_push_ss::answer,
    ),
    post("/login/exit/v2", login::exit::v2::answer),
    post(
        "/session_svr/v1/session_svr/batch_rm_dustbin",
        session_svr::batch_rm_dustbin::answer,
    ),
    post(
        "/session_svr/v1/session_svr/batch_update_dustbin_ack",
        session_svr::batch_update_dustbin_ack::answer,
    ),
    get(
        "/session_svr/v1/session_svr/get_sessions",
        session_svr::get_sessions::answer,
    ),
    get(
        "/session_svr/v1/session_svr/my_group_unread",
        session_svr::my_group_unread::answer,
    ),
    get(
        "/session_svr/v1/session_svr/new_sessions",
        session_svr::new_sessions::answer,
    ),
    post(
        "/session_svr/v1/session_svr/remove_session",
        session_svr::remove_session::answer,
    ),
    get(
        "/session_svr/v1/session_svr/session_detail",
        session_svr::session_detail::answer,
    ),
    post(
        "/session_svr/v1/session_svr/set_top",
        session_svr::set_top::answer,
    ),
    get(
        "/session_svr/v1/session_svr/single_unread",
        session_svr::single_unread::answer,
    ),
    post(
        "/session_svr/v1/session_svr/update_ack",
        session_svr::update_ack::answer,
    ),
    post(
        "/session_svr/v1/session_svr/update_intercept",
        session_svr::update_intercept::answer,
    ),
    get(
        "/svr_sync/v1/svr_sync/fetch_session_msgs",
        svr_sync::fetch_session_msgs::answer,
    ),
    post("/web_im/v1/web_im/send_msg", web_im::send_msg::answer),
    post(
        "/x/dynamic/feed/draw/upload_bfs",
        x::dynamic::feed::draw::upload_bfs::answer,
    ),
    get("/x/frontend/finger/spi", x::frontend::finger::spi::answer),
    get(
        "/x/passport-login/web/qrcode/generate",
        x::passport_login::web::qrcode::generate::answer,
    ),
    get(
        "/x/passport-login/web/qrcode/poll",
        x::passport_login::web::qrcode::poll::answer,
    ),
    get("/x/web-interface/nav", x::web_interface::nav::answer),
];

/// Where a request leads.
pub(crate) enum Found {
    /// To an endpoint.
    Endpoint(Handler),
    /// To an endpoint that wants another method.
    WrongMethod(Method),
    /// Nowhere.
    Nothing,
}

/// Where a request leads.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    match ROUTES.iter().find(|route| route.path == path) {
        Some(route) if route.method == method => Found::Endpoint(route.handler),
        Some(route) => Found::WrongMethod(route.method.clone()),
        None => Found::Nothing,
    }
}

/// The path of an endpoint, or one name for all others.
pub(crate) fn name(path: &str) -> &'static str {
    ROUTES
        .iter()
        .find(|route| route.path == path)
        .map_or("unknown", |route| route.path)
}

/// The paths of all endpoints.
#[cfg(test)]
pub(crate) fn paths() -> Vec<&'static str> {
    ROUTES.iter().map(|route| route.path).collect()
}
