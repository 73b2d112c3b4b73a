//! One type for both adapters.

use std::{
    convert::Infallible,
    future::ready,
    io,
    sync::mpsc::{TryRecvError, channel},
    time::Duration,
};

use bili_im_proto::{
    Account, Credential, Endpoint, Error, Failure, Flow, Image, MsgKey, Origin, Outgoing, Profile,
    PushEvent, SendTicket, SentMessage, Talker, Unread, http::Response,
};
use tokio::runtime::{Builder, Runtime};

use crate::Authority;

/// A client of either kind.
#[derive(Debug)]
pub enum Adapter {
    /// The blocking one.
    Ureq(bili_im_ureq::Client),
    /// The async one, with a runtime of one thread.
    Reqwest(bili_im_reqwest::Client, Runtime),
}

/// Does the same with either client, and waits for its end.
macro_rules! with_client {
    ($adapter:expr, $client:ident => $call:expr) => {
        match $adapter {
            Adapter::Ureq($client) => $call,
            Adapter::Reqwest($client, runtime) => runtime.block_on($call),
        }
    };
}

impl Adapter {
    /// One client of each kind.
    pub fn both(credential: &Credential, origin: &Origin) -> io::Result<[Self; 2]> {
        let ureq = bili_im_ureq::Client::builder(credential.clone()).endpoint(origin.clone());
        let reqwest = bili_im_reqwest::Client::builder(credential.clone()).endpoint(origin.clone());
        Ok([Self::Ureq(ureq.build()), Self::reqwest(|| reqwest.build())?])
    }

    /// Both, which trust this authority alone.
    pub fn trusting(
        authority: &Authority,
        credential: &Credential,
        origin: &Origin,
    ) -> io::Result<[Self; 2]> {
        let root = || [authority.der().to_vec()];
        let ureq = bili_im_ureq::Client::builder(credential.clone()).endpoint(origin.clone());
        let reqwest = bili_im_reqwest::Client::builder(credential.clone()).endpoint(origin.clone());
        let reqwest = Self::reqwest(|| reqwest.roots(root()).build())?;
        Ok([Self::Ureq(ureq.roots(root()).build()), reqwest])
    }

    /// The async one, made within its runtime.
    pub fn reqwest(client: impl FnOnce() -> bili_im_reqwest::Client) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let client = client();
        drop(entered);
        Ok(Self::Reqwest(client, runtime))
    }

    /// What it is built on.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ureq(_) => "ureq",
            Self::Reqwest(..) => "reqwest",
        }
    }

    /// The account of its calls.
    pub fn account(&self) -> &Account {
        match self {
            Self::Ureq(client) => client.account(),
            Self::Reqwest(client, _) => client.account(),
        }
    }

    /// Sends one request.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn exchange(&self, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
        with_client!(self, client => client.exchange(outgoing))
    }
}

/// Push.
impl Adapter {
    /// What happens first on a push connection, which is closed then. `None` when nothing does.
    pub fn first_push(&self) -> Option<PushEvent> {
        let (tell, told) = channel();
        // A connection that was told of enough need not tell more.
        let tell = move |event| drop(tell.send(event));
        match self {
            Self::Ureq(client) => {
                let _push = client.open_push(tell);
                told.recv().ok()
            }
            Self::Reqwest(client, runtime) => {
                let _inside = runtime.enter();
                let _push = client.open_push(tell);
                loop {
                    // The connection's task runs only meanwhile.
                    runtime.block_on(tokio::time::sleep(Duration::from_millis(1)));
                    match told.try_recv() {
                        Ok(event) => return Some(event),
                        Err(TryRecvError::Disconnected) => return None,
                        Err(TryRecvError::Empty) => {}
                    }
                }
            }
        }
    }
}

/// The methods that both clients have.
impl Adapter {
    /// Calls an endpoint.
    pub fn call<E>(&self, endpoint: E) -> Result<E::Response, Error>
    where
        E: Endpoint + Send + Sync + 'static,
        E::Response: Send,
    {
        with_client!(self, client => client.call(endpoint))
    }

    /// Drives a flow to its end.
    pub fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        with_client!(self, client => client.run(flow))
    }

    /// Sends a text.
    pub fn send_text(&self, talker: Talker, text: &str) -> Result<SentMessage, Error> {
        with_client!(self, client => client.send_text(talker, text))
    }

    /// Sends an image that was uploaded.
    pub fn send_image(&self, talker: Talker, image: Image) -> Result<SentMessage, Error> {
        with_client!(self, client => client.send_image(talker, image))
    }

    /// Sends a ticket, after `store` has stored it.
    pub fn send_ticket(
        &self,
        ticket: SendTicket,
        mut store: impl FnMut(SendTicket) -> Result<(), Error>,
    ) -> Result<SentMessage, Error> {
        match self {
            Self::Ureq(client) => client.send_ticket(ticket, store),
            Self::Reqwest(client, runtime) => {
                runtime.block_on(client.send_ticket(ticket, |ticket| ready(store(ticket))))
            }
        }
    }

    /// Recalls a message.
    pub fn recall(&self, talker: Talker, key: MsgKey) -> Result<(), Error> {
        with_client!(self, client => client.recall(talker, key))
    }

    /// The profile of the login.
    pub fn profile(&self) -> Result<Profile, Error> {
        with_client!(self, client => client.profile())
    }

    /// The unread counts.
    pub fn unread(&self) -> Result<Unread, Error> {
        with_client!(self, client => client.unread())
    }
}
