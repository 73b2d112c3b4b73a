//! Reading what is new in sessions: back to what was handled, then forward.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use crate::{
    endpoints::{FetchSessionMsgs, SessionMsgs},
    flow::history::{History, next_page},
    ids::{Seqno, Talker},
    time::{Monotonic, UnixMicros, UnixSeconds},
};

/// How many messages to ask for at once.
const PAGE_SIZE: u32 = 200;

/// The most pages of a gap that are kept in memory; of the others only the bounds are.
pub(super) const PAGES_KEPT: usize = 10;

/// How long the service's answers may contradict each other until the last one is believed.
const DOUBT: Duration = Duration::from_secs(60);

/// The same where believing it would pass over what must be there.
const LONG_DOUBT: Duration = Duration::from_secs(30 * 60);

/// The sessions that have something to fetch.
#[derive(Debug, Default)]
pub(super) struct OpenSessions {
    all: BTreeMap<Talker, Open>,
    by_due: BTreeSet<(Monotonic, Talker)>,
    /// Those that hold the mark back.
    by_mark: BTreeSet<(UnixMicros, Talker)>,
}

/// A session that has something to fetch.
#[derive(Debug)]
pub(super) struct Open {
    /// Its newest message, as far as the lists say.
    pub(super) newest: Option<Seqno>,
    /// When that was written, as far as the lists say.
    pub(super) changed: Option<UnixSeconds>,
    /// What it has may have been there since then: the mark must not pass it over.
    mark: UnixMicros,
    /// Whether the program was told that it is pending, so that the mark may.
    is_pending: bool,
    /// Not before then.
    retry_at: Monotonic,
    failures: u32,
    /// Since when its answers do not fit what is known of it.
    doubted: Option<Monotonic>,
    pub(super) walk: Walk,
}

impl OpenSessions {
    /// The session, opened now if it was not. What it has may have been there since `mark`.
    pub(super) fn open(
        &mut self,
        talker: Talker,
        mark: UnixMicros,
        is_pending: bool,
        now: Monotonic,
    ) -> &mut Open {
        self.all.entry(talker).or_insert_with(|| {
            self.by_due.insert((now, talker));
            if !is_pending {
                self.by_mark.insert((mark, talker));
            }
            Open {
                newest: None,
                changed: None,
                mark,
                is_pending,
                retry_at: now,
                failures: 0,
                doubted: None,
                walk: Walk::default(),
            }
        })
    }

    pub(super) fn get(&self, talker: Talker) -> Option<&Open> {
        self.all.get(&talker)
    }

    pub(super) fn get_mut(&mut self, talker: Talker) -> Option<&mut Open> {
        self.all.get_mut(&talker)
    }

    /// The session that is due first, and when.
    pub(super) fn next(&self) -> Option<(Monotonic, Talker)> {
        self.by_due.first().copied()
    }

    /// Since when something may be there that the program does not know of.
    pub(super) fn mark(&self) -> Option<UnixMicros> {
        self.by_mark.first().map(|&(mark, _)| mark)
    }

    pub(super) fn is_pending(&self, talker: Talker) -> bool {
        self.get(talker).is_some_and(|open| open.is_pending)
    }

    /// Puts a session off; its pages are read again then.
    pub(super) fn put_off(&mut self, talker: Talker, until: Monotonic) {
        let Some(open) = self.all.get_mut(&talker) else {
            return;
        };
        self.by_due.remove(&(open.retry_at, talker));
        self.by_due.insert((until, talker));
        open.retry_at = until;
        open.walk.let_go_of_pages();
    }

    /// Puts a session off that failed, the longer the more often it did, and leaves it to the program to
    /// remember it. Gives until when.
    pub(super) fn failed(
        &mut self,
        talker: Talker,
        now: Monotonic,
        interval: Duration,
        most: Duration,
    ) -> Option<Monotonic> {
        let open = self.all.get_mut(&talker)?;
        self.by_mark.remove(&(open.mark, talker));
        open.is_pending = true;
        open.progressed();
        open.failures = open.failures.saturating_add(1);
        let longer = interval.saturating_mul(2u32.saturating_pow(open.failures.min(16) - 1));
        let until = now.after(longer.min(most));
        self.put_off(talker, until);
        Some(until)
    }

    /// Lets a session go.
    pub(super) fn remove(&mut self, talker: Talker) -> Option<Open> {
        let open = self.all.remove(&talker)?;
        self.by_due.remove(&(open.retry_at, talker));
        self.by_mark.remove(&(open.mark, talker));
        Some(open)
    }
}

impl Open {
    /// Takes note of what a list says: its newest message, and when that was written.
    pub(super) fn note(&mut self, newest: Option<Seqno>, changed: Option<UnixSeconds>) {
        if newest >= self.newest {
            self.changed = changed;
        }
        if newest > self.newest {
            self.newest = newest;
            self.progressed();
        }
    }

    /// When a message was written at the latest, as far as the lists say.
    pub(super) fn latest(&self, seqno: Seqno) -> Option<UnixSeconds> {
        self.changed.filter(|_| Some(seqno) <= self.newest)
    }

    /// An answer does not fit what is known of the session. Whether to ask again instead of believing it.
    pub(super) fn doubt(&mut self, now: Monotonic) -> bool {
        self.doubt_for(DOUBT, now)
    }

    /// The same for an empty page. In the middle of a gap there is something for sure.
    pub(super) fn doubts_page(&mut self, handled: Option<Seqno>, now: Monotonic) -> bool {
        let is_sure = handled.is_some() && self.walk.is_under_way();
        self.doubt_for(if is_sure { LONG_DOUBT } else { DOUBT }, now)
    }

    fn doubt_for(&mut self, patience: Duration, now: Monotonic) -> bool {
        let since = *self.doubted.get_or_insert(now);
        now.since(since) < patience
    }

    /// There was something new.
    pub(super) fn progressed(&mut self) {
        self.doubted = None;
    }
}

/// The way back through a gap, from its newest page to what was handled, and forward again.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Where pages that are not told yet end, the newest page first. Empty: the walk begins.
    ends: Vec<Option<Seqno>>,
    /// The pages before the last of these ends, as many as are kept.
    pages: VecDeque<SessionMsgs>,
    /// Where the newest page that is told ends: all that is older is told.
    told_below: Option<Seqno>,
}

impl Walk {
    /// The page to ask for next, of what came after a message.
    pub(super) fn request(&self, talker: Talker, handled: Option<Seqno>) -> FetchSessionMsgs {
        let range = History::new(talker).with_page_size(PAGE_SIZE);
        (range.from(handled)).page(self.ends.last().copied().flatten())
    }

    /// Takes the page that was asked for; whether it reaches back to what is no news. Gives the pages that
    /// can be told now, oldest first.
    pub(super) fn take(
        &mut self,
        asked: &FetchSessionMsgs,
        page: SessionMsgs,
        reaches_start: bool,
    ) -> Vec<SessionMsgs> {
        if self.ends.is_empty() {
            self.ends.push(None);
        }
        let older = next_page(asked, &page).filter(|&oldest| {
            let joins_told = self.told_below.is_some_and(|told| oldest <= told);
            !reaches_start && !joins_told
        });
        if let Some(older) = older {
            self.ends.push(Some(older));
            self.pages.push_back(page);
            if self.pages.len() > PAGES_KEPT {
                self.pages.pop_front();
            }
            return Vec::new();
        }
        self.told_below = self.ends.pop().flatten();
        let mut told = vec![page];
        while let Some(page) = self.pages.pop_back() {
            self.told_below = self.ends.pop().flatten();
            told.push(page);
        }
        told
    }

    /// Whether the page that is asked for next lies before another one, or was there already.
    fn is_under_way(&self) -> bool {
        self.told_below.is_some() || self.ends.last().is_some_and(Option::is_some)
    }

    /// Whether all of it was given out.
    pub(super) fn is_over(&self) -> bool {
        self.ends.is_empty()
    }

    /// Keeps where pages end, and no pages.
    fn let_go_of_pages(&mut self) {
        self.pages.clear();
    }
}
