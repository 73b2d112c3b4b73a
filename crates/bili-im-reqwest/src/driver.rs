use std::{
    convert::Infallible,
    fmt,
    future::{Future, Ready, poll_fn},
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll, ready},
    time::{Instant, SystemTime},
};

use bili_im_proto::{Error, Failure, Flow, Input, Monotonic, Now, Outgoing, Step};
use futures_core::Stream;
use http::Response;

use crate::exchange::exchange;

/// Runs flows with an HTTP client.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    http: reqwest::Client,
}

impl Driver {
    pub(crate) fn new(http: reqwest::Client) -> Self {
        Self { http }
    }

    pub(crate) fn exchange(
        &self,
        outgoing: Outgoing,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, Failure>> {
        exchange(&self.http, outgoing)
    }

    pub(crate) async fn run<Output>(
        &self,
        flow: Flow<Infallible, Output>,
    ) -> Result<Output, Error> {
        self.run_with(flow, |never| -> Ready<_> { match never {} })
            .await
    }

    pub(crate) async fn run_with<Item, Output, E: From<Error>, F>(
        &self,
        mut flow: Flow<Item, Output>,
        mut take: impl FnMut(Item) -> F,
    ) -> Result<Output, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        let mut input = Input::Begin;
        loop {
            input = match flow.resume(now(), input) {
                Step::Send(outgoing) => {
                    (self.exchange(outgoing).await).map_or_else(Input::Failed, Input::Response)
                }
                Step::WaitUntil(moment) => {
                    tokio::time::sleep(moment.since(now().mono)).await;
                    Input::Woken
                }
                Step::Item(item) => {
                    take(item).await?;
                    Input::Woken
                }
                Step::Done(result) => return Ok(result?),
            };
        }
    }
}

/// The items of a flow. An error is the last item.
///
/// Cancelling is safe: a dropped [`next`](Self::next) loses nothing. The request or wait it began
/// continues when the next item is polled.
pub struct Items<Item> {
    driver: Driver,
    flow: Option<Flow<Item, ()>>,
    under_way: Option<Pin<Box<dyn Future<Output = Input> + Send>>>,
}

impl<Item> Items<Item> {
    pub(crate) fn new(driver: Driver, flow: Flow<Item, ()>) -> Self {
        Self {
            driver,
            flow: Some(flow),
            under_way: None,
        }
    }

    /// The next item; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<Item> Stream for Items<Item> {
    type Item = Result<Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let input = match &mut this.under_way {
                Some(under_way) => ready!(under_way.as_mut().poll(context)),
                // A flow begins with whatever input comes first.
                None => Input::Woken,
            };
            this.under_way = None;
            let Some(flow) = &mut this.flow else {
                return Poll::Ready(None);
            };
            let driver = this.driver.clone();
            this.under_way = Some(match flow.resume(now(), input) {
                Step::Send(outgoing) => Box::pin(async move {
                    (driver.exchange(outgoing).await).map_or_else(Input::Failed, Input::Response)
                }),
                Step::WaitUntil(moment) => Box::pin(async move {
                    tokio::time::sleep(moment.since(now().mono)).await;
                    Input::Woken
                }),
                Step::Item(item) => return Poll::Ready(Some(Ok(item))),
                Step::Done(result) => {
                    this.flow = None;
                    return Poll::Ready(result.err().map(Err));
                }
            });
        }
    }
}

impl<Item> fmt::Debug for Items<Item> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}

/// The current time. The monotonic clock starts at the same moment for all clients in this process,
/// so that several can use one account.
pub fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Now {
        unix: SystemTime::now().into(),
        mono: Monotonic(START.elapsed()),
    }
}
