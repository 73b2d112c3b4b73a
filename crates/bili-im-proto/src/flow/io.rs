//! The inside of a flow: what its `async fn` can wait for.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use http::Response;

use crate::{
    error::Sent,
    flow::step::{Failure, Outgoing},
    time::{Monotonic, Now},
};

/// The line between a flow's `async fn` and its [`resume`](super::Flow::resume).
pub(crate) struct Io<I>(Arc<Mutex<Line<I>>>);

struct Line<I> {
    now: Now,
    ask: Option<Ask<I>>,
    reply: Option<Reply>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "moved once; a box would cost more"
)]
pub(super) enum Ask<I> {
    Send(Outgoing),
    WaitUntil(Monotonic),
    Item(I),
}

pub(super) enum Reply {
    Response(Response<Vec<u8>>),
    Failed(Failure),
    Woken,
}

impl<I> Clone for Io<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I> Io<I> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Line {
            now: Now::default(),
            ask: None,
            reply: None,
        })))
    }

    fn line(&self) -> MutexGuard<'_, Line<I>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the clocks showed when the flow was last resumed.
    pub(crate) fn now(&self) -> Now {
        self.line().now
    }

    /// Sends a request and waits for the answer. What is waited for is handed over at once, here and
    /// below: futures that kept it until they are polled would be several times as large.
    pub(crate) fn fetch(
        &self,
        outgoing: Outgoing,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, Failure>> {
        let reply = self.ask(Ask::Send(outgoing));
        async {
            match reply.await {
                Reply::Response(response) => Ok(response),
                Reply::Failed(failure) => Err(failure),
                Reply::Woken => Err(Failure::new(
                    Sent::Maybe,
                    "the call was interrupted while the request was out",
                )),
            }
        }
    }

    pub(crate) async fn sleep_until(&self, until: Monotonic) {
        while self.now().mono < until {
            self.ask(Ask::WaitUntil(until)).await;
        }
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().mono.after(duration)).await;
    }

    /// Hands something out before going on.
    pub(crate) async fn emit(&self, item: I) {
        self.ask(Ask::Item(item)).await;
    }

    fn ask(&self, ask: Ask<I>) -> impl Future<Output = Reply> {
        self.line().ask = Some(ask);
        poll_fn(|_| match self.line().reply.take() {
            Some(reply) => Poll::Ready(reply),
            None => Poll::Pending,
        })
    }

    /// Tells the flow the time and the reply to what it asked for.
    pub(super) fn tell(&self, now: Now, reply: Option<Reply>) {
        let mut line = self.line();
        // A clock that went back must not make a wait longer.
        let mono = now.mono.max(line.now.mono);
        line.now = Now { mono, ..now };
        line.reply = reply;
    }

    pub(super) fn take_ask(&self) -> Option<Ask<I>> {
        self.line().ask.take()
    }
}
