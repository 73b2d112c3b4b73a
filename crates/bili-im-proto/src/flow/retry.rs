//! Waits between tries that fail, each longer than the one before.

use std::time::Duration;

use crate::{error::Error, time::Monotonic};

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// When something is tried next, and how many tries in a row have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retry {
    failures: u32,
    next: Monotonic,
}

impl Retry {
    /// The first try is at this time.
    pub(super) fn at(next: Monotonic) -> Self {
        Self { failures: 0, next }
    }

    pub(super) fn next(&self) -> Monotonic {
        self.next
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// The next try is at this time, if it would come later otherwise.
    pub(super) fn no_later_than(&mut self, moment: Monotonic) {
        self.next = self.next.min(moment);
    }

    /// A try failed. The next one is after the interval, after twice as long each further time, and
    /// not before the service allows it. Gives when.
    pub(super) fn failed(
        &mut self,
        now: Monotonic,
        interval: Duration,
        cause: &Error,
    ) -> Monotonic {
        let wait = match cause {
            Error::RateLimited(limited) => limited.retry_after.max(interval),
            _ => interval
                .saturating_mul(2u32.saturating_pow(self.failures.min(16)))
                .min(LONGEST_WAIT.max(interval)),
        };
        self.failures = self.failures.saturating_add(1);
        self.next = now.after(wait);
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let mut retry = Retry::at(Monotonic::default());
        let now = Monotonic(Duration::from_secs(7));
        let interval = Duration::from_secs(20);
        let waits: Vec<u64> = (0..7)
            .map(|_| {
                retry
                    .failed(now, interval, &Error::Finished)
                    .since(now)
                    .as_secs()
            })
            .collect();
        assert_eq!(waits, [20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(retry.failures(), 7);
    }

    #[test]
    fn no_wait_is_shorter_than_the_interval() {
        let mut retry = Retry::at(Monotonic::default());
        let interval = Duration::from_secs(600);
        let next = retry.failed(Monotonic::default(), interval, &Error::Finished);
        assert_eq!(next.since(Monotonic::default()), interval);
    }
}
