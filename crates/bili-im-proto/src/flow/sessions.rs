//! Listing sessions.

use std::{collections::BTreeSet, slice};

use crate::{
    endpoints::{GetSessions, SessionFilter},
    flow::prelude::*,
    session::Session,
};

/// Lists that together hold every session. The list of all has one page only (docs/protocol.md §7).
pub(super) const FILTERS: &[SessionFilter] = &[
    SessionFilter::Users,
    SessionFilter::Unfollowed,
    SessionFilter::Groups,
];

/// The same, and the list of intercepted sessions.
pub(super) const ALL: &[SessionFilter] = &[
    SessionFilter::Users,
    SessionFilter::Unfollowed,
    SessionFilter::Groups,
    SessionFilter::Intercepted,
];

/// Reads lists of sessions page by page. A page that failed can be read again.
pub(super) struct Pager<'a> {
    filters: slice::Iter<'a, SessionFilter>,
    /// The next page; `None` after the last one.
    request: Option<GetSessions>,
    /// Sessions that changed before then are not read.
    since: Option<UnixMicros>,
    /// Talkers whose session has been returned.
    seen: BTreeSet<Talker>,
    /// Talkers that this list has shown.
    listed: BTreeSet<Talker>,
}

impl<'a> Pager<'a> {
    /// Reads these lists, each to its end.
    pub(super) fn new(filters: &'a [SessionFilter]) -> Self {
        let mut pager = Self {
            filters: filters.iter(),
            request: None,
            since: None,
            seen: BTreeSet::new(),
            listed: BTreeSet::new(),
        };
        pager.next_list();
        pager
    }

    /// Stops each list at sessions that changed before then.
    pub(super) fn back_to(self, since: UnixMicros) -> Self {
        Self {
            since: Some(since),
            ..self
        }
    }

    /// Goes on with the next list.
    pub(super) fn next_list(&mut self) {
        self.listed.clear();
        let filter = self.filters.next();
        self.request = filter.map(|&filter| GetSessions::new(filter).with_size(100));
    }

    /// The sessions of the next page that no page had before; `None` after the last page.
    pub(super) async fn next<I>(&mut self, io: &Io<I>) -> Result<Option<Vec<Session>>, Error> {
        let Some(request) = &mut self.request else {
            return Ok(None);
        };
        let page = io.call(request).await?;
        let oldest = page.oldest();
        let has_more = page.has_more;
        let mut new = page.sessions;
        let mut progress = false;
        for session in &new {
            progress |= self.listed.insert(session.talker);
        }
        new.retain(|session| self.seen.insert(session.talker));
        let older = (oldest.filter(|_| has_more))
            .filter(|&oldest| self.since.is_none_or(|since| oldest >= since))
            .and_then(|oldest| next_end(request, oldest, progress));
        match older {
            Some(end) => request.end_ts = Some(end),
            None => self.next_list(),
        }
        Ok(Some(new))
    }
}

/// Where the next page of a list ends. Nobody knows whether that bound is inclusive: pages overlap
/// by one microsecond, and repeats are dropped. A page that brings nothing new ends its list,
/// unless it is full of sessions that changed in the same microsecond.
fn next_end(request: &GetSessions, oldest: UnixMicros, progress: bool) -> Option<UnixMicros> {
    let overlapping = UnixMicros(oldest.0.saturating_add(1));
    if progress {
        Some(overlapping)
    } else {
        (request.end_ts == Some(overlapping)).then_some(oldest)
    }
}

impl Account {
    /// Lists every session, each once, page by page.
    pub fn sessions(&self) -> Flow<Vec<Session>, ()> {
        Flow::of(self, async |io| list(&io, FILTERS).await)
    }

    /// Lists the sessions of one kind, each once, page by page.
    pub fn sessions_of(&self, filter: SessionFilter) -> Flow<Vec<Session>, ()> {
        Flow::of(self, async move |io| list(&io, &[filter]).await)
    }
}

async fn list(io: &Io<Vec<Session>>, filters: &[SessionFilter]) -> Result<(), Error> {
    let mut pager = Pager::new(filters);
    while let Some(page) = pager.next(io).await? {
        if !page.is_empty() {
            io.emit(page).await;
        }
    }
    Ok(())
}
