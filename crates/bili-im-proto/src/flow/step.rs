//! The contract between a flow and whoever drives it.

use std::{fmt, time::Duration};

use http::{Request, Response};

use crate::{
    endpoint::{Body, Effect},
    error::{Error, Sent},
    time::Monotonic,
};

/// What a flow is told.
#[derive(Debug)]
pub enum Input {
    /// Start.
    Begin,
    /// The answer to the request that was asked for.
    Response(Response<Vec<u8>>),
    /// The request that was asked for got no whole answer.
    Failed(Failure),
    /// The wait is over, or the item was taken.
    Woken,
}

/// What a flow wants next.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved once; a box would cost more"
)]
pub enum Step<Item, Output> {
    /// Send a request; resume with [`Input::Response`] or [`Input::Failed`].
    Send(Outgoing),
    /// Do nothing until then; resume with [`Input::Woken`].
    WaitUntil(Monotonic),
    /// Take this; resume with [`Input::Woken`].
    Item(Item),
    /// The flow is over.
    Done(Result<Output, Error>),
}

/// A request to send.
pub struct Outgoing {
    /// The request.
    pub request: Request<Body>,
    /// The most bytes of an answer's body to read; a longer answer is a failure.
    pub max_body: usize,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// What the request does. For logs: whether to repeat it is the flow's business.
    pub effect: Effect,
}

impl fmt::Debug for Outgoing {
    /// Shows no query: it can hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", self.request.method())
            .field("path", &self.request.uri().path())
            .field("body", self.request.body())
            .field("max_body", &self.max_body)
            .field("timeout", &self.timeout)
            .field("effect", &self.effect)
            .finish()
    }
}

/// A request to which no whole answer came.
#[derive(Debug)]
pub struct Failure {
    /// Whether it may have reached the service. [`Sent::No`] only when that is certain.
    pub sent: Sent,
    /// What happened, in the HTTP client's words, without addresses or headers.
    pub cause: String,
    /// Status and headers, when these came before things broke.
    pub head: Option<Box<http::response::Parts>>,
}

impl Failure {
    /// A failure without any answer.
    pub fn new(sent: Sent, cause: impl Into<String>) -> Self {
        Self {
            sent,
            cause: cause.into(),
            head: None,
        }
    }
}
