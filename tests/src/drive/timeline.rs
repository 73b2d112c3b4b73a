//! Virtual time.

use std::time::Duration;

use bili_im_proto::{Error, Flow, Monotonic, Now, UnixMicros};

use super::{Answers, Running, Seen};

/// Two clocks that move only when told, and the requests that were made by them.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// What the clocks show.
    pub now: Now,
    /// What the service saw, oldest first.
    pub seen: Vec<Seen>,
}

impl Timeline {
    /// Begins when the wall clock shows `seconds` since 1970.
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

    /// Sets the wall clock alone, ahead or back by some seconds.
    pub fn turn_wall_clock(&mut self, seconds: i64) {
        let micros = self.now.unix.0.saturating_add_signed(seconds * 1_000_000);
        self.now.unix = UnixMicros(micros);
    }

    /// The requests to an endpoint.
    pub fn calls(&self, endpoint: &str) -> Vec<&Seen> {
        let calls = self.seen.iter().filter(|seen| seen.endpoint() == endpoint);
        calls.collect()
    }

    /// How often an endpoint was called.
    pub fn count(&self, endpoint: &str) -> usize {
        self.calls(endpoint).len()
    }

    /// Drives a flow to its end; its items are dropped.
    pub fn run<Item, Output>(
        &mut self,
        flow: Flow<Item, Output>,
        mut service: impl Answers,
    ) -> Result<Output, Error> {
        Running::new(flow).finish(self, &mut service)
    }
}
