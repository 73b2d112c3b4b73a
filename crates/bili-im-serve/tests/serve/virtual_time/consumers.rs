//! Consumers, most of which fail in every way that they can.

use std::{
    future::pending,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use fastrand::Rng;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::sleep};

use super::{
    history::{History, Told},
    service::{broken, micros},
};

/// The largest body that a webhook posts.
const LARGEST: usize = 1 << 20;

/// What consumers share: the history, and whether they fail.
#[derive(Clone, Default)]
pub(super) struct Shared {
    history: Arc<Mutex<History>>,
    connections: Arc<AtomicU64>,
    are_well: Arc<Mutex<bool>>,
    /// The last event that the consumer with a memory of its own was told.
    pub(super) last: Arc<AtomicU64>,
}

impl Shared {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut History) -> T) -> T {
        act(&mut self.history.lock().unwrap())
    }

    /// From now on nobody fails.
    pub(super) fn recover(&self) {
        *self.are_well.lock().unwrap() = true;
    }

    fn fails(&self, rng: &mut Rng, of_256: u8) -> bool {
        rng.u8(..) < of_256 && !*self.are_well.lock().unwrap()
    }

    fn connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// A consumer is told an event, as JSON.
    fn told(&self, consumer: &str, connection: u64, event: &Value) {
        let id = event["sn"].as_u64().unwrap();
        if event["account"] != "main" {
            return;
        }
        if event["event"] == "dropped" {
            let id = |name: &str| event[name].as_u64().unwrap();
            let range = (id("from"), id("to"));
            self.with(|history| {
                let dropped = history.dropped.entry(consumer.to_owned()).or_default();
                dropped.push(range);
            });
        }
        let text = event["message"]["content"]["text"].as_str();
        let is_incoming = event["direction"] == "incoming";
        if let Some(text) = text.filter(|_| is_incoming) {
            let told = Told {
                text: text.to_owned(),
                id,
                connection,
                at: micros(),
            };
            self.with(|history| {
                let known = history.told.entry(consumer.to_owned()).or_default();
                known.push(told);
            });
        }
    }
}

/// How a client of `/events` behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It reads on, and says how far it is.
    Steady,
    /// It vanishes, sleeps, and forgets to say how far it is.
    Moody,
    /// It knows by itself how far it is, and vanishes too.
    Remembers,
}

/// A client of `/events`, for as long as the runtime lives.
pub(super) async fn listen(
    shared: Shared,
    address: SocketAddr,
    http: reqwest::Client,
    (name, manner): (&'static str, Manner),
    mut rng: Rng,
) {
    shared.with(|history| {
        history.told.entry(name.to_owned()).or_default();
    });
    loop {
        let url = match manner {
            Manner::Remembers => format!("http://{address}/events"),
            _ => format!("http://{address}/events?consumer={name}"),
        };
        let mut request = http.get(url);
        if manner == Manner::Remembers {
            request = request.header("last-event-id", shared.last.load(Ordering::Acquire));
        }
        let Ok(mut stream) = request.send().await else {
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        let connection = shared.connection();
        let mut received = Vec::new();
        'connection: while let Ok(Some(chunk)) = stream.chunk().await {
            // A chunk may end within a character.
            received.extend_from_slice(&chunk);
            while let Some(end) = received.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = received.drain(..end + 2).collect();
                let mut lines = std::str::from_utf8(&event).unwrap().lines();
                let data = lines.find_map(|line| line.strip_prefix("data: "));
                let event: Option<Value> = data.map(|data| serde_json::from_str(data).unwrap());
                let Some(event) = event else {
                    continue;
                };
                shared.told(name, connection, &event);
                let fails = manner != Manner::Steady;
                if fails && shared.fails(&mut rng, 24) {
                    // It dies with what it was told just now.
                    break 'connection;
                }
                let id = event["sn"].as_u64().unwrap();
                if manner == Manner::Remembers {
                    shared.last.store(id, Ordering::Release);
                } else if !fails || !shared.fails(&mut rng, 128) {
                    acknowledge(&http, address, name, id).await;
                }
                if fails && shared.fails(&mut rng, 12) {
                    sleep(Duration::from_secs(rng.u64(..600))).await;
                }
            }
        }
        sleep(Duration::from_millis(rng.u64(..10_000))).await;
    }
}

async fn acknowledge(http: &reqwest::Client, address: SocketAddr, name: &str, id: u64) {
    let params = json!({ "consumer": name, "id": id });
    // Otherwise it is told more than once.
    let _answer = call(http, address, "events.ack", &params).await;
}

/// The result or the error of a call; `None` when there was no answer.
pub(super) async fn call(
    http: &reqwest::Client,
    address: SocketAddr,
    method: &str,
    params: &Value,
) -> Option<Result<Value, Value>> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let request = http.post(format!("http://{address}/rpc"));
    let request = request.header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.ok()?;
    let mut answer: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
    match answer.get_mut("error") {
        Some(error) => Some(Err(error["data"].take())),
        None => Some(Ok(answer["result"].take())),
    }
}

/// The receiver of a webhook.
#[derive(Clone)]
struct Receiver {
    shared: Shared,
    rng: Arc<Mutex<Rng>>,
}

/// Receives webhooks for as long as the runtime lives. Returns where.
pub(super) async fn receive(shared: Shared, rng: Rng) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    shared.with(|history| {
        history.told.entry("hook".to_owned()).or_default();
    });
    let rng = Arc::new(Mutex::new(rng));
    let router = Router::new()
        .fallback(take)
        .with_state(Receiver { shared, rng });
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

async fn take(State(receiver): State<Receiver>, request: Request) -> Response {
    let Receiver { shared, rng } = receiver;
    let draw = |most| rng.lock().unwrap().u64(..most);
    let fails = || shared.fails(&mut rng.lock().unwrap(), 90);
    let is_refused = fails();
    if is_refused && draw(3) == 0 {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let body = to_bytes(request.into_body(), LARGEST).await.unwrap();
    let event = serde_json::from_slice(&body).unwrap();
    // Each request is a connection of its own: a receiver may be told an event again and again.
    shared.told("hook", shared.connection(), &event);
    match draw(3) {
        _ if !is_refused => {}
        0 => return pending().await,
        1 => return Response::new(broken(Vec::new())),
        _ => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    if fails() {
        let seconds = draw(14);
        sleep(Duration::from_secs(seconds)).await;
    }
    Response::new(Body::empty())
}
