//! The simulated service of the demonstration.

use std::{fmt::Display, net::Ipv4Addr, time::SystemTime};

use bili_im_proto::{Credential, InvalidOrigin, MsgKey, Origin, Uid};
use bili_im_sim::{
    Accepts, Account, Message, MessageState, Server, Service, Snapshot, Talker, World, faults::Rule,
};
use tokio::runtime::Builder;

use super::adapter::{Adapter, AdapterName};
use crate::failure::Failure;

pub(super) const CREATOR: Uid = Uid(10001);
pub(super) const FRIEND: Uid = Uid(10002);
/// Accepts no messages.
pub(super) const REFUSER: Uid = Uid(10003);

pub(super) struct Stage {
    pub(super) adapter: AdapterName,
    pub(super) origin: Origin,
    login: Credential,
    server: Server,
}

impl Stage {
    pub(super) fn new(adapter: AdapterName) -> Result<Self, Failure> {
        let mut world = World::demo();
        for account in (world.accounts.iter_mut()).filter(|one| one.uid.0 == REFUSER.0) {
            account.accepts = Accepts::Nobody;
        }
        let cookie = world.account(CREATOR.0).map(Account::cookie);
        let service = Service::new(world, SystemTime::now().into()).map_err(other)?;
        let server = Server::start(service, (Ipv4Addr::LOCALHOST, 0).into()).map_err(other)?;
        let origin = format!("http://{}", server.addr()).parse();
        Ok(Self {
            adapter,
            origin: origin.map_err(other::<InvalidOrigin>)?,
            login: Credential::parse(&cookie.unwrap_or_default()).map_err(other)?,
            server,
        })
    }

    /// A client of the creator, which knows as little as that of a new process.
    pub(super) fn log_in(&self) -> Result<Adapter, Failure> {
        let (login, origin) = (self.login.clone(), self.origin.clone());
        Ok(match self.adapter {
            AdapterName::Ureq => {
                let client = bili_im_ureq::Client::builder(login).endpoint(origin);
                Adapter::Ureq(client.build())
            }
            AdapterName::Reqwest => {
                let runtime = Builder::new_current_thread().enable_all().build();
                let client = bili_im_reqwest::Client::builder(login).endpoint(origin);
                Adapter::Reqwest(client.build(), runtime.map_err(other)?)
            }
        })
    }

    pub(super) fn fault(&self, rule: Rule) -> Result<(), Failure> {
        (self.server.with(|service| service.add_fault(rule))).map_err(other)
    }

    /// Writes to the creator, as on the phone of `from`.
    pub(super) fn write(&self, from: Uid, text: &str) -> Result<MsgKey, Failure> {
        let message = Message::text(from.0, Talker::user(CREATOR.0), text);
        let now = SystemTime::now().into();
        let (key, _) = (self.server.with(|service| service.write(message, now))).map_err(other)?;
        Ok(MsgKey(key.0))
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let now = SystemTime::now().into();
        self.server.with(|service| service.snapshot(now))
    }

    /// The messages with this text that the service has between two users, oldest first.
    pub(super) fn stored(&self, from: Uid, to: Uid, text: &str) -> Vec<MsgKey> {
        let is_one = |message: &&MessageState| {
            (message.from.0, message.talker) == (from.0, Talker::user(to.0))
                && message.content.contains(text)
        };
        let messages = self.snapshot().messages;
        let keys = messages.iter().filter(is_one);
        keys.map(|message| MsgKey(message.msg_key.0)).collect()
    }
}

pub(super) fn other<E: Display>(error: E) -> Failure {
    Failure::other(error.to_string())
}
