//! The result of a run.

use std::fmt;

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The seed that everything was drawn from.
    pub seed: u64,
    /// The first broken law as an error.
    pub verdict: Result<(), String>,
    /// What happened, one event a line; empty unless it was asked for.
    pub history: String,
    /// What was counted.
    pub tally: Tally,
}

/// What was counted in one run, or in several.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Messages and recalls delivered by the watch.
    pub told: usize,
    /// Of these, delivered again after a crash.
    pub repeated: usize,
    /// Requests made.
    pub requests: usize,
    /// Messages that the program wanted to send.
    pub sends: usize,
    /// Of these, reported as sent.
    pub sent: usize,
    /// Of these, reported as unconfirmed.
    pub unconfirmed: usize,
    /// Events of push connections.
    pub pushes: usize,
    /// How often the program crashed.
    pub crashes: usize,
}

impl Tally {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            told: self.told + other.told,
            repeated: self.repeated + other.repeated,
            requests: self.requests + other.requests,
            sends: self.sends + other.sends,
            sent: self.sent + other.sent,
            unconfirmed: self.unconfirmed + other.unconfirmed,
            pushes: self.pushes + other.pushes,
            crashes: self.crashes + other.crashes,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} requests, {} events ({} delivered again after {} crashes), {} sends ({} sent, {} unconfirmed), {} pushes",
            self.requests,
            self.told,
            self.repeated,
            self.crashes,
            self.sends,
            self.sent,
            self.unconfirmed,
            self.pushes
        )
    }
}
