//! Both adapters, made to look alike.

use std::io;

use bili_im_proto::{Credential, Endpoint, Error, Failure, Origin, Outgoing, http::Response};
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
}
