//! Reading what is new in a session: back to what was handled, then forward.

use std::{collections::VecDeque, time::Duration};

use crate::{
    endpoints::{FetchSessionMsgs, SessionMsgs},
    flow::history::{History, next_page},
    ids::{Seqno, Talker},
    planted::planted,
    time::{Monotonic, UnixMicros},
};

/// How many messages to ask for at once.
const PAGE_SIZE: u32 = 200;

/// The most pages of a gap that are kept in memory; of the others only the bounds are.
pub(super) const PAGES_KEPT: usize = 10;

/// A session that has something to fetch.
#[derive(Debug)]
pub(super) struct Open {
    /// Its newest message, as far as the lists say.
    pub(super) newest: Option<Seqno>,
    /// What it has may have been there since then: the mark must not pass it over.
    pub(super) mark: UnixMicros,
    /// Whether the program was told that it is pending, so that the mark may.
    pub(super) is_pending: bool,
    /// When it was first seen to have something.
    pub(super) since: Monotonic,
    /// Not before then.
    pub(super) retry_at: Monotonic,
    pub(super) failures: u32,
    pub(super) walk: Walk,
}

impl Open {
    pub(super) fn new(mark: UnixMicros, is_pending: bool, now: Monotonic) -> Self {
        Self {
            newest: None,
            mark,
            is_pending,
            since: now,
            retry_at: now,
            failures: 0,
            walk: Walk::default(),
        }
    }

    /// Puts it off, the longer the more often it failed.
    pub(super) fn postpone(&mut self, now: Monotonic, interval: Duration, most: Duration) {
        self.failures = self.failures.saturating_add(1);
        let longer = interval.saturating_mul(2u32.saturating_pow(self.failures.min(16) - 1));
        self.retry_at = now.after(longer.min(most));
        self.walk.let_go_of_pages();
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
    /// Whether the page after the one that is asked for next was a full one.
    is_after_full: bool,
}

impl Walk {
    /// The page to ask for next, of what came after a message.
    pub(super) fn request(&self, talker: Talker, after: Option<Seqno>) -> FetchSessionMsgs {
        let mut range = History::new(talker).with_page_size(PAGE_SIZE);
        range.after = after;
        range.page(self.ends.last().copied().flatten())
    }

    /// Takes the page that was asked for. Gives the pages that can be told now, oldest first.
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
            !reaches_start && !joins_told && !planted!(OnePage)
        });
        let older = older.filter(|_| !(planted!(ShortPageWhole) && self.told_below.is_some()));
        self.is_after_full = older.is_some() && page.messages.len() >= asked.size as usize;
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

    /// Whether a page is likelier a hiccup than the end: nothing, before a page that was full.
    pub(super) fn is_doubtful(&self, page: &SessionMsgs) -> bool {
        self.is_after_full && page.messages.is_empty()
    }

    /// Whether all of it was given out.
    pub(super) fn is_over(&self) -> bool {
        self.ends.is_empty()
    }

    /// Keeps where pages end, and no pages.
    pub(super) fn let_go_of_pages(&mut self) {
        self.pages.clear();
    }
}
