//! The laws of push (docs/protocol.md §15), in runs where nothing goes wrong.

use super::Ledger;
use crate::time::SECOND;

/// From then on, in microseconds, the program watches with a live push connection.
const BEGUN: u64 = 60 * SECOND;

/// How long after its arrival a message is told at the latest.
const AT_ONCE: u64 = 2 * SECOND;

/// The least time between two polls that no hint asks for.
const SELDOM: u64 = 120 * SECOND;

/// How many polls a hint can cause: at once, a second look, and one after the usual time.
const POLLS_PER_HINT: u64 = 3;

/// Polls when a program starts, before push tells it of changes.
const FIRST_POLLS: u64 = 6;

impl Ledger {
    /// With a live connection messages are told at once, and the service is seldom asked.
    pub(super) fn check_push(&self, now: u64) -> Result<(), String> {
        if !self.is_calm {
            return Ok(());
        }
        if let Some(at) = self.push_lost {
            return Err(format!(
                "the push connection was lost at {at} µs for no reason"
            ));
        }
        for told in &self.told {
            let Some(arrived) = told.event.id().and_then(|id| self.arrived.get(&id.seqno())) else {
                continue;
            };
            if *arrived >= BEGUN && told.at > arrived + AT_ONCE {
                let late = told.at - arrived;
                return Err(format!(
                    "{:?} was told {late} µs after it came",
                    told.event.id()
                ));
            }
        }
        let polls = (self.requests.iter()).filter(|request| request.endpoint == "new_sessions");
        let polls = polls.count() as u64;
        let most = now / SELDOM + POLLS_PER_HINT * self.hints.len() as u64 + FIRST_POLLS;
        if polls > most {
            return Err(format!(
                "{polls} polls although push told of all, {most} at most"
            ));
        }
        Ok(())
    }
}
