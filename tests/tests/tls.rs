//! Both adapters over real TLS: what they trust, and what a refusal of theirs means.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it within tests, not in their helpers"
)]

use std::{net::SocketAddr, time::SystemTime};

use bili_im_proto::{Credential, Error, Sent, Uid};
use bili_im_sim::{Server, Service, World};
use bili_im_tests::Authority;

/// A service whose certificate a made-up authority signed.
struct Site {
    server: Server,
    authority: Authority,
}

impl Site {
    fn named(name: &str) -> Self {
        let authority = Authority::new().unwrap();
        let config = authority.vouch_for(name).unwrap();
        let service = Service::new(World::demo(), SystemTime::now().into()).unwrap();
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            server: Server::start_tls(service, addr, config).unwrap(),
            authority,
        }
    }

    fn origin(&self) -> bili_im_proto::Origin {
        let port = self.server.addr().port();
        format!("https://localhost:{port}").parse().unwrap()
    }

    fn sends(&self) -> u64 {
        let snapshot = (self.server).with(|service| service.snapshot(SystemTime::now().into()));
        snapshot.requests.values().map(|count| count.requests).sum()
    }
}

fn credential() -> Credential {
    Credential::parse(&format!(
        "SESSDATA=sim-10001; bili_jct={:032}; DedeUserID=10001",
        10001
    ))
    .unwrap()
}

/// Sends a text over both adapters.
fn send(site: &Site, roots: Option<Vec<u8>>) -> [Result<(), Error>; 2] {
    let mut blocking = bili_im_ureq::Client::builder(credential()).endpoint(site.origin());
    let mut client = bili_im_reqwest::Client::builder(credential()).endpoint(site.origin());
    if let Some(root) = roots {
        blocking = blocking.roots([root.clone()]);
        client = client.roots([root]);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    [
        blocking.build().send_text(Uid(10002), "hello").map(drop),
        runtime
            .block_on(client.build().send_text(Uid(10002), "hello"))
            .map(drop),
    ]
}

#[test]
fn an_authority_that_is_trusted_explicitly_is_enough() {
    let site = Site::named("localhost");
    for sent in send(&site, Some(site.authority.der().to_vec())) {
        assert_eq!(sent, Ok(()));
    }
}

#[test]
fn an_authority_that_nobody_trusts_is_refused_before_anything_is_sent() {
    let site = Site::named("localhost");
    for sent in send(&site, None) {
        let Err(Error::Transport(transport)) = sent else {
            panic!("{sent:?}")
        };
        assert!(!transport.cause.is_empty());
    }
    assert_eq!(site.sends(), 0);
}

#[test]
fn a_certificate_for_another_name_is_refused_before_anything_is_sent() {
    let site = Site::named("elsewhere.example");
    for sent in send(&site, Some(site.authority.der().to_vec())) {
        assert!(matches!(sent, Err(Error::Transport(_))), "{sent:?}");
    }
    assert_eq!(site.sends(), 0);
}

#[test]
fn a_change_that_tls_refuses_counts_as_not_sent() {
    let trusted = Site::named("localhost");
    let untrusted = Site::named("localhost");
    // Keys and the newest message are known from the trusted one; then the certificate changes.
    let device = "372778FD-E359-461D-86A3-EA2BCC6FF52A".parse().unwrap();
    let now = bili_im_proto::UnixMicros::from(SystemTime::now());
    let keys = bili_im_proto::SigningKeys::from_urls(&"a".repeat(32), &"b".repeat(32)).unwrap();
    let context = bili_im_proto::Context::new(device, now)
        .with_credential(credential())
        .with_keys(keys)
        .with_hosts(bili_im_proto::Hosts::single(untrusted.origin()));
    let outgoing = || {
        use bili_im_proto::{Effect, Endpoint, Outgoing, SendMsg, Text};
        let send = SendMsg::new(Uid(10002), Text::new("hello").unwrap());
        Outgoing {
            request: send.request(&context).unwrap(),
            max_body: 1000,
            timeout: std::time::Duration::from_secs(20),
            effect: Effect::Once,
        }
    };
    let roots = [trusted.authority.der().to_vec()];
    let blocking = bili_im_ureq::Client::builder(credential())
        .endpoint(untrusted.origin())
        .roots(roots.clone())
        .build();
    assert_eq!(blocking.exchange(outgoing()).unwrap_err().sent, Sent::No);
    let client = bili_im_reqwest::Client::builder(credential())
        .endpoint(untrusted.origin())
        .roots(roots)
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let failure = runtime.block_on(client.exchange(outgoing())).unwrap_err();
    assert_eq!(failure.sent, Sent::No);
    assert_eq!(untrusted.sends(), 0);
}
