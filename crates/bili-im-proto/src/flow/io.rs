//! The inside of a flow: what its `async fn` can wait for.

use std::{ops::Deref, time::Duration};

use http::Response;

use crate::{
    account::Account,
    error::Sent,
    flow::step::{Failure, Outgoing},
    line::Line,
    time::Monotonic,
};

/// What a flow makes calls with: its account, and the line to its driver.
pub(crate) struct Io<I> {
    pub(crate) account: Account,
    line: FlowLine<I>,
}

impl<I> Io<I> {
    pub(super) fn new(account: Account, line: FlowLine<I>) -> Self {
        Self { account, line }
    }
}

impl<I> Deref for Io<I> {
    type Target = FlowLine<I>;

    fn deref(&self) -> &FlowLine<I> {
        &self.line
    }
}

/// The line between a flow's `async fn` and its [`resume`](super::Flow::resume).
pub(crate) type FlowLine<I> = Line<Ask<I>, Reply>;

#[expect(
    clippy::large_enum_variant,
    reason = "moved once; a box would cost more"
)]
pub(crate) enum Ask<I> {
    Send(Outgoing),
    WaitUntil(Monotonic),
    Item(I),
}

pub(crate) enum Reply {
    Response(Response<Vec<u8>>),
    Failed(Failure),
    Woken,
}

impl<I> FlowLine<I> {
    /// Sends a request and waits for the answer.
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
}
