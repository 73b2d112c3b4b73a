//! Push connections of the server.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::{
    SinkExt, StreamExt,
    future::{Either, select},
};
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
    },
};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, sync::watch, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{
            CloseFrame, Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use super::shared::Shared;
use crate::{
    push::{LONGEST_FRAME, PushEnd, PushId},
    reply::Reply,
    time::UnixMicros,
};

/// How long the client has to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// An open push connection, which the service forgets when this is dropped.
struct Open {
    id: PushId,
    shared: Arc<Shared>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.with(|service| service.push_close(self.id));
    }
}

/// Whether a request is a handshake of WebSocket rather than a call.
pub(super) fn is_handshake(request: &Request<Incoming>) -> bool {
    request.uri().path() == crate::push::PATH && request.headers().contains_key(UPGRADE)
}

/// Answers a handshake, and serves the connection that follows it.
pub(super) fn connect(mut request: Request<Incoming>, shared: &Arc<Shared>) -> Reply {
    let upgrade = hyper::upgrade::on(&mut request);
    let request = request.map(drop);
    let key = request.headers().get(SEC_WEBSOCKET_KEY);
    let key = key.map(|key| derive_accept_key(key.as_bytes()));
    let id = match shared.with(|service| service.push_connect(request, now())) {
        Ok(id) => id,
        Err(reply) => return *reply,
    };
    let shared = Arc::clone(shared);
    let open = Open { id, shared };
    tokio::spawn(async move {
        // The server has nothing to do when a connection fails.
        if let Ok(upgraded) = upgrade.await {
            let config = WebSocketConfig::default()
                .read_buffer_size(4 << 10)
                .max_message_size(Some(LONGEST_FRAME))
                .max_frame_size(Some(LONGEST_FRAME));
            let io = TokioIo::new(upgraded);
            let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
            let _ended = serve(socket, &open).await;
        }
    });
    Reply::Answer(switching(key))
}

fn switching(key: Option<String>) -> Response<Vec<u8>> {
    let mut answer = Response::new(Vec::new());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("proto"));
    if let Some(key) = key.and_then(|key| HeaderValue::try_from(key).ok()) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    }
    answer
}

/// Serves a connection until either side ends it.
async fn serve(
    mut socket: Socket,
    open: &Open,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let mut pushes = open.shared.pushes();
    loop {
        let access = |service: &mut crate::Service| {
            (
                service.push_take(open.id, now()),
                service.push_next(open.id),
            )
        };
        let (reply, next) = open.shared.with(access);
        for frame in reply.frames {
            socket.send(Message::binary(frame)).await?;
        }
        if let Some(end) = reply.end {
            return finish(socket, end).await;
        }
        let frame = match select(socket.next(), pin!(woken(&mut pushes, next))).await {
            Either::Left((Some(message), _)) => match message? {
                Message::Binary(frame) => frame,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                // Texts are no frames of push: the service refuses them.
                Message::Text(text) => text.into(),
                Message::Close(_) => return Ok(()),
            },
            Either::Left((None, _)) => return Ok(()),
            Either::Right(_) => continue,
        };
        open.shared
            .with(|service| service.push_receive(open.id, &frame, now()));
    }
}

/// Waits until a user is told something, or for the time when something waits.
fn woken(
    pushes: &mut watch::Receiver<u64>,
    next: Option<UnixMicros>,
) -> impl Future<Output = ()> + '_ {
    let wait = next.map_or(Duration::ZERO, |next| next.since(now()));
    async move {
        let _told_or_late = timeout(wait, pushes.changed()).await;
    }
}

async fn finish(
    mut socket: Socket,
    end: PushEnd,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    match end {
        PushEnd::Closed(code) => {
            let code = code.into();
            let reason = "".into();
            socket.close(Some(CloseFrame { code, reason })).await?;
            // Unread bytes would make the system drop the close frame.
            let rest = async { while let Some(Ok(_)) = socket.next().await {} };
            let _closed_or_late = timeout(FAREWELL, rest).await;
        }
        PushEnd::BrokenOff => {}
        PushEnd::CutShort { frame, sent } => {
            let mut bytes = Vec::new();
            let after = frame.len().saturating_sub(sent);
            Frame::message(frame, OpCode::Data(Data::Binary), true).format(&mut bytes)?;
            bytes.truncate(bytes.len().saturating_sub(after));
            let io = socket.get_mut();
            io.write_all(&bytes).await?;
            io.flush().await?;
        }
    }
    Ok(())
}

fn now() -> UnixMicros {
    SystemTime::now().into()
}
