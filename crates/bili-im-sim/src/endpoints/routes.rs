//! Routes: the path and handler of each endpoint.

use http::Method;

use super::{account, link_setting, login, session_svr, svr_sync, web_im, x};
use crate::{
    answer::{Data, Refusal},
    call::Call,
};

type Handler = fn(&mut Call<'_>) -> Result<Data, Refusal>;

/// An endpoint: its method, path and handler.
pub(super) struct Route {
    method: Method,
    path: &'static str,
    handler: Handler,
}

pub(super) const fn get(path: &'static str, handler: Handler) -> Route {
    Route {
        method: Method::GET,
        path,
        handler,
    }
}

pub(super) const fn post(path: &'static str, handler: Handler) -> Route {
    Route {
        method: Method::POST,
        path,
        handler,
    }
}

/// The routes of each folder.
const ROUTES: [&[Route]; 10] = [
    account::user::ROUTES,
    link_setting::ROUTES,
    login::exit::ROUTES,
    session_svr::ROUTES,
    svr_sync::ROUTES,
    web_im::ROUTES,
    x::dynamic::feed::draw::ROUTES,
    x::frontend::finger::ROUTES,
    x::passport_login::web::qrcode::ROUTES,
    x::web_interface::ROUTES,
];

fn all() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().copied().flatten()
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

/// Looks up the endpoint of a request.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    match all().find(|route| route.path == path) {
        Some(route) if route.method == method => Found::Endpoint(route.handler),
        Some(route) => Found::WrongMethod(route.method.clone()),
        None => Found::Nothing,
    }
}

/// The path of an endpoint, or `unknown` for any other path.
pub(crate) fn name(path: &str) -> &'static str {
    all()
        .find(|route| route.path == path)
        .map_or("unknown", |route| route.path)
}

/// The paths of all endpoints.
#[cfg(test)]
pub(crate) fn paths() -> Vec<&'static str> {
    all().map(|route| route.path).collect()
}
