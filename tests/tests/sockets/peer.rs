//! Requests to a peer.

use std::{net::SocketAddr, time::Duration};

use bili_im_proto::{
    Body, Context, Credential, DeviceId, Effect, Endpoint, Failure, Hosts, Origin, Outgoing,
    SendMsg, SigningKeys, SingleUnread, Text, Uid, UnixSeconds, http::Request,
};
use bili_im_tests::{
    Adapter,
    peer::{Peer, Then, origin, response},
};

/// Longer than anything takes that happens at all.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn answer(body: &str) -> String {
    response("200 OK", "Content-Type: application/json\r\n", body)
}

pub(crate) fn credential() -> Credential {
    Credential::new("a%2Cb%2A", "0123456789abcdef", Uid(293_793_435)).unwrap()
}

fn context(origin: &Origin) -> Context {
    let keys = SigningKeys::from_urls(
        "7cd084941338484aae1ad9425b84077c",
        "4932caff0ff746eab6f01bf08b70ac45",
    );
    Context::new(
        DeviceId::from_random([7; 16]),
        UnixSeconds(1_626_181_379).micros(),
    )
    .with_credential(credential())
    .with_keys(keys.unwrap())
    .with_hosts(Hosts::single(origin.clone()))
}

fn outgoing(request: Request<Body>) -> Outgoing {
    Outgoing {
        request,
        max_body: 1 << 16,
        timeout: PATIENCE,
        effect: Effect::Once,
    }
}

/// A send of a text full of characters that need encoding.
pub(crate) fn send(origin: &Origin) -> Outgoing {
    let text = Text::new("a + b & c=d 100% *~ 你好\n\u{10ffff}").unwrap();
    let request = SendMsg::new(Uid(1), text)
        .request(&context(origin))
        .unwrap();
    outgoing(request)
}

pub(crate) fn unread(origin: &Origin) -> Outgoing {
    outgoing(SingleUnread::new().request(&context(origin)).unwrap())
}

pub(crate) fn both(origin: &Origin) -> [Adapter; 2] {
    Adapter::both(&credential(), origin).unwrap()
}

/// Does this with each adapter and a peer that follows a script for it alone.
pub(crate) fn with_each(script: &[Then], act: impl Fn(&Adapter, &Origin, &Peer)) {
    for index in 0..2 {
        let peer = Peer::scripted(script.to_vec());
        let origin = origin("http", peer.address);
        act(&both(&origin)[index], &origin, &peer);
    }
}

/// How a send fails in both adapters, over connections of that scheme.
pub(crate) fn failures(address: SocketAddr, scheme: &str) -> Vec<(&'static str, Failure)> {
    let origin = origin(scheme, address);
    both(&origin)
        .into_iter()
        .map(|adapter| {
            let name = adapter.name();
            let outcome = adapter.exchange(send(&origin));
            let failure = outcome.expect_err(name);
            for secret in ["a%2Cb", "0123456789abcdef", "w_rid"] {
                assert!(!format!("{failure:?}").contains(secret), "{failure:?}");
            }
            (name, failure)
        })
        .collect()
}
