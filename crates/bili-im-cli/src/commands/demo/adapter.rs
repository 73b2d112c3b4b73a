//! A client over either adapter.

use std::{convert::Infallible, future::ready};

use bili_im_proto::{Account, Error, Flow};
use clap::ValueEnum;
use serde::Serialize;
use tokio::runtime::Runtime;

#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AdapterName {
    /// The blocking one
    Ureq,
    /// The async one
    Reqwest,
}

pub(super) enum Adapter {
    Ureq(bili_im_ureq::Client),
    Reqwest(bili_im_reqwest::Client, Runtime),
}

impl Adapter {
    pub(super) fn account(&self) -> &Account {
        match self {
            Self::Ureq(client) => client.account(),
            Self::Reqwest(client, _) => client.account(),
        }
    }

    pub(super) fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        self.run_with(flow, |never| match never {})
    }

    /// Runs a flow to its end, or to the first error of `take`.
    pub(super) fn run_with<Item, T, E: From<Error>>(
        &self,
        flow: Flow<Item, T>,
        mut take: impl FnMut(Item) -> Result<(), E>,
    ) -> Result<T, E> {
        match self {
            Self::Ureq(client) => client.run_with(flow, take),
            Self::Reqwest(client, runtime) => {
                runtime.block_on(client.run_with(flow, |item| ready(take(item))))
            }
        }
    }
}
