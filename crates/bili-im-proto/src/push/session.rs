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
/// [`hints`](Self::hints).
///
/// Here the socket plays a service that says nothing:
///
/// ```
/// use std::time::{Duration, Instant, SystemTime};
///
/// use bili_im_proto::{
///     Account, Credential, Cursor, Event, Flow, Monotonic, Now, PushEvent, PushInput, PushSession,
///     PushStep, WatchOptions, http::Request,
/// };
///
/// /// Your WebSocket. `receive` gives the next binary message, or `None` when none came in time.
/// struct Socket;
///
/// impl Socket {
///     fn open(_handshake: Request<()>) -> Result<Self, String> { Ok(Self) }
///     fn send(&mut self, _frame: Vec<u8>) -> Result<(), String> { Ok(()) }
///     fn receive(&mut self, _until: Monotonic) -> Result<Option<Vec<u8>>, String> {
///         Err("closed".to_owned())
///     }
/// }
///
/// /// A watch that is told of news. After each event of the session, resume it with
/// /// `Input::Woken` if it waits: it may wait for too long.
/// fn told(account: &Account, session: &PushSession, cursor: Cursor) -> Flow<Event, ()> {
///     account.watch_pushed(cursor, WatchOptions::default(), session.hints())
/// }
///
/// /// Runs a session until `tell` says that it is enough. Gives up a lost socket by itself.
/// fn drive(session: &mut PushSession, now: impl Fn() -> Now, tell: impl Fn(PushEvent) -> bool) {
///     let mut socket = None;
///     let mut frame;
///     let mut input = PushInput::Begin;
///     loop {
///         if let PushInput::Closed(_) = input {
///             socket = None;
///         }
///         input = match (session.resume(now(), input), &mut socket) {
///             (PushStep::Connect(handshake), _) => {
///                 match Socket::open(PushSession::with_websocket_scheme(handshake)) {
///                     Ok(open) => {
///                         socket = Some(open);
///                         PushInput::Connected
///                     }
///                     Err(cause) => PushInput::Closed(cause),
///                 }
///             }
///             (PushStep::Send(frame), Some(socket)) => {
///                 socket.send(frame).map_or_else(PushInput::Closed, |()| PushInput::Woken)
///             }
///             (PushStep::WaitUntil(moment), Some(socket)) => match socket.receive(moment) {
///                 Ok(Some(bytes)) => {
///                     frame = bytes;
///                     PushInput::Frame(&frame)
///                 }
///                 Ok(None) => PushInput::Woken,
///                 Err(cause) => PushInput::Closed(cause),
///             },
///             (PushStep::WaitUntil(moment), None) => {
///                 std::thread::sleep(moment.since(now().mono));
///                 PushInput::Woken
///             }
///             (PushStep::Event(event), _) if tell(event.clone()) => return,
///             (PushStep::Event(_), _) => PushInput::Woken,
///             (PushStep::Send(_) | PushStep::Close, _) => {
///                 socket = None;
///                 PushInput::Woken
///             }
///         };
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let credential = Credential::parse("SESSDATA=xxx; bili_jct=yyy; DedeUserID=293793435")?;
///     let account = Account::builder(credential, [7; 24]).build();
///     let mut session = account.push_session();
///     let start = Instant::now();
///     let now = || Now {
///         unix: SystemTime::now().into(),
///         mono: Monotonic(start.elapsed()),
///     };
///     drive(&mut session, now, |event| {
///         // The next attempt comes after about five seconds.
///         let PushEvent::Closed { until, .. } = event else { return false };
///         until > Monotonic(Duration::from_secs(3))
///     });
///     Ok(())
/// }
/// ```
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
        self.line.tell(now, reply);
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
