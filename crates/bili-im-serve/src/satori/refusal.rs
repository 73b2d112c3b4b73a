//! Why a call is refused, as the protocol says it: a status.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::rpc::Fault;

/// A status, and the program's error object.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Value,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            status,
            error: json!({ "message": message }),
        }
    }

    /// The client has sent something wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Says what happened before.
    pub(super) fn after(mut self, words: String) -> Self {
        if let Some(message) = self.error.get_mut("message") {
            *message = format!("{words}, then: {}", message.as_str().unwrap_or_default()).into();
        }
        self
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Params(words) => Self::bad(words),
            Fault::Forbidden(words) => Self::new(StatusCode::FORBIDDEN, words),
            Fault::Unknown => Self::new(StatusCode::NOT_FOUND, "there is no such method"),
            Fault::Error(error) => {
                let status = match error.get("kind").and_then(Value::as_str) {
                    Some("Usage" | "Invalid") => StatusCode::BAD_REQUEST,
                    Some("RateLimited") => StatusCode::TOO_MANY_REQUESTS,
                    // 500 would say that the method is missing.
                    _ => StatusCode::BAD_GATEWAY,
                };
                Self { status, error }
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let json = [(CONTENT_TYPE, "application/json")];
        (self.status, json, self.error.to_string()).into_response()
    }
}
