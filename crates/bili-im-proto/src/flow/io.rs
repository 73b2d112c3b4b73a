//! The inside of a flow: what its `async fn` can wait for.

use std::{
    future::poll_fn,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use http::Response;

use crate::{
    account::Account,
    error::Sent,
    flow::step::{Failure, Outgoing},
    time::{Monotonic, Now},
};

/// What a flow makes calls with: its account, and the line to its driver.
pub(crate) struct Io<I> {
    pub(crate) account: Account,
    line: Line<I>,
}

impl<I> Io<I> {
    pub(super) fn new(account: Account, line: Line<I>) -> Self {
        Self { account, line }
    }
}

impl<I> Deref for Io<I> {
    type Target = Line<I>;

    fn deref(&self) -> &Line<I> {
        &self.line
    }
}

/// The line between a flow's `async fn` and its [`resume`](super::Flow::resume).
pub(crate) struct Line<I>(Arc<Mutex<Exchanged<I>>>);

/// What the two ends have told each other.
struct Exchanged<I> {
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

impl<I> Clone for Line<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I> Line<I> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Exchanged {
            now: Now::default(),
            ask: None,
            reply: None,
        })))
    }

    fn exchanged(&self) -> MutexGuard<'_, Exchanged<I>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the clocks showed when the flow was last resumed.
    pub(crate) fn now(&self) -> Now {
        self.exchanged().now
    }

    /// Sends a request and waits for the answer. The request is handed over at once: a future that
    /// kept it until it is polled would be several times as large.
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
            self.pause_until(until).await;
        }
    }

    /// Sleeps until a moment, or until the driver resumes the flow earlier.
    pub(crate) async fn pause_until(&self, until: Monotonic) {
        self.ask(Ask::WaitUntil(until)).await;
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().mono.after(duration)).await;
    }

    /// Gives the driver an item, and goes on when the driver has taken it.
    pub(crate) async fn emit(&self, item: I) {
        self.ask(Ask::Item(item)).await;
    }

    fn ask(&self, ask: Ask<I>) -> impl Future<Output = Reply> {
        self.exchanged().ask = Some(ask);
        poll_fn(|_| match self.exchanged().reply.take() {
            Some(reply) => Poll::Ready(reply),
            None => Poll::Pending,
        })
    }

    /// Tells the flow the time and the reply to what it asked for.
    pub(super) fn tell(&self, now: Now, reply: Option<Reply>) {
        let mut exchanged = self.exchanged();
        // A clock that went back must not make a wait longer.
        let mono = now.mono.max(exchanged.now.mono);
        exchanged.now = Now { mono, ..now };
        exchanged.reply = reply;
    }

    pub(super) fn take_ask(&self) -> Option<Ask<I>> {
        self.exchanged().ask.take()
    }
}
