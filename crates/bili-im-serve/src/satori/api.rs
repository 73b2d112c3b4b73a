//! `POST /satori/v1/{method}`.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::{
    login::{account_of, logins},
    method::Request,
    refusal::Refusal,
    resources::PLATFORM,
};
use crate::{app::App, rights::Rights};

/// Answers a call.
pub(crate) async fn api(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let rights = rights.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "a token is needed"));
    let answer = match (rights, method.as_str()) {
        (Err(refusal), _) => Err(refusal),
        (Ok(rights), "meta") => Ok(meta(logins(&app.core, &rights))),
        (Ok(rights), method) => {
            let body = match app.read(&headers, body).await {
                Ok(body) => body,
                Err(response) => return response,
            };
            let params = params(&body.bytes);
            match params.and_then(|params| request(&app, rights, &headers, params)) {
                Ok(request) => request.run(method).await,
                Err(refusal) => Err(refusal),
            }
        }
    };
    respond(answer)
}

/// What `READY` and `meta` say.
pub(super) fn meta(logins: Vec<Value>) -> Value {
    json!({ "logins": logins, "proxy_urls": [] })
}

pub(super) fn respond(answer: Result<Value, Refusal>) -> Response {
    match answer {
        Ok(value) => ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn params(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match body {
        b"" => Ok(Map::new()),
        json => serde_json::from_slice(json).map_err(|_| Refusal::bad("the body is a JSON object")),
    }
}

/// The request of a login, which the headers name.
pub(super) fn request(
    app: &App,
    rights: Rights,
    headers: &HeaderMap,
    params: Map<String, Value>,
) -> Result<Request, Refusal> {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let either = |new, old| {
        let found = header(HeaderName::from_static(new));
        found.or_else(|| header(HeaderName::from_static(old)))
    };
    let platform = either("satori-platform", "x-platform");
    let uid = either("satori-user-id", "x-self-id");
    let (Some(PLATFORM), Some(uid)) = (platform, uid) else {
        let words = "Satori-Platform is bilibili, and Satori-User-ID the user of a login";
        return Err(Refusal::bad(words));
    };
    let account = account_of(&app.core, &rights, uid).ok_or_else(|| {
        let words = "there is no such login, or this token may not use it";
        Refusal::new(StatusCode::FORBIDDEN, words)
    })?;
    let key = HeaderName::from_static("idempotency-key");
    let is_given = headers.contains_key(&key);
    let key = header(key).filter(|key| !key.is_empty());
    if is_given && key.is_none() {
        return Err(Refusal::bad(
            "Idempotency-Key is of ASCII characters, and not empty",
        ));
    }
    Ok(Request {
        core: app.core.clone(),
        rights,
        account,
        params,
        idempotency_key: key.map(str::to_owned),
    })
}
