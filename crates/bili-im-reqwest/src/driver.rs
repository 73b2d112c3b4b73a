use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

#[cfg(feature = "push")]
use bili_im_proto::PushSession;
use bili_im_proto::{Error, Flow, Input, Step};
use futures_core::Stream;
use reqwest::Client;
use tokio::{sync::Notify, time::timeout};

#[cfg(feature = "push")]
use crate::push::Push;
use crate::{clock::now, exchange::exchange};

/// Runs a flow to its end and passes its items to `take`.
pub(crate) async fn run_with<Item, Output, E: From<Error>, F>(
    http: &Client,
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
                (exchange(http, outgoing).await).map_or_else(Input::Failed, Input::Response)
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

/// The items of a flow. An error is the last item.
///
/// Cancelling is safe: a dropped [`next`](Self::next) loses nothing. The request or wait it began
/// continues when the next item is polled.
pub struct Items<Item> {
    http: Client,
    flow: Option<Flow<Item, ()>>,
    under_way: Option<Pin<Box<dyn Future<Output = Input> + Send>>>,
    /// Ends a wait early.
    wake: Arc<Notify>,
    /// Of the push connection that is opened when the first item is waited for: that is inside
    /// the runtime.
    #[cfg(feature = "push")]
    push_session: Option<Box<PushSession>>,
    #[cfg(feature = "push")]
    push: Option<Push>,
}

impl<Item> Items<Item> {
    pub(crate) fn new(http: Client, flow: Flow<Item, ()>) -> Self {
        Self {
            http,
            flow: Some(flow),
            under_way: None,
            wake: Arc::default(),
            #[cfg(feature = "push")]
            push_session: None,
            #[cfg(feature = "push")]
            push: None,
        }
    }

    /// As these, with a push connection.
    #[cfg(feature = "push")]
    pub(crate) fn pushed(self, session: PushSession) -> Self {
        let push_session = Some(Box::new(session));
        Self {
            push_session,
            ..self
        }
    }

    #[cfg(feature = "push")]
    fn open_push(&mut self) {
        if let Some(session) = self.push_session.take() {
            let wake = Arc::clone(&self.wake);
            let push = Push::open(self.http.clone(), *session, move |_| wake.notify_one());
            self.push = Some(push);
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
        #[cfg(feature = "push")]
        this.open_push();
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
            this.under_way = Some(match flow.resume(now(), input) {
                Step::Send(outgoing) => {
                    let answer = exchange(&this.http, outgoing);
                    Box::pin(async { answer.await.map_or_else(Input::Failed, Input::Response) })
                }
                Step::WaitUntil(moment) => {
                    let wake = Arc::clone(&this.wake);
                    Box::pin(async move {
                        let wait = moment.since(now().mono);
                        let _woken = timeout(wait, wake.notified()).await;
                        Input::Woken
                    })
                }
                Step::Item(item) => return Poll::Ready(Some(Ok(item))),
                Step::Done(result) => {
                    this.flow = None;
                    #[cfg(feature = "push")]
                    {
                        this.push = None;
                    }
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
