//! One type for both adapters.

use std::{convert::Infallible, io};

use bili_im_proto::{
    Account, Credential, Endpoint, Error, Failure, Flow, Image, MsgKey, Origin, Outgoing,
    SentMessage, Talker, http::Response,
};
use tokio::runtime::{Builder, Runtime};

/// A client of either kind.
#[derive(Debug)]
pub enum Adapter {
    /// The blocking one.
    Ureq(bili_im_ureq::Client),
    /// The async one, with a runtime of one thread.
    Reqwest(bili_im_reqwest::Client, Runtime),
}

impl Adapter {
    /// One client of each kind.
    ///
    /// # Errors
    /// When there can be no runtime.
    pub fn both(credential: &Credential, origin: &Origin) -> io::Result<[Self; 2]> {
        let ureq = bili_im_ureq::Client::builder(credential.clone()).endpoint(origin.clone());
        let reqwest = bili_im_reqwest::Client::builder(credential.clone()).endpoint(origin.clone());
        Ok([Self::Ureq(ureq.build()), Self::reqwest(|| reqwest.build())?])
    }

    /// The async one, made within its runtime.
    ///
    /// # Errors
    /// When there can be no runtime.
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

    /// Sends one request.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn exchange(&self, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
        match self {
            Self::Ureq(client) => client.exchange(outgoing),
            Self::Reqwest(client, runtime) => runtime.block_on(client.exchange(outgoing)),
        }
    }

    /// Calls an endpoint.
    ///
    /// # Errors
    /// As every call.
    pub fn call<E>(&self, endpoint: E) -> Result<E::Response, Error>
    where
        E: Endpoint + Send + Sync + 'static,
        E::Response: Send,
    {
        match self {
            Self::Ureq(client) => client.call(endpoint),
            Self::Reqwest(client, runtime) => runtime.block_on(client.call(endpoint)),
        }
    }
    /// The account of its calls.
    pub fn account(&self) -> &Account {
        match self {
            Self::Ureq(client) => client.account(),
            Self::Reqwest(client, _) => client.account(),
        }
    }

    /// Drives a flow to its end.
    ///
    /// # Errors
    /// What the flow ends with.
    pub fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        match self {
            Self::Ureq(client) => client.run(flow),
            Self::Reqwest(client, runtime) => runtime.block_on(client.run(flow)),
        }
    }

    /// All items of a flow.
    ///
    /// # Errors
    /// What the flow ends with.
    pub fn items<T>(&self, flow: Flow<T, ()>) -> Result<Vec<T>, Error> {
        match self {
            Self::Ureq(client) => client.items(flow).collect(),
            Self::Reqwest(client, runtime) => runtime.block_on(async {
                let mut items = client.items(flow);
                let mut all = Vec::new();
                while let Some(item) = items.next().await {
                    all.push(item?);
                }
                Ok(all)
            }),
        }
    }

    /// Sends a text.
    ///
    /// # Errors
    /// As every send.
    pub fn send_text(&self, talker: Talker, text: &str) -> Result<SentMessage, Error> {
        match self {
            Self::Ureq(client) => client.send_text(talker, text),
            Self::Reqwest(client, runtime) => runtime.block_on(client.send_text(talker, text)),
        }
    }

    /// Sends an image that was uploaded.
    ///
    /// # Errors
    /// As every send.
    pub fn send_image(&self, talker: Talker, image: Image) -> Result<SentMessage, Error> {
        match self {
            Self::Ureq(client) => client.send_image(talker, image),
            Self::Reqwest(client, runtime) => runtime.block_on(client.send_image(talker, image)),
        }
    }

    /// Recalls a message.
    ///
    /// # Errors
    /// As every recall.
    pub fn recall(&self, talker: Talker, key: MsgKey) -> Result<(), Error> {
        match self {
            Self::Ureq(client) => client.recall(talker, key),
            Self::Reqwest(client, runtime) => runtime.block_on(client.recall(talker, key)),
        }
    }

    /// The profile of the login.
    ///
    /// # Errors
    /// As every call.
    pub fn profile(&self) -> Result<(), Error> {
        match self {
            Self::Ureq(client) => client.profile().map(drop),
            Self::Reqwest(client, runtime) => runtime.block_on(client.profile()).map(drop),
        }
    }

    /// The unread counts.
    ///
    /// # Errors
    /// As every call.
    pub fn unread(&self) -> Result<(), Error> {
        match self {
            Self::Ureq(client) => client.unread().map(drop),
            Self::Reqwest(client, runtime) => runtime.block_on(client.unread()).map(drop),
        }
    }
}
