//! Waiting out what keeps a synchronisation from going on.

use std::time::Duration;

use crate::{
    flow::{prelude::*, retry::Retry},
    sync::SyncStep,
};

/// How often a read is tried. The waits in between are half a minute together, and a quarter of an
/// hour when the service throttles the account.
const TRIES: u32 = 6;

/// A service that asks for a longer wait ends the synchronisation.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How many sessions may fail one after another, other than by a refusal, before all ends.
const FAILED_SESSIONS: u32 = 5;

/// What failed since something last succeeded.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failed_sessions: u32,
}

impl Patience {
    /// Something succeeded.
    pub(super) fn renew(&mut self) {
        self.failed_sessions = 0;
    }

    /// A session failed. An error when the synchronisation must end.
    pub(super) fn session_failed(&mut self, cause: &Error) -> Result<(), Error> {
        if cause.ends_watch() {
            return Err(cause.clone());
        }
        if !is_refusal(cause) {
            self.failed_sessions += 1;
        }
        if self.failed_sessions >= FAILED_SESSIONS {
            return Err(cause.clone());
        }
        Ok(())
    }
}

/// The tries of one read.
pub(super) struct Tries(Retry);

impl Tries {
    pub(super) fn new(io: &Io<SyncStep>) -> Self {
        Self(Retry::at(io.now().mono))
    }

    /// Waits until the read can be tried again.
    ///
    /// # Errors
    /// When trying again makes no sense: the error itself.
    pub(super) async fn wait_out(&mut self, io: &Io<SyncStep>, cause: Error) -> Result<(), Error> {
        let is_long =
            matches!(&cause, Error::RateLimited(limited) if limited.retry_after > LONGEST);
        let is_over = self.0.failures() + 1 >= TRIES || is_long;
        if cause.ends_watch() || is_refusal(&cause) || is_over {
            return Err(cause);
        }
        let until = self
            .0
            .failed(io.now().mono, io.account.repeat_gap(), &cause);
        io.emit(SyncStep::Waiting { until, cause }).await;
        io.sleep_until(until).await;
        Ok(())
    }
}

/// Whether the service has refused for good.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Refused(_)) && error.took_no_effect()
}
