//! How a run ends: the last catching up, the check of the laws and the outcome.

use super::Simulation;
use crate::{
    laws::Told,
    outcome::{Outcome, Tally},
    sends::SendState,
    time::{EPOCH, SECOND},
};

/// How long nothing happens before the program's last start: longer than any back-off.
const PAUSE: u64 = 50 * 60 * SECOND;

/// How long the program then has to catch up with polls.
const CATCH_UP: u64 = 12 * 60 * SECOND;

/// The same when it has to compare all sessions.
const LONG_CATCH_UP: u64 = 90 * 60 * SECOND;

/// Runs a simulation to its end.
pub(super) fn outcome(simulation: Result<Simulation, String>, seed: u64) -> Outcome {
    let mut simulation = match simulation {
        Ok(simulation) => simulation,
        Err(error) => {
            return Outcome {
                seed,
                verdict: Err(error),
                history: String::new(),
                tally: Tally::default(),
            };
        }
    };
    let verdict = simulation.run_to_end();
    Outcome {
        seed,
        verdict,
        tally: simulation.tally(),
        history: simulation.history.into_text(),
    }
}

impl Simulation {
    fn run_to_end(&mut self) -> Result<(), String> {
        self.run_until(self.length)?;
        self.service.clear_faults();
        self.service.skew_clock(0);
        self.unreachable_until = 0;
        self.unreadable.clear();
        self.crash_at_event = None;
        self.handles_slowly = false;
        self.note(|| "no more faults from now on".to_owned());
        if self.keeps_running {
            self.start()?;
            self.run_until(self.length + PAUSE)?;
        } else {
            self.restart()?;
        }
        let end = self.now
            + if self.has_long_lag {
                LONG_CATCH_UP
            } else {
                CATCH_UP
            };
        self.run_until(end)?;
        let snapshot = self.service.snapshot(self.service_now());
        self.ledger.check(&snapshot, self.now)?;
        if !self.ledger.is_calm {
            self.sync_to_end()?;
        }
        let wrong = |error: serde_json::Error| error.to_string();
        if let Some(cursor) = self.stored.cursor().map_err(wrong)? {
            let now = EPOCH + self.now;
            let position =
                serde_json::json!({ "talker": { "user": "2" }, "mark": now, "compared": now });
            let position = serde_json::from_value(position).map_err(wrong)?;
            let capacity = self.capacity.unwrap_or(10_000);
            (self.ledger).check_cursor(cursor, capacity, self.now, &position)?;
        }
        if self.stored.snapshot_size() > 100_000 {
            return Err("the stored account is larger than 100,000 bytes".to_owned());
        }
        Ok(())
    }

    /// Keeps what is still missing, and checks that everything is kept then.
    fn sync_to_end(&mut self) -> Result<(), String> {
        // Neither a clock that was wrong nor lists that were late for long spoil the mark then.
        self.sync(self.ledger.clock_was_set || self.has_long_lag);
        self.run_until(self.now + CATCH_UP)?;
        self.kept.check(&self.service)
    }

    /// Crashes the program and starts it after a pause. Everything that is queued is dropped.
    fn restart(&mut self) -> Result<(), String> {
        self.crash();
        self.queue.clear();
        self.now = self.now.max(self.length) + PAUSE;
        if !self.has_long_lag {
            let now = EPOCH + self.now;
            (self.stored.mark_compared(now)).map_err(|error| error.to_string())?;
        }
        self.start()
    }

    fn tally(&self) -> Tally {
        let id = |told: &Told| told.event.id();
        let ids: std::collections::BTreeSet<_> = self.ledger.told.iter().filter_map(id).collect();
        let told = self.ledger.told.iter().filter_map(id).count();
        let sends = &self.ledger.sends;
        Tally {
            told,
            repeated: told - ids.len(),
            requests: self.ledger.requests.len(),
            sends: sends.len(),
            sent: (sends.iter())
                .filter(|send| matches!(send.state, SendState::Sent(_)))
                .count(),
            unconfirmed: (sends.iter())
                .filter(|send| send.state == SendState::Unconfirmed)
                .count(),
            pushes: self.tally.pushes,
            crashes: self.tally.crashes,
        }
    }
}
