//! One call over loopback: by the adapters, and by hand on the same HTTP clients.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bili_im_proto::{Account, Credential, Hosts, Unread};
use bili_im_sim::{Service, World};
use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, ORIGIN, REFERER, USER_AGENT},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde::Deserialize;

use crate::{OWN_UID, Result, loopback, sign};

/// An answer with unread counts.
pub const ANSWER: &str = r#"{"code":0,"msg":"0","message":"0","ttl":1,"data":{"unfollow_unread":1,"follow_unread":6,"unfollow_push_msg":0,"dustbin_push_msg":0,"dustbin_unread":0,"biz_msg_unfollow_unread":0,"biz_msg_follow_unread":0,"custom_unread":0}}"#;

/// The time limit of a request, for both sides.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The largest answer, in bytes. ureq has its own limit.
const MOST_BYTES: usize = 10 << 20;

#[derive(Deserialize)]
struct Answer {
    code: i64,
    message: String,
    data: Counts,
}

/// The counts as a strict derive.
#[derive(Debug, Deserialize)]
pub struct Counts {
    unfollow_unread: u64,
    follow_unread: u64,
    unfollow_push_msg: u64,
    dustbin_push_msg: u64,
    dustbin_unread: u64,
    biz_msg_unfollow_unread: u64,
    biz_msg_follow_unread: u64,
    custom_unread: u64,
}

impl Counts {
    fn read(body: &[u8]) -> Result<Self> {
        let answer: Answer = serde_json::from_slice(body)?;
        if answer.code == 0 {
            Ok(answer.data)
        } else {
            Err(answer.message.into())
        }
    }

    fn equal(&self, ours: &Unread) -> bool {
        let counts = [
            (self.unfollow_unread, ours.unfollow_unread),
            (self.follow_unread, ours.follow_unread),
            (self.unfollow_push_msg, ours.unfollow_push_msg),
            (self.dustbin_push_msg, ours.dustbin_push_msg),
            (self.dustbin_unread, ours.dustbin_unread),
            (self.biz_msg_unfollow_unread, ours.biz_msg_unfollow_unread),
            (self.biz_msg_follow_unread, ours.biz_msg_follow_unread),
            (self.custom_unread, ours.custom_unread),
        ];
        counts.iter().all(|(by_hand, ours)| by_hand == ours)
    }
}

/// The state of the code by hand.
#[derive(Debug)]
struct ByHand {
    origin: String,
    headers: HeaderMap,
}

impl ByHand {
    fn new(origin: &str) -> Result<Self> {
        let mut cookie = HeaderValue::from_str(crate::COOKIE)?;
        cookie.set_sensitive(true);
        let headers = [
            (USER_AGENT, sign::user_agent()?),
            (
                REFERER,
                HeaderValue::from_static("https://message.bilibili.com/"),
            ),
            (
                ORIGIN,
                HeaderValue::from_static("https://message.bilibili.com"),
            ),
            (COOKIE, cookie),
        ];
        Ok(Self {
            origin: origin.to_owned(),
            headers: headers.into_iter().collect(),
        })
    }

    fn url(&self) -> String {
        format!(
            "{}/session_svr/v1/session_svr/single_unread?build=0&mobi_app=web",
            self.origin
        )
    }
}

fn account(origin: &str) -> Result<Account> {
    let builder = Account::builder(Credential::parse(crate::COOKIE)?, [7; 24]);
    Ok(builder.hosts(Hosts::single(origin.parse()?)).build())
}

/// An HTTP client for loopback.
pub fn http() -> Result<reqwest::Client> {
    // reqwest needs a TLS configuration, although loopback does not use it.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}

/// The call through reqwest.
pub struct Reqwest {
    client: bili_im_reqwest::Client,
    http: reqwest::Client,
    by_hand: ByHand,
}

impl Reqwest {
    /// Makes the clients for a service at `origin`.
    pub fn new(origin: &str) -> Result<Self> {
        let http = http()?;
        Ok(Self {
            client: bili_im_reqwest::Client::from_client(account(origin)?, http.clone()),
            http,
            by_hand: ByHand::new(origin)?,
        })
    }

    /// Makes the call with the adapter.
    pub async fn ours(&self) -> Result<Unread> {
        Ok(self.client.unread().await?)
    }

    /// Makes the call by hand.
    pub async fn by_hand(&self) -> Result<Counts> {
        let request = self.http.get(self.by_hand.url());
        let request = request.headers(self.by_hand.headers.clone());
        let mut answer = request.send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if chunk.len() > MOST_BYTES - body.len() {
                return Err("the answer is too long".into());
            }
            body.extend_from_slice(&chunk);
        }
        Counts::read(&body)
    }
}

/// The call through ureq.
pub struct Ureq {
    client: bili_im_ureq::Client,
    agent: ureq::Agent,
    by_hand: ByHand,
}

impl Ureq {
    /// Makes the clients for a service at `origin`.
    pub fn new(origin: &str) -> Result<Self> {
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Self {
            client: bili_im_ureq::Client::from_agent(account(origin)?, agent.clone()),
            agent,
            by_hand: ByHand::new(origin)?,
        })
    }

    /// Makes the call with the adapter.
    pub fn ours(&self) -> Result<Unread> {
        Ok(self.client.unread()?)
    }

    /// Makes the call by hand.
    pub fn by_hand(&self) -> Result<Counts> {
        let mut request = self.agent.get(self.by_hand.url());
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.by_hand.headers.clone());
        }
        let mut answer = request.call()?;
        Counts::read(&answer.body_mut().read_to_vec()?)
    }
}

/// Starts a simulated service with the account.
pub fn simulated() -> Result<bili_im_sim::Server> {
    let mut account = bili_im_sim::Account::new(OWN_UID);
    account.sessdata = "5e4b8c1f,1776054379,6a1d2*a1CjBvQ0xW".to_owned();
    let mut world = World::default();
    world.accounts.push(account);
    let service = Service::new(world, SystemTime::now().into())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(bili_im_sim::Server::start(service, address)?)
}

/// Checks that adapter and code by hand send the same request and read the same counts.
pub async fn check() -> Result<()> {
    let server = loopback::Server::start(ANSWER)?;
    let reqwest = Reqwest::new(server.origin())?;
    let ureq = Ureq::new(server.origin())?;
    let (ours, by_hand) = (reqwest.ours().await?, reqwest.by_hand().await?);
    let reqwest_agrees = by_hand.equal(&ours);
    let ureq_agrees = ureq.by_hand()?.equal(&ureq.ours()?);
    let requests = server.requests();
    let [reqwest_ours, reqwest_by_hand, ureq_ours, ureq_by_hand] = &requests[..] else {
        return Err(format!("{} requests came instead of 4", requests.len()).into());
    };
    if reqwest_agrees && ureq_agrees && reqwest_ours == reqwest_by_hand && ureq_ours == ureq_by_hand
    {
        Ok(())
    } else {
        Err(format!("the calls differ: {requests:#?}").into())
    }
}
