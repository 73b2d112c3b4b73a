//! `--verbose`: the requests, on stderr.
//!
//! A line has the method, the path without its query, the status and the time. Other logs are not
//! shown, since HTTP clients log headers, and with them the cookie.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tracing::{Level, debug};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};
use ureq::{
    Agent, Body, SendBody,
    http::{Request, Response},
    middleware::{Middleware, MiddlewareNext},
};

/// The events of this program have this target.
const TARGET: &str = "bili_im";

/// A pause between two requests that is told.
const PAUSE: Duration = Duration::from_millis(100);

/// The events of serving have this target.
#[cfg(feature = "serve")]
const SERVING: &str = "bili_im_serve";

static IS_ON: AtomicBool = AtomicBool::new(false);

/// Begins to show requests.
pub(crate) fn begin() {
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_timer(fmt::time::uptime())
        .with_target(false)
        .with_level(false)
        .with_ansi(false);
    let ours = Targets::new().with_target(TARGET, Level::DEBUG);
    // An error means that it has begun before.
    let _begun = tracing_subscriber::registry()
        .with(lines)
        .with(ours)
        .try_init();
    IS_ON.store(true, Ordering::Relaxed);
}

/// Begins to show how the served accounts are.
#[cfg(feature = "serve")]
pub(crate) fn begin_serving() {
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .without_time()
        .with_target(false)
        .with_ansi(false);
    let ours = Targets::new().with_target(SERVING, Level::INFO);
    // An error means that it has begun before.
    let _begun = tracing_subscriber::registry()
        .with(lines)
        .with(ours)
        .try_init();
}

/// An agent that shows its requests; `None` without `--verbose`.
pub(crate) fn agent(is_loopback: bool) -> Option<Agent> {
    (IS_ON.load(Ordering::Relaxed)).then(|| bare_agent(is_loopback))
}

/// An agent that is as safe as the adapter's own. It shows its requests with `--verbose`.
pub(crate) fn bare_agent(is_loopback: bool) -> Agent {
    let config = Agent::config_builder()
        .https_only(!is_loopback)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .middleware(Shown(Mutex::new(Instant::now())));
    let config = if is_loopback {
        config.proxy(None)
    } else {
        config
    };
    config.build().into()
}

/// Shows each request. Holds when the last one ended.
struct Shown(Mutex<Instant>);

impl Middleware for Shown {
    fn handle(
        &self,
        request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<Body>, ureq::Error> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let begin = Instant::now();
        let waited = begin.duration_since(*self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if waited >= PAUSE {
            debug!(target: TARGET, "waited {} ms", waited.as_millis());
        }
        let answer = next.handle(request);
        let took = begin.elapsed().as_millis();
        match &answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                debug!(target: TARGET, "{method} {path} {status}, {took} ms");
            }
            // The error can have the address, and with it a key.
            Err(_) => debug!(target: TARGET, "{method} {path} no answer, {took} ms"),
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        answer
    }
}
