//! [`Flow`], which its caller runs step by step.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    account::Account,
    error::Error,
    flow::{
        io::{Ask, FlowLine, Io, Reply},
        step::{Input, Step},
    },
    line::Line,
    time::Now,
};

type BoxedFuture<Output> = Pin<Box<dyn Future<Output = Result<Output, Error>> + Send>>;

/// A sequence of requests to the service, which the caller runs step by step. The caller owns the
/// socket and the clock:
///
/// ```
/// # use bili_im_proto::{Error, Failure, Flow, Input, Monotonic, Now, Outgoing, Step};
/// fn drive<Item, Output>(
///     flow: &mut Flow<Item, Output>,
///     now: impl Fn() -> Now,
///     send: impl Fn(Outgoing) -> Result<http::Response<Vec<u8>>, Failure>,
///     sleep_until: impl Fn(Monotonic),
///     mut take: impl FnMut(Item),
/// ) -> Result<Output, Error> {
///     let mut input = Input::Begin;
///     loop {
///         input = match flow.resume(now(), input) {
///             Step::Send(outgoing) => send(outgoing).map_or_else(Input::Failed, Input::Response),
///             Step::WaitUntil(moment) => {
///                 sleep_until(moment);
///                 Input::Woken
///             }
///             Step::Item(item) => {
///                 take(item);
///                 Input::Woken
///             }
///             Step::Done(result) => return result,
///         };
///     }
/// }
/// ```
pub struct Flow<Item, Output> {
    line: FlowLine<Item>,
    /// `None` once it has ended.
    future: Option<BoxedFuture<Output>>,
    /// Whether the last step was a request, and is not yet answered.
    is_request_out: bool,
}

impl<Item, Output> Flow<Item, Output> {
    pub(crate) fn new<F>(script: impl FnOnce(FlowLine<Item>) -> F) -> Self
    where
        F: Future<Output = Result<Output, Error>> + Send + 'static,
    {
        let line = Line::new();
        Self {
            future: Some(Box::pin(script(line.clone()))),
            line,
            is_request_out: false,
        }
    }

    /// A flow that makes calls for an account.
    pub(crate) fn of<F>(account: &Account, script: impl FnOnce(Io<Item>) -> F) -> Self
    where
        F: Future<Output = Result<Output, Error>> + Send + 'static,
    {
        Self::new(|line| script(Io::new(account.clone(), line)))
    }

    /// Runs the flow until it needs something from the caller.
    ///
    /// Every input is accepted at every time:
    /// - [`Input::Woken`] before the end of a wait: the flow asks for the wait again, or goes on if
    ///   it has other news.
    /// - An input without an answer while a request is out: the request failed, and was
    ///   [perhaps sent](crate::Sent::Maybe).
    /// - An answer while no request is out: it is dropped, and counts as [`Input::Woken`].
    /// - Any input after [`Step::Done`]: the flow returns [`Error::Finished`].
    pub fn resume(&mut self, now: Now, input: Input) -> Step<Item, Output> {
        // Put back only when the flow goes on: one that panicked has ended.
        let Some(mut future) = self.future.take() else {
            return Step::Done(Err(Error::Finished));
        };
        let reply = match input {
            Input::Response(response) if self.is_request_out => Reply::Response(response),
            Input::Failed(failure) if self.is_request_out => Reply::Failed(failure),
            _ => Reply::Woken,
        };
        self.line.tell(now, reply);
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return Step::Done(result);
        }
        let step = match self.line.take_ask() {
            Some(Ask::Send(outgoing)) => Step::Send(outgoing),
            Some(Ask::WaitUntil(moment)) => Step::WaitUntil(moment),
            Some(Ask::Item(item)) => Step::Item(item),
            // A flow waits for nothing but its own line.
            None => return Step::Done(Err(Error::Finished)),
        };
        self.is_request_out = matches!(step, Step::Send(_));
        self.future = Some(future);
        step
    }
}

impl<Item, Output> fmt::Debug for Flow<Item, Output> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("is_request_out", &self.is_request_out)
            .field("has_ended", &self.future.is_none())
            .finish()
    }
}
