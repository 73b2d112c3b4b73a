//! Reading a gap: back to what is handled, then told from there on.

use std::collections::VecDeque;

use crate::{
    endpoints::SessionMsgs,
    flow::pages::{Page, Range},
    ids::{Seqno, Talker},
};

/// How many messages to ask for at once.
const PAGE_SIZE: u32 = 200;

/// The most pages of a gap that are kept in memory. Of further pages only the bounds are kept, and
/// they are read again on the way forward.
pub(super) const PAGES_KEPT: usize = 10;

/// The way through a gap: back from its newest page to what is handled, and forward again.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Where pages end that are not told yet, the newest page first. Empty before the first page.
    ends: Vec<Option<Seqno>>,
    /// The pages before the last of these ends, as many as are kept.
    pages: VecDeque<SessionMsgs>,
    /// Where the newest page that is told ends: everything older is told.
    told_below: Option<Seqno>,
}

impl Walk {
    /// What to read next, of a session in which everything up to a message is handled.
    pub(super) fn range(&self, talker: Talker, handled: Option<Seqno>) -> Range {
        Range::from(talker, handled, PAGE_SIZE).before(self.ends.last().copied().flatten())
    }

    /// Takes the next page; whether it reaches back to what is no news. Gives the pages that can be
    /// told now, oldest first.
    pub(super) fn take(&mut self, page: Page, reaches_start: bool) -> Vec<SessionMsgs> {
        if self.ends.is_empty() {
            self.ends.push(None);
        }
        let older = page.older.and_then(|older| older.before).filter(|&oldest| {
            let joins_told = self.told_below.is_some_and(|told| oldest <= told);
            !reaches_start && !joins_told
        });
        if let Some(older) = older {
            self.ends.push(Some(older));
            self.pages.push_back(page.msgs);
            if self.pages.len() > PAGES_KEPT {
                self.pages.pop_front();
            }
            return Vec::new();
        }
        self.told_below = self.ends.pop().flatten();
        let mut told = vec![page.msgs];
        while let Some(page) = self.pages.pop_back() {
            self.told_below = self.ends.pop().flatten();
            told.push(page);
        }
        told
    }

    /// Whether the page that is read next lies before another one, or was there already.
    pub(super) fn is_under_way(&self) -> bool {
        self.told_below.is_some() || self.ends.last().is_some_and(Option::is_some)
    }

    /// Whether every page is told.
    pub(super) fn is_over(&self) -> bool {
        self.ends.is_empty()
    }

    /// Drops the pages that are kept. They are read again.
    pub(super) fn drop_pages(&mut self) {
        self.pages.clear();
    }
}
