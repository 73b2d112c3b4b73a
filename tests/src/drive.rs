//! Driving flows with a clock and a service that exist only in the test.

use std::time::Duration;

use bili_im_proto::{
    Body, Effect, Error, Flow, Input, Monotonic, Now, Outgoing, Step, UnixMicros, http,
};

use crate::plain;

/// After how many steps a flow counts as one that does not end.
const ENOUGH: usize = 10_000;

/// A request as the service saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When it went out.
    pub at: Now,
    /// The request.
    pub request: http::Request<Body>,
    /// What it was said to do.
    pub effect: Effect,
}

impl Seen {
    /// The last segment of its path.
    pub fn endpoint(&self) -> &str {
        let path = self.request.uri().path();
        path.rsplit('/').next().unwrap_or(path)
    }

    /// Its query.
    pub fn query(&self) -> &str {
        self.request.uri().query().unwrap_or_default()
    }

    /// The only value of a name in its query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = plain::query_pairs(self.query())?;
        plain::only(&pairs, name).map(str::to_owned)
    }

    /// The only value of a name in its form.
    pub fn field(&self, name: &str) -> Option<String> {
        let pairs = plain::form_pairs(self.request.body().as_ref());
        plain::only(&pairs, name).map(str::to_owned)
    }

    /// The time that it is signed for, in seconds.
    pub fn wts(&self) -> Option<u64> {
        self.parameter("wts")?.parse().ok()
    }

    /// All of its bytes, for comparing.
    pub fn bytes(&self) -> String {
        let headers: Vec<String> = (self.request.headers().iter())
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        format!(
            "{} {}\n{}\n\n{}",
            self.request.method(),
            self.request.uri(),
            headers.join("\n"),
            String::from_utf8_lossy(self.request.body().as_ref())
        )
    }
}

/// A virtual clock, and what happened by it.
#[derive(Debug, Clone)]
pub struct World {
    /// What the clocks show.
    pub now: Now,
    /// What the service saw, oldest first.
    pub seen: Vec<Seen>,
}

impl World {
    /// A world whose wall clock shows `seconds` since 1970.
    pub fn new(seconds: u64) -> Self {
        let now = Now {
            unix: UnixMicros(seconds * 1_000_000),
            mono: Monotonic(Duration::from_secs(1_000)),
        };
        Self { now, seen: vec![] }
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        self.now.mono = self.now.mono.after(by);
        self.now.unix = self.now.unix.saturating_add(by);
    }

    /// Lets time pass until the monotonic clock shows `then`.
    pub fn advance_to(&mut self, then: Monotonic) {
        self.advance(then.since(self.now.mono));
    }

    /// Notes a request that went out.
    pub fn note(&mut self, outgoing: Outgoing) -> Seen {
        let seen = Seen {
            at: self.now,
            request: outgoing.request,
            effect: outgoing.effect,
        };
        self.seen.push(seen.clone());
        seen
    }

    /// Drives a flow to its end; waits take no time, and each request is answered by `service`.
    ///
    /// # Panics
    /// When the flow does not end.
    pub fn run<Item, Output>(
        &mut self,
        flow: &mut Flow<Item, Output>,
        mut service: impl FnMut(&Seen) -> Input,
    ) -> Result<Output, Error> {
        let mut input = Input::Begin;
        for _ in 0..ENOUGH {
            input = match flow.resume(self.now, input) {
                Step::Send(outgoing) => service(&self.note(outgoing)),
                Step::WaitUntil(moment) => {
                    self.advance_to(moment);
                    Input::Woken
                }
                Step::Item(_) => Input::Woken,
                Step::Done(result) => return result,
            };
        }
        panic!(
            "the flow does not end; it sent {} requests",
            self.seen.len()
        )
    }

    /// How often an endpoint was called.
    pub fn count(&self, endpoint: &str) -> usize {
        let calls = self.seen.iter().filter(|seen| seen.endpoint() == endpoint);
        calls.count()
    }
}
