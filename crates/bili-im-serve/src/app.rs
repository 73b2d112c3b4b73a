//! What the faces over HTTP share.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::{Body, Bytes, to_bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header::CONTENT_LENGTH};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{config::Config, core::Core, rights::Rights};

/// How many requests with a large body there are at once.
const LARGE: usize = 4;

/// How many connections there are at once that have not said yet who they are.
const STRANGERS: usize = 16;

/// What the faces over HTTP share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) core: Core,
    pub(crate) config: Config,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    pub(crate) streams: Arc<Semaphore>,
    /// How many connections have not said yet who they are.
    pub(crate) strangers: Arc<Semaphore>,
    /// How many requests with a large body there are at once.
    large: Arc<Semaphore>,
}

/// A whole body. While it is here, it counts as one that is being handled.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

impl App {
    pub(crate) fn new(core: Core, config: Config, address: SocketAddr) -> Self {
        Self {
            streams: Arc::new(Semaphore::new(core.shared().limits.streams)),
            core,
            config,
            address,
            strangers: Arc::new(Semaphore::new(STRANGERS)),
            large: Arc::new(Semaphore::new(LARGE)),
        }
    }

    /// The rights of a token. Without tokens, everyone may do everything.
    pub(crate) fn rights(&self, token: &[u8]) -> Option<Rights> {
        match &self.config.tokens {
            Some(tokens) => tokens.rights(token).cloned(),
            None => Some(Rights::all("local")),
        }
    }

    /// Waits until one more large body can be handled.
    pub(crate) async fn take_large(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.large).acquire_owned().await.ok()
    }

    /// A whole body. Few large ones are handled at once.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Whole, Response> {
        let limits = &self.core.shared().limits;
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let is_large = length.is_some_and(|length: usize| length > limits.body);
        let (most, permit) = match is_large {
            true => (limits.image_body, self.take_large().await),
            false => (limits.body, None),
        };
        let refused = match timeout(limits.patience, to_bytes(body, most)).await {
            Ok(Ok(bytes)) => {
                return Ok(Whole {
                    bytes,
                    _permit: permit,
                });
            }
            Ok(Err(_)) => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Err(_) => (StatusCode::REQUEST_TIMEOUT, "the body is late\n"),
        };
        Err(refused.into_response())
    }
}
