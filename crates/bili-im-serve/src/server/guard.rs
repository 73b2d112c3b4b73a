//! Who may come in: no page in a browser, and nobody without a token where there are tokens.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE},
};

use crate::{app::App, rights::Rights};

/// The paths that are counted by their name.
const PATHS: [&str; 6] = [
    "/rpc",
    "/events",
    "/healthz",
    "/metrics",
    SATORI_EVENTS,
    "/satori",
];

/// Where clients send their token once they are connected.
const SATORI_EVENTS: &str = "/satori/v1/events";

/// Why a request is refused.
type Refused = (StatusCode, &'static str);

/// Checks a request, and says whose it is.
pub(super) async fn check(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let path = PATHS
        .into_iter()
        .find(|&known| path == known || (known == "/satori" && path.starts_with("/satori/")))
        .unwrap_or("other");
    let response = match allow(&app, request.headers(), path) {
        _ if request.uri().authority().is_some() => {
            refuse(StatusCode::BAD_REQUEST, "this is no proxy")
        }
        Ok(rights) => {
            request.extensions_mut().insert(rights);
            next.run(request).await
        }
        Err((status, words)) => {
            let mut refused = refuse(status, words);
            if status == StatusCode::UNAUTHORIZED {
                let scheme = HeaderValue::from_static("Bearer");
                refused.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            }
            refused
        }
    };
    let status = response.status();
    let labels = [("path", path), ("status", status.as_str())];
    let metrics = &app.core.shared().metrics;
    metrics.count("bili_im_http_requests_total", &labels);
    response
}

/// The rights of a request; `None` for one that may know only whether all is well.
fn allow(app: &App, headers: &HeaderMap, path: &str) -> Result<Option<Rights>, Refused> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err((StatusCode::BAD_REQUEST, "one Host is needed"));
    };
    if !host.to_str().is_ok_and(|host| is_ours(app, host)) {
        let words = "this Host is not ours: name it with --host if it is";
        return Err((StatusCode::FORBIDDEN, words));
    }
    for origin in headers.get_all(ORIGIN) {
        let authority = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"));
        if !authority.is_some_and(|(_, authority)| is_ours(app, authority)) {
            return Err((
                StatusCode::FORBIDDEN,
                "pages of other origins may not use this",
            ));
        }
    }
    let token = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let token = token.and_then(|value| value.strip_prefix(b"Bearer "));
    match app.rights(token.unwrap_or_default()) {
        Some(rights) => Ok(Some(rights)),
        None if path == SATORI_EVENTS || (path == "/healthz" && token.is_none()) => Ok(None),
        None if token.is_some() => Err((StatusCode::UNAUTHORIZED, "this token is not known")),
        None => Err((StatusCode::UNAUTHORIZED, "a token is needed")),
    }
}

/// Whether a host, with its port, is this process.
fn is_ours(app: &App, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address = app.address;
    let port = address.port();
    if host == address.to_string() {
        return true;
    }
    let is_local = address.ip().to_canonical().is_loopback();
    let local = ["localhost", "127.0.0.1", "[::1]"];
    (is_local && local.iter().any(|name| host == format!("{name}:{port}")))
        || (app.config.hosts.iter()).any(|name| {
            let name = name.to_ascii_lowercase();
            host == name || host.rsplit_once(':').is_some_and(|(bare, _)| bare == name)
        })
}

pub(super) fn refuse(status: StatusCode, words: &'static str) -> Response {
    (status, format!("{words}\n")).into_response()
}
