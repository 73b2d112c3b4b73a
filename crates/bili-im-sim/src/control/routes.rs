//! The control paths and their functions.

use http::{Method, Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{act, clock, faults, message, qr};
use crate::{answer, request::Incoming, service::Service, time::UnixMicros};

/// The JSON answer of a control path, or an error text.
pub(super) type ControlResult = Result<Value, String>;

pub(crate) fn is_control(path: &str) -> bool {
    path == "/_sim" || path.starts_with("/_sim/")
}

pub(crate) fn answer(
    service: &mut Service,
    incoming: &Incoming,
    now: UnixMicros,
) -> Response<Vec<u8>> {
    let done = match (incoming.path.as_str(), &incoming.method) {
        ("/_sim/state", &Method::GET) => to_json(&service.snapshot(now)),
        ("/_sim/message", &Method::POST) => message::write(service, &incoming.body, now),
        ("/_sim/act", &Method::POST) => act::act(service, &incoming.body, now),
        ("/_sim/qr", &Method::POST) => qr::scan_or_confirm(service, &incoming.body, now),
        ("/_sim/clock", &Method::GET) => clock::show(service, now),
        ("/_sim/clock", &Method::POST) => clock::set(service, &incoming.body, now),
        ("/_sim/faults", &Method::GET) => faults::show(service),
        ("/_sim/faults", &Method::POST) => faults::add(service, &incoming.body),
        ("/_sim/faults", &Method::DELETE) => faults::clear(service),
        (path, method) => Err(format!("{method} {path} is not known")),
    };
    match done {
        Ok(value) => answer::json(StatusCode::OK, &value),
        Err(problem) => answer::json(StatusCode::BAD_REQUEST, &json!({ "error": problem })),
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> ControlResult {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

/// Reads a body that is one value or a list of values.
pub(super) fn one_or_many<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, String> {
    let given = match serde_json::from_slice(body).map_err(|error| error.to_string())? {
        Value::Array(many) => many,
        one => vec![one],
    };
    let read: Result<_, _> = given.into_iter().map(serde_json::from_value).collect();
    read.map_err(|error: serde_json::Error| error.to_string())
}
