//! A flow as its driver sees it.

use std::{
    fmt,
    future::Future,
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

/// A conversation with the service that takes several steps.
///
/// Whoever drives it owns the socket and the clock:
///
/// ```
/// # use bili_im_proto::{Error, Failure, Flow, Input, Monotonic, Now, Outgoing, Step};
/// fn drive<Item, Output>(
///     flow: &mut Flow<Item, Output>,
///     now: impl Fn() -> Now,
///     send: impl Fn(Outgoing) -> Result<http::Response<Vec<u8>>, Failure>,
///     sleep_until: impl Fn(Monotonic),
///     take: impl Fn(Item),
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
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Fresh,
    RequestOut,
    Paused,
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
            state: State::Fresh,
        }
    }

    /// A flow of an account.
    pub(crate) fn of<F>(account: &Account, script: impl FnOnce(Io<Item>) -> F) -> Self
    where
        F: Future<Output = Result<Output, Error>> + Send + 'static,
    {
        Self::new(|line| script(Io::new(account.clone(), line)))
    }

    /// Goes on until the flow wants something from outside.
    ///
    /// Wrong use is defined: resumed too early, a wait is asked for again; resumed without an
    /// answer while a request is out, the request counts as failed and [perhaps
    /// sent](crate::Sent::Maybe); an answer that nobody waits for is dropped; after [`Step::Done`]
    /// comes [`Error::Finished`].
    pub fn resume(&mut self, now: Now, input: Input) -> Step<Item, Output> {
        // Taken out, so that a flow that panicked has ended.
        let Some(mut future) = self.future.take() else {
            return Step::Done(Err(Error::Finished));
        };
        let reply = match (self.state, input) {
            (State::Fresh, _) => None,
            (State::RequestOut, Input::Response(response)) => Some(Reply::Response(response)),
            (State::RequestOut, Input::Failed(failure)) => Some(Reply::Failed(failure)),
            (State::RequestOut, Input::Begin | Input::Woken) | (State::Paused, _) => {
                Some(Reply::Woken)
            }
        };
        self.line.tell(now, reply);
        let mut context = Context::from_waker(Waker::noop());
        let asked = match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => return Step::Done(result),
            Poll::Pending => self.line.take_ask(),
        };
        let (state, step) = match asked {
            Some(Ask::Send(outgoing)) => (State::RequestOut, Step::Send(outgoing)),
            Some(Ask::WaitUntil(moment)) => (State::Paused, Step::WaitUntil(moment)),
            Some(Ask::Item(item)) => (State::Paused, Step::Item(item)),
            // A flow waits for nothing else.
            None => return Step::Done(Err(Error::Finished)),
        };
        self.future = Some(future);
        self.state = state;
        step
    }
}

impl<Item, Output> fmt::Debug for Flow<Item, Output> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("state", &self.state)
            .field("ended", &self.future.is_none())
            .finish()
    }
}
