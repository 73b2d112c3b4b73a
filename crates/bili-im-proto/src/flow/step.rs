//! The contract between a flow and whoever drives it.

use std::{fmt, time::Duration};

use http::{Request, Response};

use crate::{
    endpoint::Body,
    error::{Error, Sent},
    spec::Effect,
    time::Monotonic,
};

/// What a flow is told.
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

impl fmt::Debug for Input {
    /// Shows neither headers nor bodies: they can hold a login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin => f.write_str("Begin"),
            Self::Woken => f.write_str("Woken"),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
            Self::Response(response) => f
                .debug_struct("Response")
                .field("status", &response.status())
                .field("length", &response.body().len())
                .finish_non_exhaustive(),
        }
    }
}

/// A request to which no whole answer came.
pub struct Failure {
    /// Whether it may have reached the service. [`Sent::No`] only when that is certain.
    pub sent: Sent,
    /// What happened, in the HTTP client's words, without addresses or headers.
    pub cause: String,
    /// Status and headers, when these came before things broke.
    pub head: Option<Box<http::response::Parts>>,
}

impl fmt::Debug for Failure {
    /// Shows no headers: they can hold a login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("sent", &self.sent)
            .field("cause", &self.cause)
            .field("status", &self.head.as_ref().map(|head| head.status))
            .finish()
    }
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
