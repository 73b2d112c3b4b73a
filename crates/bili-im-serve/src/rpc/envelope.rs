//! The envelope of JSON-RPC 2.0.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::{
    call::{Call, Fault},
    table,
};
use crate::{app::App, core::Core, rights::Rights};

const PARSE: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const NO_METHOD: i64 = -32601;
const PARAMS: i64 = -32602;
/// The program's error, which is in `data`.
const ERROR: i64 = -32000;
const FORBIDDEN: i64 = -32001;

/// Answers a request over HTTP.
pub(crate) async fn http(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case("application/json") {
        let words = "the Content-Type must be application/json\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, words).into_response();
    }
    let body = match app.read(&headers, body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Some(rights) = rights else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match answer_text(&app.core, &rights, &body.bytes).await {
        Some(answer) => ([(CONTENT_TYPE, "application/json")], answer).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// The answer to a text; `None` when it has none.
pub(super) async fn answer_text(core: &Core, rights: &Rights, text: &[u8]) -> Option<String> {
    let most = core.shared().limits.batch;
    let answer = match serde_json::from_slice(text) {
        Err(_) => Some(failed(Value::Null, PARSE, "this is not JSON", None)),
        Ok(Value::Array(calls)) if calls.is_empty() || calls.len() > most => {
            let words = format!("a batch has 1 to {most} calls");
            Some(failed(Value::Null, INVALID_REQUEST, &words, None))
        }
        Ok(Value::Array(calls)) => {
            let mut answers = Vec::new();
            // One after another, so that messages arrive in the order of the batch.
            for call in calls {
                answers.extend(answer(core, rights, call).await);
            }
            (!answers.is_empty()).then_some(Value::Array(answers))
        }
        Ok(call) => answer(core, rights, call).await,
    };
    answer.map(|answer| answer.to_string())
}

/// The answer to a text that is too long to be read.
pub(super) fn too_long() -> String {
    failed(Value::Null, PARSE, "this is too long", None).to_string()
}

/// The answer to one call; `None` for a notification.
async fn answer(core: &Core, rights: &Rights, call: Value) -> Option<Value> {
    let invalid = |words| Some(failed(Value::Null, INVALID_REQUEST, words, None));
    let Value::Object(mut call) = call else {
        return invalid("a call is an object");
    };
    if call.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid("jsonrpc is \"2.0\"");
    }
    let id = call.remove("id");
    if !matches!(
        &id,
        None | Some(Value::Null | Value::String(_) | Value::Number(_))
    ) {
        return invalid("an id is a text, a number or null");
    }
    let Some(Value::String(method)) = call.remove("method") else {
        return invalid("method is a text");
    };
    let params = match call.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Some(failed(id?, PARAMS, "params are given by name", None)),
    };
    let known = table::all().find(|known| known.name == method);
    let done = Call::run(core.clone(), rights.clone(), &method, params).await;
    let result = if done.is_ok() { "done" } else { "failed" };
    let labels = [
        ("method", known.map_or("unknown", |known| known.name)),
        ("result", result),
    ];
    let metrics = &core.shared().metrics;
    metrics.count("bili_im_rpc_calls_total", &labels);
    let id = id?;
    Some(match done {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(Fault::Params(words)) => failed(id, PARAMS, &words, None),
        Err(Fault::Forbidden(words)) => failed(id, FORBIDDEN, words, None),
        Err(Fault::Unknown) => failed(id, NO_METHOD, "there is no such method", None),
        Err(Fault::Error(error)) => {
            let words = error.get("message").and_then(Value::as_str);
            let words = words.unwrap_or_default().to_owned();
            failed(id, ERROR, &words, Some(error))
        }
    })
}

fn failed(id: Value, code: i64, message: &str, data: Option<Value>) -> Value {
    let mut error = json!({ "code": code, "message": message });
    if let (Some(data), Value::Object(error)) = (data, &mut error) {
        error.insert("data".to_owned(), data);
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}
