//! Which sessions may have news, as the service's lists say (docs/protocol.md §7).

use std::time::Duration;

use crate::{
    endpoints::{NewSessions, SessionFilter},
    flow::{
        prelude::*,
        retry::Retry,
        sessions::{ALL, FILTERS, Pager},
        watch::{
            changes::UnreadCounts,
            rhythm::SLOW,
            source::{Kind, Source},
            telling::wants_session,
            watcher::Watch,
        },
    },
    session::Session,
    time::micros,
    watch::EventKind,
};

/// How far back each poll looks again: lists are late, clocks differ, changes share a time.
const OVERLAP: Duration = Duration::from_secs(60);

/// How often to compare all sessions, in case a list kept something back for longer.
const COMPARE_ALL: Duration = Duration::from_secs(30 * 60);

/// How many sessions one page of a list holds.
const LISTED: usize = 100;

const INTERCEPTED: &[SessionFilter] = &[SessionFilter::Intercepted];

impl Watch<'_> {
    /// Asks which sessions changed. Gives whether any has something to read.
    pub(super) async fn ask_what_changed(&mut self, is_hinted: bool) -> Result<bool, Error> {
        if !self.is_ours {
            let profile = self.io.profile().await?;
            self.cursor.check(profile.uid)?;
            self.is_ours = true;
        }
        let asked = self.io.now();
        // A clock that was wrong once must not keep the mark ahead of what happens.
        let since = self.listed.min(self.io.account.service_time(asked));
        let since = UnixMicros(since.0.saturating_sub(micros(OVERLAP)));
        let list = self.io.call(&NewSessions::new(since)).await?;
        // By the clock as the answer corrected it, and before anything is told: that may take long.
        let now = self.io.now();
        let passed = micros(now.mono.since(asked.mono));
        let time = self.io.account.service_time(now);
        let listed = UnixMicros(time.0.saturating_sub(passed));
        let is_whole = !list.has_more && list.sessions.len() < LISTED;
        let has_news = self.note(list.sessions).await;
        self.choose_lists(is_whole, since, listed, now.mono);
        self.announce_login_end().await;
        if self.options.changes && (is_hinted || self.count_at <= now.mono) {
            self.count_at = now.mono.after(self.interval().saturating_mul(SLOW));
            self.count_unread().await?;
        }
        Ok(has_news || !is_whole)
    }

    /// Decides which lists to go through after a poll.
    fn choose_lists(
        &mut self,
        is_whole: bool,
        since: UnixMicros,
        listed: UnixMicros,
        now: Monotonic,
    ) {
        if self.options.intercepted && !self.has(Kind::Intercepted) {
            let back_to = since.min(self.intercepted_listed);
            let pager = Pager::new(INTERCEPTED).back_to(back_to);
            self.sources
                .push(Source::new(pager, Kind::Intercepted, listed, now));
        }
        let left = COMPARE_ALL.saturating_sub(listed.since(self.compared));
        let compare_at = *self.compare_at.get_or_insert(now.after(left));
        if compare_at <= now && !self.has(Kind::All) {
            self.unseen.clear();
            self.sources.retain(|source| source.kind != Kind::Changed);
            let lists = if self.options.intercepted {
                ALL
            } else {
                FILTERS
            };
            self.sources
                .push(Source::new(Pager::new(lists), Kind::All, listed, now));
            self.compare_at = Some(now.after(COMPARE_ALL));
        } else if !is_whole && !self.has(Kind::All) && !self.has(Kind::Changed) {
            let pager = Pager::new(FILTERS).back_to(since);
            self.sources
                .push(Source::new(pager, Kind::Changed, listed, now));
        }
        if is_whole {
            self.sources.retain(|source| source.kind != Kind::Changed);
            self.listed = listed;
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.sources.iter().any(|source| source.kind == kind)
    }

    /// Everything that had changed by then is told, or waits to be read. While their list fails,
    /// intercepted sessions do not count: the others do not wait for them.
    pub(super) fn noted(&self) -> UnixMicros {
        let fails = (self.sources.iter())
            .any(|source| source.kind == Kind::Intercepted && source.retry.failures() > 0);
        if self.options.intercepted && !fails {
            self.listed.min(self.intercepted_listed)
        } else {
            self.listed
        }
    }

    /// Reads the next page of a list.
    pub(super) async fn read_list(&mut self, at: usize) -> Result<(), Error> {
        let interval = self.interval();
        let Some(source) = self.sources.get_mut(at) else {
            return Ok(());
        };
        let page = source.pager.next(self.io).await;
        let now = self.io.now().mono;
        match page {
            Ok(Some(sessions)) => {
                source.retry = Retry::at(now);
                self.note(sessions).await;
            }
            Ok(None) => {
                let source = self.sources.remove(at);
                if !source.is_partial {
                    self.note_end(&source);
                }
            }
            Err(cause) => {
                let until = source.failed(now, interval, &cause);
                self.hold(cause, until).await?;
            }
        }
        Ok(())
    }

    /// Lists were gone through to their end.
    fn note_end(&mut self, source: &Source) {
        if source.kind == Kind::Intercepted {
            self.intercepted_listed = source.listed.max(self.intercepted_listed);
            return;
        }
        self.listed = source.listed.max(self.listed);
        if source.kind == Kind::All {
            self.compared = source.listed;
        }
    }

    /// Notes which of these sessions have something to read. Gives whether any has.
    async fn note(&mut self, sessions: Vec<Session>) -> bool {
        let mut has_news = false;
        let now = self.io.now().mono;
        let noted = self.noted();
        for session in sessions {
            let newest = session.newest();
            if wants_session(self.options, &session) && self.may_have_news(&session, newest) {
                let changed = session.session_ts;
                let mark = noted.min(changed.unwrap_or(noted));
                let to_read = self.to_read.add(session.talker, mark, false, now);
                to_read.note(newest, changed.map(UnixMicros::seconds));
                has_news = true;
            }
            if self.options.changes && self.changes.of_session(&session) {
                let session = Box::new(session);
                self.tell(EventKind::SessionChanged { session }, None).await;
            }
        }
        has_news
    }

    /// Whether a session may have a message that is not told, by what the list says.
    fn may_have_news(&self, session: &Session, newest: Option<Seqno>) -> bool {
        let unseen = self.unseen.get(&session.talker).copied();
        match (newest, self.cursor.handled(session.talker)) {
            (Some(newest), Some(handled)) => newest > handled && Some(newest) > unseen,
            // Nothing was written there since the watch began, as far as its time says.
            (_, None) => {
                let floor = self.cursor.floor().micros();
                (session.session_ts).is_none_or(|changed| changed >= floor)
                    && (newest.is_none() || newest > unseen)
            }
            (None, Some(_)) => true,
        }
    }

    /// Tells unread counts that changed. When they cannot be had the watch goes on without.
    async fn count_unread(&mut self) -> Result<(), Error> {
        match UnreadCounts::read(self.io).await {
            Ok(counts) if self.changes.of_unread(&counts) => self.tell(counts.into(), None).await,
            Err(error) if error.ends_watch() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }
}
