//! Answers and the JSON envelope around them (docs/protocol.md §3).

use std::borrow::Cow;

use http::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, SET_COOKIE},
};
use serde::Serialize;
use serde_json::{
    Map, Value, json,
    value::{RawValue, to_raw_value},
};

use crate::{chance::Chance, world::Mode};

/// A header of the simulator's own that explains a refusal.
const WHY: &str = "x-sim-why";
/// The header with risk control's voucher.
const VOUCHER: &str = "x-bili-gaia-vvoucher";

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// What an endpoint answers.
pub(crate) type Answer = Result<Data, Refusal>;

/// The successful answer of an endpoint.
#[derive(Debug)]
pub(crate) struct Data {
    body: Body,
    cookies: Vec<String>,
}

#[derive(Debug)]
enum Body {
    /// The `data` of an envelope.
    Enveloped(Box<RawValue>),
    /// JSON without an envelope.
    Bare(Box<RawValue>),
    /// A web page.
    Page,
}

impl Data {
    /// An envelope with this `data`.
    pub(crate) fn of<T: Serialize>(value: &T) -> Self {
        Self::with_body(Body::Enveloped(raw(value)))
    }

    /// An envelope with an empty `data`.
    pub(crate) fn empty() -> Self {
        Self::of(&Map::<String, Value>::new())
    }

    /// JSON without an envelope.
    pub(crate) fn bare<T: Serialize>(value: &T) -> Self {
        Self::with_body(Body::Bare(raw(value)))
    }

    /// A web page in place of JSON.
    pub(crate) fn page() -> Self {
        Self::with_body(Body::Page)
    }

    fn with_body(body: Body) -> Self {
        let cookies = Vec::new();
        Self { body, cookies }
    }

    /// Adds `Set-Cookie` headers with these values.
    pub(crate) fn with_cookies(self, cookies: Vec<String>) -> Self {
        Self { cookies, ..self }
    }

    fn respond(self, envelope: Envelope<'_>) -> Response<Vec<u8>> {
        let mut response = match &self.body {
            Body::Enveloped(data) => json(
                StatusCode::OK,
                &Envelope {
                    data: Some(data),
                    ..envelope
                },
            ),
            Body::Bare(whole) => json(StatusCode::OK, whole),
            Body::Page => html(StatusCode::OK),
        };
        for cookie in self.cookies {
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
        }
        response
    }
}

fn raw<T: Serialize>(value: &T) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The answer of an endpoint that refuses a request.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: i32,
    message: Cow<'static, str>,
    why: String,
    data: Option<Box<Data>>,
    voucher_header: Option<String>,
    /// The status of a web page in place of an envelope.
    page: Option<StatusCode>,
}

impl Refusal {
    pub(crate) fn new(
        code: i32,
        message: impl Into<Cow<'static, str>>,
        why: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            why: why.into(),
            data: None,
            voucher_header: None,
            page: None,
        }
    }

    /// A refusal by the gateway: a web page with this status.
    pub(crate) fn page(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            page: Some(status),
            ..Self::new(status.as_u16().into(), "", why)
        }
    }

    /// The reason that the header carries.
    pub(crate) fn into_why(self) -> String {
        self.why
    }

    pub(crate) fn with_data(self, data: Data) -> Self {
        Self {
            data: Some(Box::new(data)),
            ..self
        }
    }

    /// Risk control's refusal with code 0 and a voucher in `data`.
    pub(crate) fn voucher(chance: &mut Chance, why: impl Into<String>) -> Self {
        Self::new(0, "0", why).with_data(voucher_data(chance))
    }

    /// Risk control's refusal with its own code and a voucher in `data`.
    pub(crate) fn risk_control(chance: &mut Chance, why: impl Into<String>) -> Self {
        Self::new(-352, "-352", why).with_data(voucher_data(chance))
    }

    /// Risk control's refusal with code 0 and a voucher in a header only.
    pub(crate) fn voucher_in_header(chance: &mut Chance, why: impl Into<String>) -> Self {
        Self {
            voucher_header: Some(voucher(chance)),
            ..Self::new(0, "0", why)
        }
    }
}

fn voucher(chance: &mut Chance) -> String {
    format!("voucher_{}", chance.hex(32))
}

fn voucher_data(chance: &mut Chance) -> Data {
    Data::of(&json!({ "v_voucher": voucher(chance) }))
}

#[derive(Serialize)]
struct Envelope<'a> {
    code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

/// Turns the result of an endpoint into an HTTP answer.
pub(crate) fn render(result: Answer, mode: Mode) -> Response<Vec<u8>> {
    let ttl = match mode {
        Mode::Lenient | Mode::Strict => Some(1),
        Mode::Classic => None,
    };
    match result {
        Ok(data) => {
            let text = match mode {
                Mode::Lenient | Mode::Strict => "0",
                Mode::Classic => "ok",
            };
            data.respond(Envelope {
                code: 0,
                msg: Some(text),
                message: text,
                ttl,
                data: None,
            })
        }
        Err(refusal) => {
            let envelope = Envelope {
                code: refusal.code,
                msg: None,
                message: &refusal.message,
                ttl,
                data: None,
            };
            let mut response = match (refusal.page, refusal.data) {
                (Some(status), _) => html(status),
                (None, Some(data)) => data.respond(envelope),
                (None, None) => json(StatusCode::OK, &envelope),
            };
            let named = [(WHY, Some(refusal.why)), (VOUCHER, refusal.voucher_header)];
            for (name, value) in named {
                if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
    }
}

pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response<Vec<u8>> {
    respond(status, JSON, serde_json::to_vec(value).unwrap_or_default())
}

/// A web page like those of the service's gateway.
pub(crate) fn html(status: StatusCode) -> Response<Vec<u8>> {
    let title = format!(
        "{} {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or("出错啦")
    );
    let page = format!(
        "<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1><p>出错啦! - bilibili.com</p></body>\n</html>\n"
    );
    respond(status, HTML, page.into_bytes())
}

pub(crate) fn respond(
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
