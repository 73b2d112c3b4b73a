//! How a run ends: the last catching up, the check of the laws and the outcome.

use std::collections::BTreeSet;

use super::{Quirk, Simulation};
use crate::{
    history::History,
    outcome::{Outcome, Tally},
    sends::SendState,
    time::{EPOCH, SECOND},
};

/// How long the program is off, or runs undisturbed, after the last fault. Longer than any back-off.
const PAUSE: u64 = 50 * 60 * SECOND;

/// How long the program then has to catch up with polls.
const CATCH_UP: u64 = 12 * 60 * SECOND;

/// The same when it has to compare all sessions.
const LONG_CATCH_UP: u64 = 90 * 60 * SECOND;

/// How many sessions a cursor keeps unless it is told.
const DEFAULT_CAPACITY: usize = 10_000;

/// The most bytes of a stored account.
const LARGEST_SNAPSHOT: usize = 100_000;

/// Runs a seed to its end, and checks the laws.
pub(super) fn run_and_judge(seed: u64, quirk: Option<Quirk>, history: History) -> Outcome {
    let mut simulation = match Simulation::new(seed, quirk, history) {
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
        self.end_faults();
        if self.keeps_running {
            self.start()?;
            self.run_until(self.length + PAUSE)?;
        } else {
            self.restart()?;
        }
        self.catch_up()?;
        let snapshot = self.service.snapshot(self.service_now());
        self.ledger.check(&snapshot, self.now)?;
        if !self.ledger.is_calm {
            self.sync_to_end()?;
        }
        self.check_cursor_size()?;
        if self.stored.snapshot_size() > LARGEST_SNAPSHOT {
            return Err(format!(
                "the stored account is larger than {LARGEST_SNAPSHOT} bytes"
            ));
        }
        Ok(())
    }

    fn end_faults(&mut self) {
        self.service.clear_faults();
        self.service.skew_clock(0);
        self.unreachable_until = 0;
        self.unreadable.clear();
        self.crash_at_event = None;
        self.handles_slowly = false;
        self.note(|| "no more faults from now on".to_owned());
    }

    /// Gives the program the time to find everything.
    fn catch_up(&mut self) -> Result<(), String> {
        let time = if self.has_long_lag {
            LONG_CATCH_UP
        } else {
            CATCH_UP
        };
        self.run_until(self.now + time)
    }

    /// Checks how many sessions the stored cursor keeps. The cursor forgets sessions only when it
    /// advances, so one more position is applied.
    fn check_cursor_size(&self) -> Result<(), String> {
        let wrong = |error: serde_json::Error| error.to_string();
        let Some(cursor) = self.stored.cursor().map_err(wrong)? else {
            return Ok(());
        };
        let now = EPOCH + self.now;
        let position =
            serde_json::json!({ "talker": { "user": "2" }, "mark": now, "compared": now });
        let position = serde_json::from_value(position).map_err(wrong)?;
        let capacity = self.capacity.unwrap_or(DEFAULT_CAPACITY);
        (self.ledger).check_cursor(cursor, capacity, self.now, &position)
    }

    /// Keeps what is still missing, and checks that everything is kept then.
    fn sync_to_end(&mut self) -> Result<(), String> {
        // A wrong clock or very late lists may have set the mark too far ahead. A full
        // synchronisation ignores the mark.
        self.sync(self.ledger.clock_was_set || self.has_long_lag);
        self.run_until(self.now + CATCH_UP)?;
        self.kept.check(&self.service)
    }

    /// Stops the program and starts it after a pause. Everything that is queued is dropped.
    fn restart(&mut self) -> Result<(), String> {
        self.note(|| "stop".to_owned());
        self.stop();
        self.queue.clear();
        self.now = self.now.max(self.length) + PAUSE;
        // Without long lags, polls alone must find everything. So no comparison of all sessions is
        // due.
        if !self.has_long_lag {
            let now = EPOCH + self.now;
            (self.stored.mark_compared(now)).map_err(|error| error.to_string())?;
        }
        self.start()
    }

    fn tally(&self) -> Tally {
        let told = self.ledger.told.iter();
        let ids: Vec<_> = told.filter_map(|told| told.event.id()).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        let sends = &self.ledger.sends;
        let count = |is_counted: fn(&SendState) -> bool| {
            let counted = sends.iter().filter(|send| is_counted(&send.state));
            counted.count()
        };
        Tally {
            told: ids.len(),
            repeated: ids.len() - distinct.len(),
            requests: self.ledger.requests.len(),
            sends: sends.len(),
            sent: count(|state| matches!(state, SendState::Sent(_))),
            unconfirmed: count(|state| *state == SendState::Unconfirmed),
            ..self.tally
        }
    }
}
