//! Routes: the path and handler of each endpoint.

use http::Method;

use super::{account, link_setting, login, session_svr, svr_sync, web_im, x};
use crate::{answer::Answer, call::Call, images};

type Handler = fn(&mut Call<'_>) -> Answer;

/// An endpoint: its method, path and handler.
struct Route {
    method: Method,
    path: &'static str,
    handler: Handler,
}

/// Each line: a method, a path, and the file whose `answer` handles it.
macro_rules! routes {
    ($($method:ident $path:literal $($file:ident)::+,)*) => {
        const ROUTES: &[Route] = &[$(
            Route { method: Method::$method, path: $path, handler: $($file)::+::answer },
        )*];
    };
}

routes! {
    GET  "/account/v1/user/cards" account::user::cards,
    GET  "/link_setting/v1/link_setting/get" link_setting::get,
    GET  "/link_setting/v1/link_setting/get_msg_dnd" link_setting::get_msg_dnd,
    GET  "/link_setting/v1/link_setting/get_session_ss" link_setting::get_session_ss,
    GET  "/link_setting/v1/link_setting/is_limit" link_setting::is_limit,
    POST "/link_setting/v1/link_setting/set" link_setting::set,
    POST "/link_setting/v1/link_setting/set_msg_dnd" link_setting::set_msg_dnd,
    POST "/link_setting/v1/link_setting/set_push_ss" link_setting::set_push_ss,
    POST "/login/exit/v2" login::exit::v2,
    GET  "/session_svr/v1/session_svr/ack_sessions" session_svr::ack_sessions,
    POST "/session_svr/v1/session_svr/batch_rm_dustbin" session_svr::batch_rm_dustbin,
    POST "/session_svr/v1/session_svr/batch_update_dustbin_ack" session_svr::batch_update_dustbin_ack,
    GET  "/session_svr/v1/session_svr/get_sessions" session_svr::get_sessions,
    GET  "/session_svr/v1/session_svr/my_group_unread" session_svr::my_group_unread,
    GET  "/session_svr/v1/session_svr/new_sessions" session_svr::new_sessions,
    POST "/session_svr/v1/session_svr/remove_session" session_svr::remove_session,
    GET  "/session_svr/v1/session_svr/session_detail" session_svr::session_detail,
    POST "/session_svr/v1/session_svr/set_top" session_svr::set_top,
    GET  "/session_svr/v1/session_svr/single_unread" session_svr::single_unread,
    POST "/session_svr/v1/session_svr/update_ack" session_svr::update_ack,
    GET  "/session_svr/v1/session_svr/update_ack" session_svr::update_ack,
    POST "/session_svr/v1/session_svr/update_intercept" session_svr::update_intercept,
    GET  "/svr_sync/v1/svr_sync/fetch_session_msgs" svr_sync::fetch_session_msgs,
    POST "/web_im/v1/web_im/send_msg" web_im::send_msg,
    POST "/x/dynamic/feed/draw/upload_bfs" x::dynamic::feed::draw::upload_bfs,
    GET  "/x/frontend/finger/spi" x::frontend::finger::spi,
    POST "/x/im/auto_reply/del_reply_text" x::im::auto_reply::del_reply_text,
    GET  "/x/im/auto_reply/get_reply_text" x::im::auto_reply::get_reply_text,
    POST "/x/im/auto_reply/set_reply_text" x::im::auto_reply::set_reply_text,
    POST "/x/im/link_setting/add_block_word" x::im::link_setting::add_block_word,
    POST "/x/im/link_setting/del_block_word" x::im::link_setting::del_block_word,
    GET  "/x/im/link_setting/get_block_words" x::im::link_setting::get_block_words,
    GET  "/x/im/user_infos" x::im::user_infos,
    GET  "/x/passport-login/web/crossDomain" x::passport_login::web::cross_domain,
    GET  "/x/passport-login/web/qrcode/generate" x::passport_login::web::qrcode::generate,
    GET  "/x/passport-login/web/qrcode/poll" x::passport_login::web::qrcode::poll,
    GET  "/x/web-interface/nav" x::web_interface::nav,
}

/// The result of looking up a request.
pub(crate) enum Found {
    /// The handler of an endpoint.
    Endpoint(Handler),
    /// The path exists, but needs this method.
    WrongMethod(Method),
    /// No endpoint has this path.
    Nothing,
}

/// Looks up the endpoint of a request. A path with two methods has the usual one first.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    let mut routes = ROUTES.iter().filter(|route| route.path == path);
    let usual = routes.clone().next();
    match (routes.find(|route| route.method == method), usual) {
        (Some(route), _) => Found::Endpoint(route.handler),
        (None, Some(route)) => Found::WrongMethod(route.method.clone()),
        (None, None) => Found::Nothing,
    }
}

/// The path of an endpoint, the folder of images, or `unknown` for any other path.
pub(crate) fn name(path: &str) -> &'static str {
    if path.starts_with(images::FOLDER) {
        return images::FOLDER;
    }
    let route = ROUTES.iter().find(|route| route.path == path);
    route.map_or("unknown", |route| route.path)
}

/// The paths of all endpoints.
pub(crate) fn paths() -> Vec<&'static str> {
    ROUTES.iter().map(|route| route.path).collect()
}
