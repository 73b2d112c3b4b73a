//! How a run went.

use std::fmt;

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    /// The seed that everything was drawn from.
    pub seed: u64,
    /// The law that is broken, if one is.
    pub verdict: Result<(), String>,
    /// What happened, when it was asked for.
    pub history: String,
    /// How much happened.
    pub tally: Tally,
}

/// How much happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Events of messages and recalls told.
    pub told: usize,
    /// Of these, told again after a crash.
    pub repeated: usize,
    /// Requests made.
    pub requests: usize,
    /// Messages that the program wanted to send.
    pub sends: usize,
    /// Of these, reported as sent.
    pub sent: usize,
    /// Of these, called unconfirmed.
    pub unconfirmed: usize,
    /// How often the program died.
    pub crashes: usize,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            told: self.told + other.told,
            repeated: self.repeated + other.repeated,
            requests: self.requests + other.requests,
            sends: self.sends + other.sends,
            sent: self.sent + other.sent,
            unconfirmed: self.unconfirmed + other.unconfirmed,
            crashes: self.crashes + other.crashes,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} requests, {} events ({} again after one of {} crashes), {} sends ({} sent, {} unconfirmed)",
            self.requests,
            self.told,
            self.repeated,
            self.crashes,
            self.sends,
            self.sent,
            self.unconfirmed
        )
    }
}
