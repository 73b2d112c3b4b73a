//! The simulated service in the runtime of the process, so that it keeps the same time.

use std::{
    future::pending,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use bili_im_proto::Origin;
use bili_im_sim::{Mode, Reply, Service, UnixMicros, World};
use futures_util::stream;
use http::uri::Scheme;
use tokio::net::TcpListener;

/// The largest body of a request.
const LARGEST: usize = 1 << 20;

/// The service. It outlives the process. Clones are the same one.
#[derive(Clone)]
pub(super) struct Bili(Arc<Mutex<Service>>);

/// The time of the runtime's clock, in microseconds since 1970.
pub(super) fn micros() -> u64 {
    bili_im_reqwest::now().unix.0
}

impl Bili {
    pub(super) fn new() -> Self {
        let world = World::demo().in_mode(Mode::Strict);
        let service = Service::new(world, UnixMicros(micros()));
        Self(Arc::new(Mutex::new(service.unwrap())))
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Service, UnixMicros) -> T) -> T {
        act(&mut self.0.lock().unwrap(), UnixMicros(micros()))
    }

    /// Answers requests for as long as the runtime lives.
    pub(super) async fn listen(&self) -> Origin {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        format!("http://{address}").parse().unwrap()
    }
}

async fn answer(State(bili): State<Bili>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let mut request = http::Request::from_parts(head, body.to_vec());
    request.extensions_mut().insert(Scheme::HTTP);
    match bili.with(|service, now| service.handle(request, now)) {
        Reply::Answer(answer) => answer.map(Body::from),
        Reply::Stalled => pending().await,
        Reply::BrokenOff => Response::new(broken(Vec::new())),
        Reply::CutShort { answer, sent } => answer.map(|mut body| {
            body.truncate(sent);
            broken(body)
        }),
    }
}

/// A body that ends with a broken connection.
pub(super) fn broken(start: Vec<u8>) -> Body {
    let end = io::Error::other("broken off");
    Body::from_stream(stream::iter([Ok(start), Err(end)]))
}
