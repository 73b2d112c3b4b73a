//! A receiver of webhooks and notifications, over loopback.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bili_im_serve::{Limits, Outlets};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::stage::{Life, PATIENCE, limits};

/// How a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// With a header.
    With(u16, &'static str, String),
    Json(Value),
    Never,
}

/// What was posted.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
struct Inner {
    answers: Mutex<VecDeque<Answer>>,
    posted: Mutex<Vec<Posted>>,
}

/// A receiver. It answers 200 when it has no other answer.
pub(crate) struct Receiver {
    inner: Arc<Inner>,
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let inner = Arc::<Inner>::default();
        let router = Router::new().fallback(take).with_state(Arc::clone(&inner));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(listener).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async { axum::serve(listener, router).await });
        Self {
            inner,
            address,
            _runtime: runtime,
        }
    }

    /// The answers to the next requests.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inner.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.inner.posted.lock().unwrap().clone()
    }

    /// What was posted, once there are so many.
    pub(crate) fn wait(&self, count: usize) -> Vec<Posted> {
        let begun = Instant::now();
        loop {
            let posted = self.posted();
            if posted.len() >= count {
                return posted;
            }
            assert!(begun.elapsed() < PATIENCE, "only {posted:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A webhook with this receiver.
    pub(crate) fn hook(&self, more: &str) -> String {
        format!(
            "[[webhook]]\nname = 'crm'\nurl = 'http://{}/hook?key=hidden'\n\
             secret = '{SECRET}'\n{more}\n",
            self.address
        )
    }
}

pub(crate) const SECRET: &str = "0123456789abcdef";

impl Posted {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The text of a message.
    pub(crate) fn text(&self) -> String {
        let json = self.json();
        let text = json["message"]["content"]["text"].as_str();
        text.unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// Notifications to this receiver.
pub(crate) fn gotify(receiver: &Receiver, more: &str) -> String {
    format!(
        "[[notify]]\nname = 'phone'\nto = 'gotify'\nserver = 'http://{}'\ntoken = 'hidden'\n{more}\n",
        receiver.address
    )
}

pub(crate) fn texts(posted: &[Posted]) -> Vec<String> {
    posted.iter().map(Posted::text).collect()
}

/// Waits of milliseconds.
pub(crate) fn quick() -> Limits {
    let mut limits = limits();
    limits.outlets.first_wait = Duration::from_millis(5);
    limits.outlets.longest_wait = Duration::from_millis(20);
    limits.outlets.patience = Duration::from_millis(500);
    limits.outlets.look = Duration::from_millis(10);
    limits
}

impl Life {
    pub(crate) fn set_outlets(&self, text: &str) {
        let outlets = Outlets::parse(text, ".".as_ref()).unwrap();
        self.wait(async { self.core.set_outlets(outlets) });
    }

    /// Sets outlets, and waits until they have their places.
    pub(crate) fn with_outlets(self, text: &str) -> Self {
        self.set_outlets(text);
        let consumers = text.matches("[[").count();
        self.until(|life| {
            let (_, page) = life.page("/metrics");
            let is_of_outlet = |line: &&str| {
                line.starts_with("bili_im_consumer_lag")
                    && ["\"hook/", "\"notify/", "\"rules\""]
                        .iter()
                        .any(|name| line.contains(name))
            };
            page.lines().filter(is_of_outlet).count() >= consumers
        });
        self
    }

    /// How often an outlet had a result.
    pub(crate) fn results(&self, outlet: &str, result: &str) -> u64 {
        let (_, page) = self.page("/metrics");
        let name = format!("bili_im_outlet_total{{outlet=\"{outlet}\",result=\"{result}\"}} ");
        let line = page.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0, |count| count.parse().unwrap())
    }

    /// What waits for an outlet.
    pub(crate) fn lag(&self, outlet: &str) -> u64 {
        let (_, page) = self.page("/metrics");
        let name = format!("consumer=\"{outlet}\"}} ");
        let line = page
            .lines()
            .find_map(|line| Some(line.split_once(&name)?.1));
        line.unwrap().parse().unwrap()
    }
}

async fn take(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let answer = inner.answers.lock().unwrap().pop_front();
    inner.posted.lock().unwrap().push(Posted {
        path: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    match answer.unwrap_or(Answer::Status(200)) {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::With(status, name, value) => {
            (StatusCode::from_u16(status).unwrap(), [(name, value)]).into_response()
        }
        Answer::Json(body) => body.to_string().into_response(),
        Answer::Never => std::future::pending().await,
    }
}
