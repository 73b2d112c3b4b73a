//! Which parts of a conversation have been read.

use std::{fmt, str::FromStr};

use crate::{ids::Seqno, time::UnixSeconds};

/// A part of a conversation of which every message has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its first sequence number. 0 when nothing is older.
    pub first: Seqno,
    /// Its last sequence number.
    pub last: Seqno,
    /// When its oldest message was written; 0 when that is not known, or there is none.
    pub since: UnixSeconds,
}

/// A part of a conversation that has not been read: after one message and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The newest message that is older than the gap; `None` when nothing older has been read.
    pub after: Option<Seqno>,
    /// The oldest message that is newer than the gap; `None` when nothing newer has been read.
    pub before: Option<Seqno>,
}

/// The parts of a conversation that have been read.
///
/// As text it is a list of stretches, oldest first: `0-41@0 60-99@1760000000`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Oldest first. No two of them overlap or touch.
    stretches: Vec<Stretch>,
}

impl Coverage {
    /// The stretches, oldest first. No two of them overlap or touch.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// The newest message that has been read.
    pub fn newest(&self) -> Option<Seqno> {
        self.stretches.last().map(|stretch| stretch.last)
    }

    /// Notes that a stretch has been read. One that ends before it begins is ignored.
    pub fn add(&mut self, new: Stretch) {
        if new.last < new.first {
            return;
        }
        let mut whole = new;
        self.stretches.retain(|old| {
            let touches = |a: Seqno, b: Seqno| a.0 <= b.0.saturating_add(1);
            let is_apart = !touches(old.first, whole.last) || !touches(whole.first, old.last);
            if !is_apart {
                let (older, newer) = if old.first < whole.first {
                    (*old, whole)
                } else {
                    (whole, *old)
                };
                whole.first = older.first;
                whole.since = if older.since == UnixSeconds(0) {
                    newer.since
                } else {
                    older.since
                };
                whole.last = whole.last.max(old.last);
            }
            is_apart
        });
        let at = self
            .stretches
            .partition_point(|old| old.first < whole.first);
        self.stretches.insert(at, whole);
    }

    /// The gap between the newest message that has been read and newer ones.
    pub fn newest_gap(&self) -> Gap {
        Gap {
            after: self.newest(),
            before: None,
        }
    }

    /// The newest gap that is older than something that has been read. Gaps whose messages were all
    /// written before `since` do not count.
    pub fn older_gap(&self, since: Option<UnixSeconds>) -> Option<Gap> {
        let mut older = self.stretches.iter().rev().skip(1);
        for stretch in self.stretches.iter().rev() {
            let after = older.next().map(|older| older.last);
            let is_dated = stretch.since != UnixSeconds(0);
            if is_dated && since.is_some_and(|since| stretch.since < since) {
                return None;
            }
            if stretch.first > Seqno(0) {
                return Some(Gap {
                    after,
                    before: Some(stretch.first),
                });
            }
        }
        None
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, Stretch { first, last, since }) in self.stretches.iter().enumerate() {
            let space = if nth > 0 { " " } else { "" };
            write!(f, "{space}{first}-{last}@{since}")?;
        }
        Ok(())
    }
}

/// A text that does not describe a [`Coverage`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no list of stretches such as 0-41@0")]
pub struct InvalidCoverage;

impl FromStr for Coverage {
    type Err = InvalidCoverage;

    fn from_str(text: &str) -> Result<Self, InvalidCoverage> {
        let mut coverage = Self::default();
        for stretch in text.split_ascii_whitespace() {
            let read = || {
                let (seqnos, since) = stretch.split_once('@')?;
                let (first, last) = seqnos.split_once('-')?;
                Some(Stretch {
                    first: first.parse().ok()?,
                    last: last.parse().ok()?,
                    since: UnixSeconds(since.parse().ok()?),
                })
            };
            coverage.add(read().ok_or(InvalidCoverage)?);
        }
        Ok(coverage)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn stretch(first: u64, last: u64) -> Stretch {
        Stretch {
            first: Seqno(first),
            last: Seqno(last),
            since: UnixSeconds(first),
        }
    }

    proptest! {
        #[test]
        fn it_holds_what_was_added_and_its_gaps_are_the_rest(
            added in prop::collection::vec((0..30u64, 0..6u64), 0..12),
        ) {
            let mut coverage = Coverage::default();
            let mut numbers = BTreeSet::new();
            for (first, length) in added {
                coverage.add(stretch(first, first + length));
                numbers.extend(first..=first + length);
            }
            let covered = coverage.stretches().iter().flat_map(|one| one.first.0..=one.last.0);
            prop_assert!(covered.eq(numbers.iter().copied()));
            let text = coverage.to_string();
            prop_assert_eq!(text.parse::<Coverage>(), Ok(coverage.clone()));
            // Filled from the newest on, no gap is left below the newest number.
            while let Some(gap) = coverage.older_gap(None) {
                let first = gap.after.map_or(0, |after| after.0 + 1);
                let last = gap.before.map_or(0, |before| before.0 - 1);
                prop_assert!(first <= last && (first..=last).all(|one| !numbers.contains(&one)));
                coverage.add(stretch(first, last));
            }
            let ends = |one: &Stretch| (one.first.0, one.last.0);
            let whole: Vec<_> = coverage.stretches().iter().map(ends).collect();
            let newest = numbers.last().map(|&last| (0, last));
            prop_assert_eq!(whole, newest.as_slice());
        }
    }

    #[test]
    fn gaps_older_than_asked_for_do_not_count() {
        let coverage: Coverage = "2-3@100 9-9@500 20-29@900".parse().unwrap();
        let gap = |since| coverage.older_gap(Some(UnixSeconds(since)));
        let newest = Gap {
            after: Some(Seqno(9)),
            before: Some(Seqno(20)),
        };
        assert_eq!(gap(900), Some(newest));
        assert_eq!(gap(901), None);
        assert_eq!("1-2".parse::<Coverage>(), Err(InvalidCoverage));
    }
}
