//! Helpers for unit tests.

use http::Response;

use crate::{
    context::Context, credential::Credential, endpoint::Endpoint, error::Error, time::UnixSeconds,
    wbi::SigningKeys,
};

pub(crate) fn context() -> Context {
    let credential = Credential::parse("SESSDATA=xxx; bili_jct=xxx; DedeUserID=293793435");
    Context::new(
        "372778FD-E359-461D-86A3-EA2BCC6FF52A".parse().unwrap(),
        UnixSeconds(1626181379).micros(),
    )
    .with_credential(credential.unwrap())
}

pub(crate) fn signing_context() -> Context {
    context().with_keys(
        SigningKeys::from_urls(
            "7cd084941338484aae1ad9425b84077c",
            "4932caff0ff746eab6f01bf08b70ac45",
        )
        .unwrap(),
    )
}

pub(crate) fn decode<E: Endpoint>(status: u16, body: &str) -> Result<E::Response, Error> {
    let response = Response::builder().status(status).body(body).unwrap();
    E::response(&response)
}

/// A request's form, without the fields that every form has.
pub(crate) fn form(endpoint: &impl Endpoint) -> String {
    let request = endpoint.request(&signing_context()).unwrap();
    let form = String::from_utf8(request.into_body().into()).unwrap();
    let (own, _) = form.split_once("csrf=").unwrap();
    own.trim_end_matches('&').to_owned()
}

/// A request's query, without the fields that every query has.
pub(crate) fn query(endpoint: &impl Endpoint) -> String {
    let request = endpoint.request(&signing_context()).unwrap();
    let query = request.uri().query().unwrap_or_default();
    query
        .split("build=0")
        .next()
        .unwrap()
        .trim_end_matches('&')
        .to_owned()
}
