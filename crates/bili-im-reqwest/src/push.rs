//! A push connection in a task of its own (docs/protocol.md §15).

use std::{fmt, io::ErrorKind, time::Duration};

use bili_im_proto::{Hints, Monotonic, PushEvent, PushInput, PushSession, PushStep};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{
    Request, StatusCode,
    header::{SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY},
};
use reqwest::{Client, Upgraded};
use tokio::{task::AbortHandle, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{clock::now, exchange::cause_text};

/// How long connecting may take, and sending a frame.
const PATIENCE: Duration = Duration::from_secs(20);

type Socket = WebSocketStream<Upgraded>;

/// A push connection, in a task of its own. It is closed when this is dropped.
pub struct Push {
    hints: Hints,
    task: AbortHandle,
}

impl Push {
    /// Opens a connection, and again whenever it is lost. `tell` gets what happens on it; whoever
    /// drives the watcher is to be woken then.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub(crate) fn open(
        http: Client,
        session: PushSession,
        tell: impl Fn(PushEvent) + Send + 'static,
    ) -> Self {
        let hints = session.hints();
        let task = tokio::spawn(run(http, session, tell)).abort_handle();
        Self { hints, task }
    }

    /// What the connection tells a watcher.
    pub fn hints(&self) -> Hints {
        self.hints.clone()
    }
}

impl Drop for Push {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").finish_non_exhaustive()
    }
}

/// Drives the session for as long as the task lives.
async fn run(http: Client, mut session: PushSession, tell: impl Fn(PushEvent)) {
    let mut socket: Option<Socket> = None;
    let mut frame;
    let mut input = PushInput::Begin;
    loop {
        if let PushInput::Closed(_) = input {
            socket = None;
        }
        input = match (session.resume(now(), input), &mut socket) {
            (PushStep::Connect(request), _) => match connect(&http, request).await {
                Ok(connected) => {
                    socket = Some(connected);
                    PushInput::Connected
                }
                Err(cause) => PushInput::Closed(cause),
            },
            (PushStep::Send(bytes), Some(socket)) => match send(socket, bytes).await {
                Ok(()) => PushInput::Woken,
                Err(error) => PushInput::Closed(error.to_string()),
            },
            (PushStep::Send(_), None) => PushInput::Closed("not connected".to_owned()),
            (PushStep::Event(event), _) => {
                tell(event);
                PushInput::Woken
            }
            (PushStep::WaitUntil(moment), Some(socket)) => match receive(socket, moment).await {
                Ok(Some(bytes)) => {
                    frame = bytes;
                    PushInput::Frame(&frame)
                }
                Ok(None) => PushInput::Woken,
                Err(error) => PushInput::Closed(error.to_string()),
            },
            (PushStep::WaitUntil(moment), None) => {
                tokio::time::sleep(moment.since(now().mono)).await;
                PushInput::Woken
            }
            (PushStep::Close, _) => {
                socket = None;
                PushInput::Woken
            }
        };
    }
}

async fn send(socket: &mut Socket, bytes: Vec<u8>) -> Result<(), Error> {
    match timeout(PATIENCE, socket.send(Message::binary(bytes))).await {
        Ok(sent) => sent,
        Err(_) => Err(Error::Io(ErrorKind::TimedOut.into())),
    }
}

/// The next message; `None` when there is none until then.
async fn receive(socket: &mut Socket, moment: Monotonic) -> Result<Option<Bytes>, Error> {
    let wait = moment.since(now().mono);
    match timeout(wait, socket.next()).await {
        Ok(Some(Ok(message @ (Message::Binary(_) | Message::Text(_))))) => {
            Ok(Some(message.into_data()))
        }
        Ok(Some(Ok(Message::Close(_))) | None) => Err(Error::ConnectionClosed),
        Ok(Some(Ok(_))) | Err(_) => Ok(None),
        Ok(Some(Err(error))) => Err(error),
    }
}

async fn connect(http: &Client, request: Request<()>) -> Result<Socket, String> {
    (timeout(PATIENCE, handshake(http, request)).await)
        .unwrap_or_else(|_| Err("no answer to the handshake".to_owned()))
}

/// Connects with the HTTP client: with its TLS, roots and proxy.
async fn handshake(http: &Client, request: Request<()>) -> Result<Socket, String> {
    let (head, ()) = request.into_parts();
    let key = head.headers.get(SEC_WEBSOCKET_KEY);
    let accept = key.map(|key| derive_accept_key(key.as_bytes()));
    let request = http
        .request(head.method, head.uri.to_string())
        .headers(head.headers);
    let answer = request
        .send()
        .await
        .map_err(|error| cause_text(error, PATIENCE))?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(format!("the service answered {}", answer.status()));
    }
    let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT);
    if accept.is_none()
        || accepted.map(|accepted| accepted.as_bytes()) != accept.as_deref().map(str::as_bytes)
    {
        return Err("the service does not speak WebSocket".to_owned());
    }
    let upgraded = answer
        .upgrade()
        .await
        .map_err(|error| cause_text(error, PATIENCE))?;
    // The default, 128 KiB, is touched by every read.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .max_message_size(Some(PushSession::MAX_FRAME))
        .max_frame_size(Some(PushSession::MAX_FRAME));
    Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
}
