//! When a watcher asks the service: now and then, and at once after a hint of a push connection
//! (docs/protocol.md §15).

use std::time::Duration;

use crate::{
    flow::{prelude::*, retry::Retry},
    watch::{EventKind, Hinted, Hints},
};

/// How many of a watcher's intervals lie between two looks where news can wait, or are told by a
/// push connection: two minutes.
pub(super) const SLOW: u32 = 6;

/// How long after a hint that led to nothing to look once more: the lists may be later than the
/// hint.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// How many looks in a row hints cause, a read's gap apart: one message may give several hints.
const BURST: u32 = 6;

/// After that, how many times a read's gap lies between two such looks: ten seconds.
const REFILL: u32 = 10;

/// A push connection that kept silent while this many looks found news is not relied on until its
/// next hint.
const MISSES: u32 = 2;

/// The time between two looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intervals {
    /// Without a push connection; `None` is `multiple` times the usual one.
    pub(super) asking: Option<Duration>,
    pub(super) multiple: u32,
    /// With one; `None` is [`SLOW`] times the usual one. At least as long as without.
    pub(super) told: Option<Duration>,
}

/// When to look next.
#[derive(Debug)]
pub(super) struct Rhythm {
    intervals: Intervals,
    hints: Hints,
    /// How many hints are accounted for.
    seen: u64,
    /// Whether a push connection is relied on; `None` before there was one.
    is_told: Option<bool>,
    retry: Retry,
    /// Why the next look is made.
    reason: Reason,
    /// When the last look ended.
    looked: Monotonic,
    /// When the next look of a hint would be due if there were no burst.
    next_hinted: Monotonic,
    /// How many looks had news that no hint announced, since the last hint.
    missed: u32,
}

/// Why a look is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Time,
    Hint,
    /// A hint led to nothing just now.
    SecondLook,
}

impl Rhythm {
    pub(super) fn new(intervals: Intervals, hints: Hints, now: Monotonic) -> Self {
        Self {
            intervals,
            hints,
            seen: 0,
            is_told: None,
            retry: Retry::at(now),
            reason: Reason::Time,
            looked: now,
            next_hinted: now,
            missed: 0,
        }
    }

    /// When the next look is due.
    pub(super) fn next(&self) -> Monotonic {
        self.retry.next()
    }

    /// Takes in what the push connection said. Gives the event when it is relied on from now on, or
    /// no longer.
    pub(super) fn listen(&mut self, account: &Account, now: Monotonic) -> Option<EventKind> {
        let hinted = self.hints.read();
        if hinted.count != self.seen {
            self.seen = hinted.count;
            self.missed = 0;
            self.reason = Reason::Hint;
            self.retry.no_later_than(self.hinted_look(account, now));
        }
        let is_told = self.relies_on(hinted, now);
        if is_told == self.is_told {
            return None;
        }
        if self.is_told == Some(true) {
            let due = self.looked.after(self.asking(account));
            self.retry.no_later_than(due.max(now));
        }
        self.is_told = is_told;
        is_told.map(|is_told| match (is_told, hinted.live_until(now)) {
            (true, _) => EventKind::PushLive,
            (false, Some(_)) => EventKind::PushLost {
                cause: "it kept silent about messages".to_owned(),
            },
            (false, None) => EventKind::PushLost {
                cause: self.hints.cause(),
            },
        })
    }

    /// Whether the push connection is relied on; `None` when there never was one.
    fn relies_on(&self, hinted: Hinted, now: Monotonic) -> Option<bool> {
        (hinted.was_tried()).then(|| hinted.live_until(now).is_some() && self.missed < MISSES)
    }

    /// When a look may be made that a hint causes. A flood of hints costs little more than asking.
    fn hinted_look(&self, account: &Account, now: Monotonic) -> Monotonic {
        let credit = refill(account).saturating_mul(BURST - 1);
        let granted = Monotonic(self.next_hinted.0.saturating_sub(credit));
        granted.max(self.looked.after(account.read_gap())).max(now)
    }

    /// A look begins. One that a hint caused need not keep the distance of looks. Gives whether one
    /// did.
    pub(super) fn begin(&mut self, account: &Account, now: Monotonic) -> bool {
        let is_hinted = self.reason != Reason::Time;
        if is_hinted {
            account.allow_poll(now);
            self.next_hinted = self.next_hinted.max(now).after(refill(account));
        }
        is_hinted
    }

    /// A look went well. While something is `open`, the next one comes as without a push
    /// connection.
    pub(super) fn succeeded(
        &mut self,
        account: &Account,
        now: Monotonic,
        had_news: bool,
        is_open: bool,
    ) {
        let is_told = self.is_told == Some(true);
        let reason = std::mem::replace(&mut self.reason, Reason::Time);
        if had_news {
            self.missed += u32::from(is_told && reason == Reason::Time);
        }
        let wait = if had_news || is_open || !is_told || reason == Reason::SecondLook {
            self.asking(account)
        } else {
            self.told(account)
        };
        // A hint that had to wait for the last look may have told of what that one found.
        let was_quiet = now >= self.looked.after(SECOND_LOOK);
        self.looked = now;
        self.retry = Retry::at(now.after(wait));
        if reason == Reason::Hint && !had_news && was_quiet {
            self.reason = Reason::SecondLook;
            let due = self.hinted_look(account, now).max(now.after(SECOND_LOOK));
            self.retry.no_later_than(due);
        }
    }

    /// A look failed. Gives when the next one is due.
    pub(super) fn failed(&mut self, account: &Account, now: Monotonic, cause: &Error) -> Monotonic {
        self.reason = Reason::Time;
        self.looked = now;
        self.retry.failed(now, self.asking(account), cause)
    }

    /// Sleeps until a moment, or until the push connection has said something.
    pub(super) async fn sleep_until<I>(&self, io: &Io<I>, moment: Monotonic) {
        loop {
            let (now, hinted) = (io.now().mono, self.hints.read());
            let has_news = hinted.count != self.seen || self.relies_on(hinted, now) != self.is_told;
            if now >= moment || has_news {
                return;
            }
            let live_until = hinted.live_until(now).unwrap_or(moment);
            io.pause_until(moment.min(live_until)).await;
        }
    }

    fn asking(&self, account: &Account) -> Duration {
        match self.intervals.asking {
            None => account
                .watch_interval(None)
                .saturating_mul(self.intervals.multiple),
            wanted => account.watch_interval(wanted),
        }
    }

    fn told(&self, account: &Account) -> Duration {
        let told = match self.intervals.told {
            None => account.watch_interval(None).saturating_mul(SLOW),
            wanted => account.watch_interval(wanted),
        };
        told.max(self.asking(account))
    }
}

/// The time after which one more look of a hint may follow.
fn refill(account: &Account) -> Duration {
    account.read_gap().saturating_mul(REFILL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{account::Pacing, credential::Credential};

    const LATER: Monotonic = at(100_000);

    const fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    /// A rhythm of 20 s and 120 s, each up to a tenth longer, that looked at second 0.
    fn rhythm() -> (Account, Hints, Rhythm) {
        let credential = Credential::parse("SESSDATA=xxx").unwrap();
        let account = Account::builder(credential, [7; 24]).pacing(Pacing::default());
        let intervals = Intervals {
            asking: None,
            multiple: 1,
            told: None,
        };
        let (account, hints) = (account.build(), Hints::new());
        let rhythm = Rhythm::new(intervals, hints.clone(), at(0));
        (account, hints, rhythm)
    }

    fn lost(cause: &str) -> Option<EventKind> {
        let cause = cause.to_owned();
        Some(EventKind::PushLost { cause })
    }

    /// Looks at that second, and gives how many seconds later the next look is due.
    fn wait_after(account: &Account, rhythm: &mut Rhythm, second: u64, had_news: bool) -> u64 {
        rhythm.begin(account, at(second));
        rhythm.succeeded(account, at(second), had_news, false);
        rhythm.next().since(at(second)).as_secs()
    }

    #[test]
    fn a_connection_that_was_never_made_is_told_once() {
        let (account, hints, mut rhythm) = rhythm();
        assert_eq!(rhythm.listen(&account, at(1)), None);
        hints.ended("refused");
        assert_eq!(rhythm.listen(&account, at(1)), lost("refused"));
        assert_eq!(rhythm.listen(&account, at(2)), None);
    }

    #[test]
    fn a_hint_that_leads_to_nothing_is_followed_by_a_second_look() {
        let (account, hints, mut rhythm) = rhythm();
        hints.live_until(LATER);
        rhythm.listen(&account, at(1));
        wait_after(&account, &mut rhythm, 1, false);
        hints.hint();
        rhythm.listen(&account, at(5));
        assert_eq!(rhythm.next(), at(5));
        assert_eq!(wait_after(&account, &mut rhythm, 5, false), 2);
        assert!((20..=22).contains(&wait_after(&account, &mut rhythm, 7, false)));
        assert!((120..=132).contains(&wait_after(&account, &mut rhythm, 27, false)));
    }
}
