//! A push session as its driver sees it.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::{Request, Uri, uri::Scheme};

use crate::{
    account::Account,
    line::Line,
    push::{
        conversation::{PushLine, Reply, converse},
        frame::{Frame, MAX_FRAME},
        step::{PushInput, PushStep},
    },
    time::{Monotonic, Now},
    watch::Hints,
};

/// A connection over which the service tells of changes, and its successors: it is opened again
/// whenever it ends (docs/protocol.md §15).
///
/// Whoever drives it owns the socket and the clock. It never ends by itself; dropping it ends its
/// [`hints`](Self::hints). A whole driver is in docs/embedding.md.
pub struct PushSession {
    hints: Hints,
    line: PushLine,
    conversation: Pin<Box<dyn Future<Output = Infallible> + Send>>,
}

impl Account {
    /// A session that is told of changes by the service. The account's pacing does not apply to it.
    pub fn push_session(&self) -> PushSession {
        let hints = Hints::new();
        let line = Line::new();
        let conversation = converse(self.clone(), hints.clone(), line.clone());
        PushSession {
            hints,
            line,
            conversation: Box::pin(conversation),
        }
    }
}

impl PushSession {
    /// The longest frame in bytes that is read. A longer one closes the connection, so a WebSocket
    /// library need not accept it.
    pub const MAX_FRAME: usize = MAX_FRAME;

    /// What the session tells a watcher.
    pub fn hints(&self) -> Hints {
        self.hints.clone()
    }

    /// The request of [`PushStep::Connect`] with the scheme `wss` instead of `https`, and `ws`
    /// instead of `http`, as WebSocket libraries want it.
    #[must_use]
    pub fn with_websocket_scheme(mut request: Request<()>) -> Request<()> {
        let mut uri = request.uri().clone().into_parts();
        let is_plain = uri.scheme == Some(Scheme::HTTP);
        uri.scheme = if is_plain { "ws" } else { "wss" }.parse().ok();
        if let Ok(uri) = Uri::from_parts(uri) {
            *request.uri_mut() = uri;
        }
        request
    }

    /// Goes on until the session wants something from outside.
    ///
    /// Wrong use is defined: woken too early, a wait is asked for again; resumed without an answer
    /// while connecting, the attempt counts as failed; a frame that nobody waits for is dropped,
    /// and counts as a hint while connected; what else does not fit counts as
    /// [`PushInput::Woken`].
    pub fn resume(&mut self, now: Now, input: PushInput<'_>) -> PushStep {
        let reply = match input {
            PushInput::Begin | PushInput::Woken => Reply::Woken,
            PushInput::Connected => Reply::Connected,
            PushInput::Frame(bytes) => Reply::Frame(Frame::read(bytes)),
            PushInput::Closed(cause) => Reply::Closed(cause),
        };
        self.line.tell(now, Some(reply));
        let mut context = Context::from_waker(Waker::noop());
        match self.conversation.as_mut().poll(&mut context) {
            Poll::Ready(never) => match never {},
            // The conversation waits for nothing that it did not ask for.
            Poll::Pending => {
                (self.line.take_ask()).unwrap_or(PushStep::WaitUntil(Monotonic(Duration::MAX)))
            }
        }
    }
}

impl Drop for PushSession {
    fn drop(&mut self) {
        self.hints.ended("the session is over");
    }
}

impl fmt::Debug for PushSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushSession")
            .field("hints", &self.hints)
            .finish_non_exhaustive()
    }
}
