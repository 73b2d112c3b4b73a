//! The control paths under `/_sim`, with which tests in any language drive the service.

#[cfg(test)]
mod tests;

use http::{Method, Request, Response, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    answer,
    ids::Uid,
    reply::Reply,
    request::Incoming,
    service::Service,
    time::UnixMicros,
    world::{Message, WorldError},
};

/// Why a control path refuses a request.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    World(#[from] WorldError),
    #[error("{0}")]
    Request(String),
}

/// The body of `POST /_sim/clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    #[serde(default)]
    advance_seconds: u64,
    skew_seconds: Option<i64>,
}

/// The body of `POST /_sim/qr`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhoneAction {
    qrcode_key: Option<String>,
    scan: Option<Uid>,
    confirm: Option<Uid>,
}

impl Service {
    /// Handles a request. `now` is the time of the caller's clock.
    ///
    /// The host of the request does not matter, because the paths of all hosts are different.
    pub fn handle(&mut self, request: Request<Vec<u8>>, now: UnixMicros) -> Reply {
        let incoming = Incoming::new(request);
        let reply = if is_control(&incoming.path) {
            let answer = answer(self, &incoming, now);
            Reply::Answer(self.dated(answer, now))
        } else {
            self.reply(&incoming, now)
        };
        self.notify(now);
        reply
    }
}

fn is_control(path: &str) -> bool {
    path == "/_sim" || path.starts_with("/_sim/")
}

fn answer(service: &mut Service, incoming: &Incoming, now: UnixMicros) -> Response<Vec<u8>> {
    match handle(service, incoming, now) {
        Ok(value) => answer::json(StatusCode::OK, &value),
        Err(problem) => {
            let error = json!({ "error": problem.to_string() });
            answer::json(StatusCode::BAD_REQUEST, &error)
        }
    }
}

fn handle(service: &mut Service, incoming: &Incoming, now: UnixMicros) -> Result<Value, Problem> {
    let body = incoming.body.as_slice();
    match (incoming.path.as_str(), &incoming.method) {
        ("/_sim/state", &Method::GET) => to_json(&service.snapshot(now)),
        ("/_sim/message", &Method::POST) => {
            let message: Message = serde_json::from_slice(body)?;
            let (msg_key, msg_seqno) = service.write(message, now)?;
            Ok(json!({ "msg_key": msg_key, "msg_seqno": msg_seqno }))
        }
        ("/_sim/act", &Method::POST) => {
            let acts = one_or_many(body)?;
            let done = acts.len();
            // The first act that is refused ends the list; those before it stay done.
            service.act_all(acts, now)?;
            Ok(json!({ "done": done }))
        }
        ("/_sim/qr", &Method::POST) => {
            let action: PhoneAction = serde_json::from_slice(body)?;
            let key = action.qrcode_key.as_deref();
            let qrcode_key = match (action.scan, action.confirm) {
                (Some(uid), None) => service.scan_qr(key, uid, now)?,
                (None, Some(uid)) => service.confirm_qr(key, uid, now)?,
                _ => {
                    let needed = "exactly one of `scan` and `confirm` is needed";
                    return Err(Problem::Request(needed.to_owned()));
                }
            };
            Ok(json!({ "qrcode_key": qrcode_key }))
        }
        ("/_sim/clock", &Method::GET) => to_json(&service.clock(now)),
        ("/_sim/clock", &Method::POST) => {
            let change: ClockChange = serde_json::from_slice(body)?;
            service.advance_clock(change.advance_seconds);
            if let Some(seconds) = change.skew_seconds {
                service.skew_clock(seconds);
            }
            to_json(&service.clock(now))
        }
        ("/_sim/faults", &Method::GET) => Ok(json!({ "faults": service.faults() })),
        ("/_sim/faults", &Method::POST) => {
            // All faults are set, or none when one is invalid.
            service.add_faults(one_or_many(body)?)?;
            Ok(json!({ "faults": service.faults() }))
        }
        ("/_sim/faults", &Method::DELETE) => {
            service.clear_faults();
            Ok(json!({ "faults": service.faults() }))
        }
        (path, method) => Err(Problem::Request(format!("{method} {path} is not known"))),
    }
}

fn to_json<T: Serialize>(value: &T) -> Result<Value, Problem> {
    Ok(serde_json::to_value(value)?)
}

/// Reads a body that is one value or a list of values.
fn one_or_many<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, Problem> {
    let given = match serde_json::from_slice(body)? {
        Value::Array(many) => many,
        one => vec![one],
    };
    let read: Result<_, _> = given.into_iter().map(serde_json::from_value).collect();
    Ok(read?)
}
