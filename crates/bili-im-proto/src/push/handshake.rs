//! The request that opens a push connection (docs/protocol.md §15).

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderValue, Request, Uri,
    header::{
        CONNECTION, COOKIE, HOST, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
    },
};

use crate::context::Context;

/// The whole request: a GET with the headers that ask for a WebSocket.
pub(super) fn request(context: &Context, key: [u8; 16]) -> Request<()> {
    let origin = context.hosts.push();
    let mut request = Request::new(());
    let headers = request.headers_mut();
    for (name, value) in [
        (HOST, origin.authority.as_str()),
        (CONNECTION, "Upgrade"),
        (UPGRADE, "websocket"),
        (SEC_WEBSOCKET_VERSION, "13"),
        (SEC_WEBSOCKET_KEY, &STANDARD.encode(key)),
        (SEC_WEBSOCKET_PROTOCOL, "proto"),
        (ORIGIN, "https://message.bilibili.com"),
    ] {
        // An address and base64 hold nothing that a header cannot.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(USER_AGENT, context.user_agent.0.clone());
    if let Some(credential) = &context.credential {
        headers.insert(COOKIE, credential.header());
    }
    let uri = Uri::builder()
        .scheme(origin.scheme.clone())
        .authority(origin.authority.clone())
        .path_and_query("/sub");
    // The parts of an address and a path always fit together.
    *request.uri_mut() = uri.build().unwrap_or_default();
    request
}
