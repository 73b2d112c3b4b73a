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
        io::{Ask, Io, Line, Reply},
        step::{Input, Step},
    },
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
    line: Line<Item>,
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
    pub(crate) fn new<F>(script: impl FnOnce(Line<Item>) -> F) -> Self
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

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use http::{Request, Response};

    use super::*;
    use crate::{
        endpoint::Body,
        error::Sent,
        flow::step::Outgoing,
        spec::Effect,
        time::{Monotonic, UnixMicros},
    };

    fn at(seconds: u64) -> Now {
        Now {
            unix: UnixMicros(seconds * 1_000_000),
            mono: Monotonic(Duration::from_secs(seconds)),
        }
    }

    fn outgoing() -> Outgoing {
        Outgoing {
            request: Request::new(Body::default()),
            max_body: 1,
            timeout: Duration::from_secs(1),
            effect: Effect::Read,
        }
    }

    fn fetching() -> Flow<Infallible, Result<Vec<u8>, Sent>> {
        Flow::new(|io| async move {
            let fetched = io.fetch(outgoing()).await;
            Ok(fetched.map(Response::into_body).map_err(|f| f.sent))
        })
    }

    fn sleeping() -> Flow<Infallible, ()> {
        Flow::new(|io| async move {
            io.sleep(Duration::from_secs(10)).await;
            Ok(())
        })
    }

    #[test]
    fn an_answer_reaches_the_flow_that_asked() {
        let mut flow = fetching();
        assert!(matches!(flow.resume(at(0), Input::Begin), Step::Send(_)));
        let answer = Input::Response(Response::new(vec![7]));
        let Step::Done(Ok(Ok(body))) = flow.resume(at(1), answer) else {
            panic!("not done")
        };
        assert_eq!(body, [7]);
    }

    #[test]
    fn woken_while_a_request_is_out_it_counts_as_perhaps_sent() {
        for input in [Input::Woken, Input::Begin] {
            let mut flow = fetching();
            let _ = flow.resume(at(0), Input::Begin);
            let Step::Done(Ok(Err(sent))) = flow.resume(at(1), input) else {
                panic!("not done")
            };
            assert_eq!(sent, Sent::Maybe);
        }
    }

    #[test]
    fn woken_too_early_it_wants_the_same_wait() {
        let mut flow = sleeping();
        let until = Monotonic(Duration::from_secs(11));
        for (input, moment) in [
            (Input::Begin, 1),
            (Input::Woken, 5),
            (Input::Response(Response::new(vec![])), 6),
            (Input::Woken, 3),
        ] {
            let Step::WaitUntil(moment) = flow.resume(at(moment), input) else {
                panic!("not waiting")
            };
            assert_eq!(moment, until);
        }
        assert!(matches!(
            flow.resume(at(11), Input::Woken),
            Step::Done(Ok(()))
        ));
    }

    #[test]
    fn an_item_is_given_once_and_the_flow_goes_on_when_woken() {
        let mut flow: Flow<u8, ()> = Flow::new(|io| async move {
            io.emit(1).await;
            io.emit(2).await;
            Ok(())
        });
        assert!(matches!(flow.resume(at(0), Input::Begin), Step::Item(1)));
        assert!(matches!(flow.resume(at(0), Input::Woken), Step::Item(2)));
        assert!(matches!(
            flow.resume(at(0), Input::Woken),
            Step::Done(Ok(()))
        ));
    }

    #[test]
    fn after_the_end_it_stays_ended() {
        let mut flow = sleeping();
        let _ = flow.resume(at(0), Input::Begin);
        let _ = flow.resume(at(99), Input::Woken);
        for input in [Input::Begin, Input::Woken] {
            assert!(matches!(
                flow.resume(at(100), input),
                Step::Done(Err(Error::Finished))
            ));
        }
    }

    #[test]
    fn a_flow_can_move_between_threads() {
        fn is_send<T: Send>(_: &T) {}
        is_send(&sleeping());
    }
}
