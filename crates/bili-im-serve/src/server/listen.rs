//! Listens, and carries connections.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use super::{events, guard, health};
use crate::{app::App, config::Config, core::Core, error::ServeError, rpc, satori};

/// How long to wait after a failed accept, as when no file handles are left.
const PAUSE: Duration = Duration::from_millis(50);

/// The most bytes of the headers of a request.
const HEADERS: usize = 16 << 10;

/// How many headers a request can have.
const MOST_HEADERS: usize = 64;

/// A peer that is silent for so long is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

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
        let app = Arc::new(App::new(core, config, address));
        Ok(Self { listener, app })
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
        // WebSockets are no longer the connections' own, and tell their clients of the end.
        let streams = u32::try_from(limits.streams).unwrap_or(u32::MAX);
        let streams = app.streams.acquire_many(streams);
        let ended = async { tokio::join!(app.core.shut_down(), graceful.shutdown(), streams) };
        let _all_ended = timeout(limits.shutdown + PAUSE, ended).await;
    }
}

type Io = TokioIo<std::pin::Pin<Box<TimeoutStream<TcpStream>>>>;

/// A connection whose client has to read what is written to it, and that ends when the client's
/// machine is gone.
fn patient(stream: TcpStream, patience: Duration) -> io::Result<Io> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
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
