//! Listens, and carries connections.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header::CONTENT_LENGTH};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use super::{events, guard, health};
use crate::{config::Config, core::Core, error::ServeError, rights::Rights, rpc, satori};

/// How long to wait after a failed accept, as when no file handles are left.
const PAUSE: Duration = Duration::from_millis(50);

/// The most bytes of the headers of a request.
const HEADERS: usize = 16 << 10;

/// How many headers a request can have.
const MOST_HEADERS: usize = 64;

/// How many requests with a large body there are at once.
const LARGE: usize = 2;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) core: Core,
    pub(crate) config: Config,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    pub(crate) streams: Arc<Semaphore>,
    /// How many requests with a large body there are at once.
    pub(crate) large: Semaphore,
}

impl App {
    /// The rights of a token. Without tokens, everyone may do everything.
    pub(crate) fn rights(&self, token: &[u8]) -> Option<Rights> {
        match &self.config.tokens {
            Some(tokens) => tokens.rights(token).cloned(),
            None => Some(Rights::all("local")),
        }
    }

    /// A whole body. Few large ones are read at once.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Response> {
        let limits = &self.core.shared().limits;
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let is_large = length.is_some_and(|length: usize| length > limits.body);
        let (most, _permit) = match is_large {
            true => (limits.image_body, self.large.acquire().await.ok()),
            false => (limits.body, None),
        };
        let refused = match timeout(limits.patience, to_bytes(body, most)).await {
            Ok(Ok(body)) => return Ok(body),
            Ok(Err(_)) => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Err(_) => (StatusCode::REQUEST_TIMEOUT, "the body is late\n"),
        };
        Err(refused.into_response())
    }
}

/// A process that serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// When the address cannot be listened on, or others could reach it and may not.
    pub async fn bind(core: Core, config: Config) -> Result<Self, ServeError> {
        let wanted = config.listen;
        let is_safe = wanted.ip().to_canonical().is_loopback();
        let may_be_exposed = config.expose && config.tokens.is_some();
        if !is_safe && !may_be_exposed {
            return Err(ServeError::Exposed(wanted));
        }
        let failed = |error| ServeError::Listen(wanted, error);
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let streams = Arc::new(Semaphore::new(core.shared().limits.streams));
        Ok(Self {
            listener,
            app: Arc::new(App {
                core,
                config,
                address,
                streams,
                large: Semaphore::new(LARGE),
            }),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.app.address
    }

    /// Serves until `stop`. Then it ends streams, waits for sends under way, and ends the accounts.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listener, app } = self;
        let limits = app.core.shared().limits.clone();
        let router = router(Arc::clone(&app));
        let connections = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.patience)
            .max_buf_size(HEADERS)
            .max_headers(MOST_HEADERS);
        let mut stop = pin!(stop);
        loop {
            let accepted = async {
                let permit = Arc::clone(&connections).acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, stream) = select! {
                () = &mut stop => break,
                (permit, accepted) = accepted => match accepted {
                    Ok((stream, _)) => (permit, stream),
                    Err(_) => {
                        sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            let Ok(io) = patient(stream, limits.patience) else {
                continue;
            };
            let service = TowerToHyperService::new(router.clone());
            let connection = http.serve_connection_with_upgrades(io, service);
            let connection = graceful.watch(connection.into_owned());
            tokio::spawn(async move {
                // The client is gone, or has sent what is not HTTP.
                let _ended = connection.await;
                drop(permit);
            });
        }
        drop(listener);
        let ended = async { tokio::join!(app.core.shut_down(), graceful.shutdown()) };
        let _all_ended = timeout(limits.shutdown + PAUSE, ended).await;
    }
}

type Io = TokioIo<std::pin::Pin<Box<TimeoutStream<TcpStream>>>>;

/// A connection whose client has to read what is written to it.
fn patient(stream: TcpStream, patience: Duration) -> io::Result<Io> {
    stream.set_nodelay(true)?;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience));
    Ok(TokioIo::new(Box::pin(stream)))
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/rpc", post(rpc::http).get(rpc::socket))
        .route("/events", get(events::events))
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        .route("/satori/v1/events", get(satori::socket))
        .route(
            "/satori/v1/upload.create",
            post(satori::upload).layer(DefaultBodyLimit::max(app.core.shared().limits.upload)),
        )
        .route("/satori/v1/{method}", post(satori::api))
        // Each handler has its own.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            guard::check,
        ))
        .with_state(app)
}
