//! The simulated service on loopback, in real time.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::{net::Ipv4Addr, time::SystemTime};

use bili_im_proto::{Credential, Origin};
use bili_im_sim::{
    Message, Mode, Server, Service, Snapshot, Talker, UnixMicros, World, faults::Rule,
    rustls::ServerConfig,
};

/// The demo account that tests log in as.
pub const DEMO_UID: u64 = 10_001;

/// A friend of that account.
pub const DEMO_FRIEND: u64 = 10_002;

/// The login that the simulated service gives an account, unless its world has another.
pub fn sim_login(uid: u64) -> Credential {
    Credential::parse(&bili_im_sim::Account::new(uid).cookie()).unwrap()
}

/// The login of the demo account.
pub fn demo_login() -> Credential {
    let cookie = World::demo().account(DEMO_UID).unwrap().cookie();
    Credential::parse(&cookie).unwrap()
}

/// A strict service, stopped when it is dropped.
#[derive(Debug)]
pub struct Live {
    /// The server.
    pub server: Server,
    /// Where it is.
    pub origin: Origin,
}

impl Live {
    /// A service in the demo world.
    pub fn demo() -> Self {
        Self::of(World::demo())
    }

    /// A service in this world.
    pub fn of(world: World) -> Self {
        let server = Server::start(service(world), (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let origin = format!("http://{}", server.addr()).parse().unwrap();
        Self { server, origin }
    }

    /// A service in this world inside TLS, under the name `localhost`.
    pub fn secure(world: World, config: ServerConfig) -> Self {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let server = Server::start_tls(service(world), address, config).unwrap();
        let origin = format!("https://localhost:{}", server.addr().port());
        let origin = origin.parse().unwrap();
        Self { server, origin }
    }

    /// Does something with the service at the present time.
    pub fn with<T>(&self, act: impl FnOnce(&mut Service, UnixMicros) -> T) -> T {
        let now = SystemTime::now().into();
        self.server.with(|service| act(service, now))
    }

    /// What is there now.
    pub fn snapshot(&self) -> Snapshot {
        self.with(|service, now| service.snapshot(now))
    }

    /// How often a path with this end was asked for.
    pub fn requests(&self, end: &str) -> u64 {
        let counts = self.snapshot().requests.into_iter();
        let counts = counts.filter(|(path, _)| path.ends_with(end));
        counts.map(|(_, count)| count.requests).sum()
    }

    /// Makes something go wrong.
    pub fn fault(&self, rule: Rule) {
        self.with(|service, _| service.add_fault(rule)).unwrap();
    }

    /// Somebody writes a text to the demo account.
    pub fn write(&self, from: u64, text: &str) {
        let message = Message::text(from, Talker::user(DEMO_UID), text);
        self.with(|service, now| service.write(message, now))
            .unwrap();
    }
}

fn service(world: World) -> Service {
    Service::new(world.in_mode(Mode::Strict), SystemTime::now().into()).unwrap()
}
