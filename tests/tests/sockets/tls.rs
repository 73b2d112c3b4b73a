//! Both adapters over real TLS: what they trust, and that a refusal means that nothing was sent.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use bili_im_proto::{
    Context, Credential, Effect, Endpoint, Error, Hosts, Origin, Outgoing, SendMsg, Sent,
    SigningKeys, Talker, Text, Uid, UnixMicros,
};
use bili_im_sim::{Mode, Server, Service, World};
use bili_im_tests::{Adapter, Authority};

/// A service whose certificate a made-up authority signed.
struct Site {
    server: Server,
    authority: Authority,
}

impl Site {
    fn named(name: &str) -> Self {
        let authority = Authority::new().unwrap();
        let config = authority.vouch_for(name).unwrap();
        let service = Service::new(
            World::demo().in_mode(Mode::Strict),
            SystemTime::now().into(),
        )
        .unwrap();
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            server: Server::start_tls(service, addr, config).unwrap(),
            authority,
        }
    }

    fn origin(&self) -> Origin {
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

/// Both adapters, with these roots or those of the system.
fn both(site: &Site, roots: Option<Vec<u8>>) -> [Adapter; 2] {
    let mut ureq = bili_im_ureq::Client::builder(credential()).endpoint(site.origin());
    let mut reqwest = bili_im_reqwest::Client::builder(credential()).endpoint(site.origin());
    if let Some(root) = roots {
        ureq = ureq.roots([root.clone()]);
        reqwest = reqwest.roots([root]);
    }
    let reqwest = Adapter::reqwest(|| reqwest.build()).unwrap();
    [Adapter::Ureq(ureq.build()), reqwest]
}

/// Sends a text over both adapters.
fn send(site: &Site, roots: Option<Vec<u8>>) -> [Result<(), Error>; 2] {
    let to = Talker::user(10002);
    both(site, roots).map(|adapter| adapter.send_text(to, "hello").map(drop))
}

#[test]
fn an_authority_that_is_trusted_explicitly_is_enough() {
    let site = Site::named("localhost");
    for sent in send(&site, Some(site.authority.der().to_vec())) {
        assert_eq!(sent, Ok(()));
    }
}

/// Sees to it that nothing was sent, and why is told.
fn check_refused(sent: &Result<(), Error>) {
    let Err(Error::NotSent(not_sent)) = sent else {
        panic!("{sent:?}")
    };
    let Error::Transport(transport) = &not_sent.cause else {
        panic!("{sent:?}")
    };
    assert!(!transport.cause.is_empty());
}

#[test]
fn an_authority_that_nobody_trusts_is_refused_before_anything_is_sent() {
    let site = Site::named("localhost");
    send(&site, None).iter().for_each(check_refused);
    assert_eq!(site.sends(), 0);
}

#[test]
fn a_certificate_for_another_name_is_refused_before_anything_is_sent() {
    let site = Site::named("elsewhere.example");
    let sent = send(&site, Some(site.authority.der().to_vec()));
    sent.iter().for_each(check_refused);
    assert_eq!(site.sends(), 0);
}

#[test]
fn a_change_that_tls_refuses_counts_as_not_sent() {
    let trusted = Site::named("localhost");
    let untrusted = Site::named("localhost");
    let device = "372778FD-E359-461D-86A3-EA2BCC6FF52A".parse().unwrap();
    let now = UnixMicros::from(SystemTime::now());
    let keys = SigningKeys::from_urls(&"a".repeat(32), &"b".repeat(32)).unwrap();
    let context = Context::new(device, now)
        .with_credential(credential())
        .with_keys(keys)
        .with_hosts(Hosts::single(untrusted.origin()));
    let send = SendMsg::new(Uid(10002), Text::new("hello").unwrap());
    for adapter in both(&untrusted, Some(trusted.authority.der().to_vec())) {
        let outgoing = Outgoing {
            request: send.request(&context).unwrap(),
            max_body: 1000,
            timeout: Duration::from_secs(20),
            effect: Effect::Once,
        };
        assert_eq!(adapter.exchange(outgoing).unwrap_err().sent, Sent::No);
    }
    assert_eq!(untrusted.sends(), 0);
}
