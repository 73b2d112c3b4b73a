//! How long to wait before the next connection, and how many events are given.

use std::time::Duration;

use crate::time::Monotonic;

/// In seconds: the first wait, the longest one, and how long a connection must have lived for the
/// waits to begin anew.
type Doubling = [u64; 3];

/// After a connection that was lost.
const LOST: Doubling = [5, 5 * 60, 60];

/// After a connection that could not be opened: the service may refuse it on purpose.
const REFUSED: Doubling = [30, 30 * 60, 60];

/// After being kicked out. Of two programs that kick each other out, each is left alone for longer
/// and longer.
const KICKED: Doubling = [10 * 60, 60 * 60, 60 * 60];

/// How many connections in a row ended, and how.
#[derive(Default)]
pub(super) struct Waits {
    lost: u32,
    kicked: u32,
}

impl Waits {
    /// The wait after a connection that was lost; `None` when it was never live.
    pub(super) fn after_loss(&mut self, lived: Option<Duration>, chance: f64) -> Duration {
        let waits = if lived.is_some() { LOST } else { REFUSED };
        next(waits, &mut self.lost, lived, chance)
    }

    /// The wait after being kicked out.
    pub(super) fn after_kick(&mut self, lived: Option<Duration>, chance: f64) -> Duration {
        next(KICKED, &mut self.kicked, lived, chance)
    }
}

/// The next wait, with 20% of jitter to either side, after a connection that lived for `lived`, if
/// it did.
fn next(
    [first, longest, forgotten]: Doubling,
    ends: &mut u32,
    lived: Option<Duration>,
    chance: f64,
) -> Duration {
    if lived >= Some(Duration::from_secs(forgotten)) {
        *ends = 0;
    }
    let wait = first
        .saturating_mul(2u64.saturating_pow(*ends))
        .min(longest);
    *ends = ends.saturating_add(1);
    Duration::from_secs(wait).mul_f64(0.8 + 0.4 * chance)
}

/// How many changes are given as events of their own in a second.
const GIVEN: u32 = 10;

/// Folds changes that come too fast: what is beyond [`GIVEN`] in a second becomes one at its end.
#[derive(Default)]
pub(super) struct Folding {
    since: Monotonic,
    given: u32,
    folded: bool,
}

impl Folding {
    /// Whether a change is given now. Otherwise it is folded.
    pub(super) fn admits(&mut self, now: Monotonic) -> bool {
        if !self.folded && now >= self.end() {
            (self.since, self.given) = (now, 0);
        }
        self.folded |= self.given >= GIVEN;
        self.given += u32::from(!self.folded);
        !self.folded
    }

    /// When the folded changes are due, if there are any.
    pub(super) fn due(&self) -> Option<Monotonic> {
        self.folded.then(|| self.end())
    }

    /// Takes the folded changes, if they are due.
    pub(super) fn take_due(&mut self, now: Monotonic) -> bool {
        let is_due = self.due().is_some_and(|due| due <= now);
        if is_due {
            (self.since, self.given, self.folded) = (now, 1, false);
        }
        is_due
    }

    fn end(&self) -> Monotonic {
        self.since.after(Duration::from_secs(1))
    }
}
