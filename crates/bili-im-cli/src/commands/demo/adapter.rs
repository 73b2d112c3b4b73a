//! The two adapters, as the demonstration uses them.

use std::convert::Infallible;

use bili_im_proto::{Account, Credential, Error, Flow, Origin};

/// The part of a client that the demonstration uses.
pub(super) trait Adapter: Sized {
    const NAME: &'static str;

    fn log_in(credential: Credential, endpoint: Origin) -> Self;

    fn account(&self) -> &Account;

    async fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error>;
}

impl Adapter for bili_im_ureq::Client {
    const NAME: &'static str = "bili-im-ureq, blocking";

    fn log_in(credential: Credential, endpoint: Origin) -> Self {
        Self::builder(credential).endpoint(endpoint).build()
    }

    fn account(&self) -> &Account {
        self.account()
    }

    async fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        self.run(flow)
    }
}

impl Adapter for bili_im_reqwest::Client {
    const NAME: &'static str = "bili-im-reqwest, async";

    fn log_in(credential: Credential, endpoint: Origin) -> Self {
        Self::builder(credential).endpoint(endpoint).build()
    }

    fn account(&self) -> &Account {
        self.account()
    }

    async fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        self.run(flow).await
    }
}
