//! A push connection on a thread of its own (docs/protocol.md §15).

use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use bili_im_proto::{Hints, Monotonic, PushEvent, PushInput, PushSession, PushStep};
use http::{Request, Uri};
use tungstenite::{
    Bytes, Error, HandshakeError, Message, WebSocket, client::client_with_config,
    protocol::WebSocketConfig,
};
use ureq::{
    Agent, Timeout,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{
            ConnectionDetails, Connector, DefaultConnector, NextTimeout, ShutdownHandle,
            TransportAdapter, time,
        },
    },
};

use crate::{addresses::Addresses, clock::now};

/// How long connecting may take, and sending a frame.
const PATIENCE: Duration = Duration::from_secs(20);

/// A push connection, on a thread of its own. It is closed when this is dropped.
pub struct Push {
    hints: Hints,
    line: Arc<Line>,
}

impl Push {
    /// Opens a connection, and again whenever it is lost. `tell` gets what happens on it; the
    /// watcher's thread is to be woken then.
    pub(crate) fn open(
        agent: Agent,
        session: PushSession,
        tell: impl Fn(PushEvent) + Send + 'static,
    ) -> Self {
        let hints = session.hints();
        let line = Arc::new(Line::default());
        let its_line = Arc::clone(&line);
        // Without a thread there is no push: dropping the session says so to the watcher.
        let _thread = thread::Builder::new()
            .name("bili-im-push".to_owned())
            .spawn(move || run(&agent, session, &its_line, tell));
        Self { hints, line }
    }

    /// What the connection tells a watcher.
    pub fn hints(&self) -> Hints {
        self.hints.clone()
    }
}

impl Drop for Push {
    fn drop(&mut self) {
        self.line.close();
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").finish_non_exhaustive()
    }
}

/// What the thread and its owner share.
#[derive(Default)]
struct Line {
    state: Mutex<State>,
    closed: Condvar,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    /// Ends a read of the thread.
    socket: Option<Weak<dyn ShutdownHandle>>,
}

impl Line {
    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        if let Some(socket) = state.socket.take().and_then(|socket| socket.upgrade()) {
            socket.shutdown();
        }
        self.closed.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn sleep_until(&self, moment: Monotonic) {
        let timeout = moment.since(now().mono);
        let _woken = (self.closed)
            .wait_timeout_while(self.lock(), timeout, |state| !state.is_closed)
            .unwrap_or_else(PoisonError::into_inner);
    }

    fn register(&self, socket: Weak<dyn ShutdownHandle>) -> Result<(), ureq::Error> {
        let mut state = self.lock();
        state.socket = Some(socket);
        if state.is_closed {
            return Err(ureq::Error::ConnectionFailed);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drives the session until the line is closed.
fn run(agent: &Agent, mut session: PushSession, line: &Arc<Line>, tell: impl Fn(PushEvent)) {
    let mut socket = None;
    let mut frame;
    let mut input = PushInput::Begin;
    while !line.is_closed() {
        if let PushInput::Closed(_) = input {
            socket = None;
        }
        input = match (session.resume(now(), input), &mut socket) {
            (PushStep::Connect(request), _) => match connect(agent, request, line) {
                Ok(connected) => {
                    socket = Some(connected);
                    PushInput::Connected
                }
                Err(cause) => PushInput::Closed(cause),
            },
            (PushStep::Send(bytes), Some(socket)) => match send(socket, bytes) {
                Ok(()) => PushInput::Woken,
                Err(error) => PushInput::Closed(error.to_string()),
            },
            (PushStep::Send(_), None) => PushInput::Closed("not connected".to_owned()),
            (PushStep::Event(event), _) => {
                tell(event);
                PushInput::Woken
            }
            (PushStep::WaitUntil(moment), Some(socket)) => match receive(socket, moment) {
                Ok(Some(bytes)) => {
                    frame = bytes;
                    PushInput::Frame(&frame)
                }
                Ok(None) => PushInput::Woken,
                Err(error) => PushInput::Closed(error.to_string()),
            },
            (PushStep::WaitUntil(moment), None) => {
                line.sleep_until(moment);
                PushInput::Woken
            }
            (PushStep::Close, _) => {
                socket = None;
                PushInput::Woken
            }
        };
    }
}

fn send(socket: &mut WebSocket<Socket>, bytes: Vec<u8>) -> Result<(), Error> {
    socket.get_mut().set_timeout(PATIENCE);
    socket.send(Message::binary(bytes))
}

/// The next message; `None` when there is none until then.
fn receive(socket: &mut WebSocket<Socket>, moment: Monotonic) -> Result<Option<Bytes>, Error> {
    let timeout = moment.since(now().mono);
    socket.get_mut().set_timeout(timeout);
    match socket.read() {
        Ok(message @ (Message::Binary(_) | Message::Text(_))) => Ok(Some(message.into_data())),
        Ok(Message::Close(_)) => Err(Error::ConnectionClosed),
        Ok(_) => Ok(None),
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Connects as the agent does: with its TLS, roots and proxy.
fn connect(
    agent: &Agent,
    request: Request<()>,
    line: &Arc<Line>,
) -> Result<WebSocket<Socket>, String> {
    let uri = request.uri().clone();
    let mut socket = open(agent, &uri, line).map_err(|error| error.to_string())?;
    socket.set_timeout(PATIENCE);
    // The default, 128 KiB, is touched by every read.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .max_message_size(Some(PushSession::MAX_FRAME))
        .max_frame_size(Some(PushSession::MAX_FRAME));
    let request = PushSession::with_websocket_scheme(request);
    match client_with_config(request, socket, Some(config)) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(answer))) => {
            Err(format!("the service answered {}", answer.status()))
        }
        Err(HandshakeError::Failure(error)) => Err(error.to_string()),
        Err(HandshakeError::Interrupted(_)) => Err("no answer to the handshake".to_owned()),
    }
}

fn open(agent: &Agent, uri: &Uri, line: &Arc<Line>) -> Result<Socket, ureq::Error> {
    let config = agent.config();
    let resolver = Addresses::default();
    let timeout = within(PATIENCE);
    // A proxy looks the host up by itself, unless it cannot.
    let proxy = (config.proxy()).filter(|proxy| !proxy.is_no_proxy(uri) && !proxy.resolve_target());
    let addrs: ResolvedSocketAddrs = match proxy {
        Some(_) => resolver.empty(),
        None => resolver.resolve(uri, config, timeout)?,
    };
    let line = Arc::clone(line);
    let connector = Arc::new(DefaultConnector::default());
    let connect_to_proxy = Arc::clone(&connector);
    let details = ConnectionDetails {
        uri,
        addrs,
        config,
        request_level: false,
        resolver: &resolver,
        now: time::Instant::now(),
        timeout,
        current_time: Arc::new(time::Instant::now),
        run_connector: Arc::new(move |details| {
            let transport = connect_to_proxy.connect(details, None)?;
            transport.ok_or(ureq::Error::ConnectionFailed)
        }),
        register_shutdown: Arc::new(move |socket| line.register(socket)),
    };
    let transport = connector.connect(&details, None)?;
    let transport = transport.ok_or(ureq::Error::ConnectionFailed)?;
    if details.needs_tls() && !transport.is_tls() {
        return Err(ureq::Error::TlsRequired);
    }
    Ok(Socket(TransportAdapter::new(
        transport,
        Arc::new(time::Instant::now),
    )))
}

fn within(duration: Duration) -> NextTimeout {
    NextTimeout {
        after: time::Duration::Exact(duration),
        reason: Timeout::Global,
        ..NextTimeout::default()
    }
}

/// The connection below the WebSocket. A read that takes too long can be made again.
struct Socket(TransportAdapter);

impl Socket {
    fn set_timeout(&mut self, duration: Duration) {
        self.0.set_timeout(within(duration));
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
            match cause {
                Some(ureq::Error::Timeout(_)) => ErrorKind::WouldBlock.into(),
                _ => error,
            }
        })
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
