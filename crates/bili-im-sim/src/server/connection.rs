//! Serves one connection, plain or inside TLS.

use std::{future::pending, sync::Arc, time::SystemTime};

use http::{Request, Response, StatusCode, uri::Scheme};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
#[cfg(feature = "tls")]
use tokio_rustls::TlsAcceptor;

use super::{
    body::{BrokenOff, Sent, cut_short, whole},
    push,
    shared::Shared,
};
use crate::{answer::html, reply::Reply};

/// The largest request body: more than any image that the service accepts.
const LARGEST_BODY: usize = 24 << 20;

/// How connections are carried.
#[derive(Clone)]
pub(super) enum Transport {
    Plain,
    #[cfg(feature = "tls")]
    Tls(TlsAcceptor),
}

impl Transport {
    pub(super) async fn serve(self, stream: TcpStream, shared: Arc<Shared>) {
        match self {
            Self::Plain => serve(stream, Scheme::HTTP, shared).await,
            #[cfg(feature = "tls")]
            Self::Tls(acceptor) => {
                // The server has nothing to do when a handshake fails.
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, Scheme::HTTPS, shared).await;
                }
            }
        }
    }
}

/// Answers requests until the client closes the connection or a fault breaks it.
async fn serve<I>(io: I, scheme: Scheme, shared: Arc<Shared>)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let answer = service_fn(|mut request: Request<Incoming>| {
        // The service tells clients its own address.
        request.extensions_mut().insert(scheme.clone());
        answer(request, Arc::clone(&shared))
    });
    // The server has nothing to do when a connection fails.
    let _ended = http1::Builder::new()
        .serve_connection(TokioIo::new(io), answer)
        .with_upgrades()
        .await;
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Sent>, BrokenOff> {
    let reply = if push::is_handshake(&request) {
        push::connect(request, &shared)
    } else {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
            return Ok(html(StatusCode::PAYLOAD_TOO_LARGE).map(whole));
        };
        let request = Request::from_parts(head, body.to_bytes().to_vec());
        shared.with(|service| service.handle(request, SystemTime::now().into()))
    };
    match reply {
        Reply::Answer(answer) => Ok(answer.map(whole)),
        Reply::CutShort { answer, sent } => Ok(cut_short(answer, sent)),
        Reply::BrokenOff => Err(BrokenOff),
        Reply::Stalled => pending().await,
    }
}
