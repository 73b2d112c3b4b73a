//! The law of the pace (docs/protocol.md §14).

use std::cmp::Reverse;

use super::{Ledger, SentRequest, TooFast};
use crate::time::SECOND;

/// The shortest silence after "too fast"; `Retry-After` may ask for more.
const SILENCE: u64 = 30 * SECOND;

/// How many polls may come early for each hint of a push connection: one, and a second look.
const EARLY_POLLS: usize = 2;

/// What the pace allows, in microseconds since the run began.
#[derive(Debug, Default)]
struct Pace {
    clock_jumps: u32,
    /// When the next read would use up none of the burst.
    reads: u64,
    /// When the next write is allowed.
    writes: u64,
    silent_until: u64,
    last_poll: Option<u64>,
    /// How many polls may come early, since hints ask for them.
    early: usize,
}

impl Ledger {
    /// Requests keep the pace.
    pub(super) fn check_pace(&self) -> Result<(), String> {
        let mut too_fast: Vec<(u32, TooFast)> = (self.requests.iter())
            .filter_map(|request| Some((request.clock_jumps, request.too_fast?)))
            .collect();
        too_fast.sort_by_key(|(_, too_fast)| Reverse(too_fast.received_at));
        let mut pace = Pace::default();
        let mut hints = self.hints.iter().peekable();
        for request in &self.requests {
            if request.clock_jumps != pace.clock_jumps {
                pace = Pace {
                    clock_jumps: request.clock_jumps,
                    early: pace.early,
                    ..Pace::default()
                };
            }
            while let Some((jumps, answer)) =
                too_fast.pop_if(|(_, answer)| answer.received_at <= request.at)
            {
                if jumps == pace.clock_jumps {
                    pace.note_too_fast(answer);
                }
            }
            while hints.next_if(|at| **at <= request.at).is_some() {
                pace.early += EARLY_POLLS;
            }
            pace.check(request)
                .map_err(|what| format!("{} at {} µs {what}", request.endpoint, request.at))?;
        }
        Ok(())
    }
}

impl Pace {
    fn note_too_fast(&mut self, answer: TooFast) {
        // An answer to a request that was sent before the silence does not extend it.
        let least = if answer.received_at < self.silent_until {
            0
        } else {
            SILENCE
        };
        let until = answer.received_at + answer.retry_after.max(least);
        self.silent_until = self.silent_until.max(until);
    }

    /// Counts a request, and fails when it breaks the pace.
    fn check(&mut self, request: &SentRequest) -> Result<(), &'static str> {
        // Five reads may come at once; otherwise requests are a second apart.
        let (burst, next) = if request.is_read {
            (4 * SECOND, &mut self.reads)
        } else {
            (0, &mut self.writes)
        };
        if request.at + burst < *next {
            return Err("came too fast");
        }
        *next = (*next).max(request.at) + SECOND;
        if request.at < self.silent_until {
            return Err("came although the service had said \"too fast\"");
        }
        if request.endpoint == "new_sessions" {
            let before = self.last_poll.replace(request.at);
            if before.is_some_and(|at| request.at < at + 6 * SECOND) {
                self.early = self.early.checked_sub(1).ok_or("polled too often")?;
            }
        }
        Ok(())
    }
}
