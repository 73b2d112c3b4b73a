//! Every decoder, and the contents of messages.

use std::fmt::Debug;

use bili_im_proto::{
    http::{HeaderValue, Response},
    *,
};

use crate::{bytes::Bytes, check_error};

type Decode = fn(&Response<Vec<u8>>) -> Result<String, Error>;

fn decode<E>(response: &Response<Vec<u8>>) -> Result<String, Error>
where
    E: Endpoint,
    E::Response: Debug,
{
    E::response(response).map(|answer| format!("{answer:?}"))
}

macro_rules! decoders {
    ($($endpoint:ident,)*) => {
        const DECODERS: &[(&str, Decode)] = &[$((stringify!($endpoint), decode::<$endpoint>)),*];
    };
}

for_each_endpoint!(decoders);

/// The decoder of the endpoint that a line names; when it names none, its bytes choose one.
fn decoder(line: &[u8]) -> Decode {
    let named = DECODERS.iter().find(|(name, _)| name.as_bytes() == line);
    let sum: usize = line.iter().copied().map(usize::from).sum();
    named.unwrap_or(&DECODERS[sum % DECODERS.len()]).1
}

/// Statuses with a meaning of their own, and others.
pub(crate) const STATUSES: [u16; 16] = [
    200, 200, 200, 200, 204, 302, 304, 400, 401, 403, 404, 412, 429, 500, 502, 999,
];

/// A status and headers, as two bytes choose them.
pub(crate) fn head(bytes: &mut Bytes<'_>) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    if let Ok(status) = bytes.of(&STATUSES).try_into() {
        *response.status_mut() = status;
    }
    let which = bytes.byte();
    let headers = [
        ("retry-after", "30"),
        ("retry-after", "99999999999999999999"),
        ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("date", "Thu, 09 Oct 2025 12:00:01 GMT"),
        ("x-bili-gaia-vvoucher", "v"),
    ];
    for (place, (name, value)) in headers.into_iter().enumerate() {
        if which & (1 << place) != 0 {
            let value = HeaderValue::from_static(value);
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The first line chooses the endpoint, one byte the status, one the headers; the rest is the body.
pub fn answers(data: &[u8]) {
    let mut bytes = Bytes(data);
    let decode = decoder(bytes.line());
    let mut response = head(&mut bytes);
    *response.body_mut() = bytes.0.to_vec();
    if let Err(error) = decode(&response) {
        check_error(&error);
        let _ = (error.advice(), error.kind(), error.took_no_effect());
    }
}

/// Two bytes are the type of a message; the rest is what it says.
pub fn contents(data: &[u8]) {
    let mut bytes = Bytes(data);
    let msg_type = u16::from_le_bytes([bytes.byte(), bytes.byte()]);
    let Ok(raw) = std::str::from_utf8(bytes.0) else {
        return;
    };
    let content = Content::parse(MsgType::from(i64::from(msg_type)), raw);
    let shown = Printable(&content.summary()).to_string();
    assert!(!shown.contains(is_treacherous), "{shown:?}");
    if let Content::Notice(notice) = &content {
        for platform in [
            Platform::Web,
            Platform::Android,
            Platform::Iphone,
            Platform::Ipad,
        ] {
            let _ = notice.buttons(platform);
        }
    }
    let _ = format!("{content:?}");
}
