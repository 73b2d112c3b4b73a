//! When calls may start, and how the account backs off (docs/protocol.md §14).

use std::{cmp::Ordering, time::Duration};

use crate::{error::FIRST_BACK_OFF, time::Monotonic};

/// The time between calls, and the waits after refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pacing {
    /// Least time between two calls that change something.
    pub write_gap: Duration,
    /// Least time between two reads, once the burst is used up.
    pub read_gap: Duration,
    /// How many reads may start at once after a pause.
    pub read_burst: u32,
    /// The first wait after "too fast"; it doubles each time.
    pub first_back_off: Duration,
    /// The longest wait after "too fast", unless the service asks for a longer one.
    pub longest_back_off: Duration,
    /// The time between two polls of a watcher.
    pub watch_interval: Duration,
    /// The least time between two polls, whatever interval the watcher was given.
    pub least_watch_interval: Duration,
    /// How long the account stops after a refusal by risk control, unless the stop is lifted.
    pub risk_stop: Duration,
    /// When an outcome is unknown, the session is read to look for the message. These are the waits
    /// before the first four reads. Later waits double.
    pub read_back: [Duration; 4],
    /// How long after a request was sent its message may still appear.
    ///
    /// No upper bound is known. The client gives up after 20 s; relays and the operating system may
    /// hold a request for minutes; the lists lag by up to a minute; how old a signed request the
    /// service accepts is unknown. Five minutes is a cautious guess.
    pub latest_arrival: Duration,
}

impl Default for Pacing {
    /// Values that the service tolerates.
    fn default() -> Self {
        Self {
            write_gap: Duration::from_secs(1),
            read_gap: Duration::from_secs(1),
            read_burst: 5,
            first_back_off: FIRST_BACK_OFF,
            longest_back_off: Duration::from_secs(30 * 60),
            watch_interval: Duration::from_secs(20),
            least_watch_interval: Duration::from_secs(6),
            risk_stop: Duration::from_secs(60 * 60),
            read_back: [0, 1, 2, 4].map(Duration::from_secs),
            latest_arrival: Duration::from_secs(5 * 60),
        }
    }
}

impl Pacing {
    /// Almost no pacing, for a simulated service. A wait that the service asks for is still kept.
    pub fn off() -> Self {
        Self {
            write_gap: Duration::ZERO,
            read_gap: Duration::ZERO,
            read_burst: u32::MAX,
            first_back_off: Duration::ZERO,
            longest_back_off: Duration::ZERO,
            watch_interval: Duration::from_secs(1),
            least_watch_interval: Duration::ZERO,
            risk_stop: Duration::from_secs(5),
            read_back: [0, 50, 100, 200].map(Duration::from_millis),
            latest_arrival: Duration::from_secs(5),
        }
    }
}

/// Calls of one lane are paced together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Read,
    /// A read that watchers repeat. Polls keep their distance even when the watcher is started
    /// again and again.
    Poll,
    Write,
}

/// The earliest times at which calls may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pacer {
    /// When the next write would start if there were no burst.
    pub(super) next_write: Monotonic,
    /// When the next read would start if there were no burst.
    pub(super) next_read: Monotonic,
    /// No call before then.
    pub(super) hold: Monotonic,
    /// No writes before then.
    pub(super) write_hold: Monotonic,
    /// How often in a row a read was refused as too fast.
    pub(super) read_strikes: u32,
    /// How often in a row a write was refused as too fast.
    pub(super) write_strikes: u32,
    /// No call before then, because of risk control.
    pub(super) stop: Monotonic,
    /// No poll before then.
    pub(super) next_poll: Monotonic,
    /// How often a stop was set or lifted. Of two processes, the one with the higher count has the
    /// current stop.
    pub(super) stop_changes: u64,
}

/// Why a call may not start now, and how long that lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    TooFast(Duration),
    Stopped(Duration),
}

impl Pacer {
    /// Reserves the next start time, unless the account is held back.
    pub(super) fn reserve(
        &mut self,
        pacing: &Pacing,
        now: Monotonic,
        lane: Lane,
    ) -> Result<Monotonic, Held> {
        self.check_hold(now, lane)?;
        let (next, gap, burst) = match lane {
            Lane::Read | Lane::Poll => (&mut self.next_read, pacing.read_gap, pacing.read_burst),
            Lane::Write => (&mut self.next_write, pacing.write_gap, 1),
        };
        let is_poll = lane == Lane::Poll;
        let earliest = if is_poll {
            now.max(self.next_poll)
        } else {
            now
        };
        let credit = gap.saturating_mul(burst.saturating_sub(1));
        let start = Monotonic(next.0.saturating_sub(credit)).max(earliest);
        *next = (*next).max(earliest).after(gap);
        if is_poll {
            self.next_poll = start.after(pacing.least_watch_interval);
        }
        Ok(start)
    }

    pub(super) fn check_hold(&self, now: Monotonic, lane: Lane) -> Result<(), Held> {
        if self.stop > now {
            return Err(Held::Stopped(self.stop.since(now)));
        }
        let held = match lane {
            Lane::Read | Lane::Poll => self.hold,
            Lane::Write => self.hold.max(self.write_hold),
        };
        if held > now {
            return Err(Held::TooFast(held.since(now)));
        }
        Ok(())
    }

    /// Extends the hold after the service refused a call as too fast, and returns how long it
    /// lasts. `asked` is the wait that the service asked for. With `only_writes` only writes are
    /// held back. `chance` is from 0 to 1.
    pub(super) fn back_off(
        &mut self,
        pacing: &Pacing,
        now: Monotonic,
        lane: Lane,
        asked: Option<Duration>,
        only_writes: bool,
        chance: f64,
    ) -> Duration {
        let hold = if only_writes {
            &mut self.write_hold
        } else {
            &mut self.hold
        };
        // Calls sent together and refused together count as one.
        let is_new = *hold <= now;
        let strikes = match lane {
            Lane::Read | Lane::Poll => &mut self.read_strikes,
            Lane::Write => &mut self.write_strikes,
        };
        let doubled = if is_new {
            let doubled = pacing
                .first_back_off
                .saturating_mul(2u32.saturating_pow(*strikes))
                .min(pacing.longest_back_off);
            *strikes = strikes.saturating_add(1);
            doubled.saturating_add(doubled.mul_f64(chance / 4.0))
        } else {
            Duration::ZERO
        };
        let wait = doubled
            .min(pacing.longest_back_off)
            .max(asked.unwrap_or_default());
        *hold = (*hold).max(now.after(wait));
        hold.since(now)
    }

    /// Resets the back-off of a lane after a call succeeded.
    pub(super) fn succeeded(&mut self, lane: Lane) {
        match lane {
            Lane::Read | Lane::Poll => self.read_strikes = 0,
            Lane::Write => self.write_strikes = 0,
        }
    }

    pub(super) fn stop(&mut self, pacing: &Pacing, now: Monotonic) {
        self.stop = now.after(pacing.risk_stop);
        self.stop_changes = self.stop_changes.saturating_add(1);
    }

    pub(super) fn lift_stop(&mut self) {
        if self.stop != Monotonic::default() {
            self.stop = Monotonic::default();
            self.stop_changes = self.stop_changes.saturating_add(1);
        }
    }

    /// Merges the state of another process that started from this one's.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.next_write = other.next_write.max(self.next_write);
        self.next_read = other.next_read.max(self.next_read);
        self.next_poll = other.next_poll.max(self.next_poll);
        self.hold = other.hold.max(self.hold);
        self.write_hold = other.write_hold.max(self.write_hold);
        // The other process may have succeeded since, so its counts hold.
        self.read_strikes = other.read_strikes;
        self.write_strikes = other.write_strikes;
        self.stop = match other.stop_changes.cmp(&self.stop_changes) {
            Ordering::Less => self.stop,
            Ordering::Equal => other.stop.max(self.stop),
            // Not the later of the two: it may have been lifted.
            Ordering::Greater => other.stop,
        };
        self.stop_changes = other.stop_changes.max(self.stop_changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACING: fn() -> Pacing = Pacing::default;

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic(Duration::from_millis(milliseconds))
    }

    #[test]
    fn polls_are_six_seconds_apart_and_count_as_reads_of_which_five_go_at_once() {
        let mut pacer = Pacer::default();
        let mut reserve = |now, lane| pacer.reserve(&PACING(), now, lane);
        for (now, write) in [(0, 0), (1, 1000), (2500, 2500)] {
            assert_eq!(reserve(at(now), Lane::Write), Ok(at(write)));
        }
        assert_eq!(reserve(at(5000), Lane::Poll), Ok(at(5000)));
        assert_eq!(reserve(at(10_999), Lane::Poll), Ok(at(11_000)));
        for _ in 0..4 {
            assert_eq!(reserve(at(11_000), Lane::Read), Ok(at(11_000)));
        }
        assert_eq!(reserve(at(11_000), Lane::Read), Ok(at(12_000)));
        assert_eq!(reserve(at(30_000), Lane::Poll), Ok(at(30_000)));
    }

    #[test]
    fn reads_that_go_through_do_not_shorten_the_wait_for_writes() {
        let mut pacer = Pacer::default();
        let mut now = at(0);
        let mut back_off = |lane, only_writes| {
            pacer.succeeded(lane);
            let wait = pacer.back_off(&PACING(), now, Lane::Write, None, only_writes, 0.0);
            now = now.after(wait);
            wait.as_secs()
        };
        assert_eq!(back_off(Lane::Read, true), 30);
        assert_eq!(back_off(Lane::Read, false), 60);
        assert_eq!(back_off(Lane::Read, true), 120);
        assert_eq!(back_off(Lane::Write, true), 30);
    }

    #[test]
    fn calls_that_are_refused_together_count_once() {
        let mut pacer = Pacer::default();
        for _ in 0..5 {
            let wait = pacer.back_off(&PACING(), at(0), Lane::Read, None, false, 0.0);
            assert_eq!(wait.as_secs(), 30);
        }
        let wait = pacer.back_off(&PACING(), at(30_000), Lane::Read, None, false, 0.0);
        assert_eq!(wait.as_secs(), 60);
    }
}
