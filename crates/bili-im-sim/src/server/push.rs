//! Push connections of the server.

#[cfg(test)]
mod tests;

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::{
    SinkExt, StreamExt,
    future::{Either, select},
};
use http::{
    HeaderValue, Request,
    header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE},
};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        handshake::server::create_response_with_body,
        protocol::{CloseFrame, Role, WebSocketConfig, frame},
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
    let answer = create_response_with_body(&request, Vec::new);
    let id = match shared.with(|service| service.push_connect(request.map(drop), now())) {
        Ok(id) => id,
        Err(reply) => return *reply,
    };
    let shared = Arc::clone(shared);
    let open = Open { id, shared };
    let Ok(mut answer) = answer else {
        return Reply::BrokenOff;
    };
    let subprotocol = HeaderValue::from_static("proto");
    let headers = answer.headers_mut();
    headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
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
    Reply::Answer(answer)
}

/// Serves a connection until either side ends it.
async fn serve(mut socket: Socket, open: &Open) -> Result<(), Error> {
    let mut pushes = open.shared.pushes();
    loop {
        let (reply, next) = open.shared.with(|service| {
            let reply = service.push_take(open.id, now());
            (reply, service.push_next(open.id))
        });
        for frame in reply.frames {
            socket.send(Message::binary(frame)).await?;
        }
        if let Some(end) = reply.end {
            return finish(socket, end).await;
        }
        let wait = next.map_or(Duration::ZERO, |next| next.since(now()));
        let told = pin!(timeout(wait, pushes.changed()));
        match select(socket.next(), told).await {
            Either::Left((None, _)) => return Ok(()),
            Either::Left((Some(message), _)) => {
                let message = message?;
                // Texts are no frames of push: the service refuses them.
                if message.is_binary() || message.is_text() {
                    let frame = message.into_data();
                    open.shared
                        .with(|service| service.push_receive(open.id, &frame, now()));
                }
            }
            Either::Right(_) => {}
        }
    }
}

async fn finish(mut socket: Socket, end: PushEnd) -> Result<(), Error> {
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
            let binary = frame::coding::OpCode::Data(frame::coding::Data::Binary);
            frame::Frame::message(frame, binary, true).format(&mut bytes)?;
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
