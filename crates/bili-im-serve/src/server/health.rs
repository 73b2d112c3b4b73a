//! `/healthz` and `/metrics`.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::json;

use super::guard::refuse;
use crate::{app::App, rights::Rights};

/// 200 when all accounts work, else 503; with the accounts for who may know.
pub(super) async fn healthz(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
) -> Response {
    let is_well = app.core.is_well();
    let status = match is_well {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let accounts = rights.map(|rights| app.core.list(&rights));
    let body = json!({ "ok": is_well, "accounts": accounts });
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
) -> Response {
    if !rights.is_some_and(|rights| rights.is_for_all()) {
        let words = "this needs a token for all accounts and conversations (without accounts= and talkers=)";
        return refuse(StatusCode::FORBIDDEN, words);
    }
    let page = app.core.metrics().await;
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response()
}
