//! Growing waits between attempts.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::OutletLimits;

/// The waits after the failures of one delivery.
#[derive(Debug)]
pub(super) struct Waits {
    next: Duration,
    longest: Duration,
    ends: Instant,
}

impl Waits {
    /// Waits until it has been tried for so long.
    pub(super) fn new(limits: &OutletLimits, give_up: Duration) -> Self {
        Self {
            next: limits.first_wait,
            longest: limits.longest_wait,
            ends: Instant::now() + give_up,
        }
    }

    /// The wait after one more failure, at least as long as the receiver asked for; `None` when it
    /// is given up.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = self.next.max(asked.unwrap_or_default()).min(self.longest);
        self.next = (self.next * 2).min(self.longest);
        (Instant::now() + wait < self.ends).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_what_the_receiver_asks_for_is_bounded() {
        let limits = OutletLimits::default();
        let mut waits = Waits::new(&limits, limits.webhook);
        let seconds = |wait: Option<Duration>| wait.unwrap().as_secs();
        let first: Vec<u64> = (0..4).map(|_| seconds(waits.next(None))).collect();
        assert_eq!(first, [1, 2, 4, 8]);
        assert_eq!(seconds(waits.next(Some(Duration::from_secs(90)))), 90);
        assert_eq!(seconds(waits.next(Some(Duration::from_secs(90_000)))), 600);
        let mut short = Waits::new(&limits, Duration::ZERO);
        assert_eq!(short.next(None), None);
    }
}
