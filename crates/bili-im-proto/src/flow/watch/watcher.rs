//! The watcher: asks what changed, reads it, tells it.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    account::Account,
    endpoints::{GetSessions, NewSessions, SessionFilter},
    error::{Error, Invalid, Missing, RefusalKind},
    flow::{
        io::Io,
        run::Flow,
        sessions::{FILTERS, Pager},
        watch::{
            changes::{Changes, UnreadCounts},
            open::{OpenSessions, PAGES_KEPT},
            telling::{
                FAR_AHEAD, Listed, newest, reaches_before, told_as, wants_session, wants_talker,
            },
        },
    },
    ids::{Seqno, Talker, Uid},
    session::Session,
    time::{Monotonic, UnixMicros, UnixSeconds, micros},
    watch::{Cursor, Event, EventKind, Position, WatchOptions},
};

/// How far back each poll looks again: lists are late, clocks differ, changes share a time.
const OVERLAP: Duration = Duration::from_secs(60);

/// How often to compare every session, in case a list kept something back for longer.
const RECONCILE: Duration = Duration::from_secs(30 * 60);

/// The longest wait when the service or a session cannot be read.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// How long before a login's end it is announced, once each time.
const ANNOUNCED: [Duration; 2] = [
    Duration::from_secs(14 * 24 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];

/// How often a list that is refused is asked for until the next one has its turn.
const SWEEP_TRIES: u32 = 3;

/// How many sessions a list holds.
const LISTED: usize = 100;

/// At every how many polls unread counts are asked for: about every two minutes.
const POLLS_PER_COUNT: u64 = 6;

/// Of how many sessions it is remembered that a message is listed in them and not there.
const UNSEEN: usize = 10_000;

/// What together is everything when intercepted sessions are wanted too.
const WITH_INTERCEPTED: &[SessionFilter] = &[
    SessionFilter::Users,
    SessionFilter::Unfollowed,
    SessionFilter::Groups,
    SessionFilter::Intercepted,
];

impl Account {
    /// Watches what happens from a cursor on: every message once, in order within its session,
    /// relative to the cursor. Ends only with an error: a lost login, risk control.
    pub fn watch(&self, cursor: Cursor, options: WatchOptions) -> Flow<Event, ()> {
        Flow::of(self, async move |io| watch(&io, cursor, options).await)
    }
}

async fn watch(io: &Io<Event>, cursor: Cursor, options: WatchOptions) -> Result<(), Error> {
    let mut watch = Watch::new(io, cursor, options);
    loop {
        watch.turn().await?;
    }
}

/// Whether to stop instead of trying again later.
pub(super) fn ends_watch(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => matches!(
            refusal.kind,
            RefusalKind::NotLoggedIn | RefusalKind::RiskControl | RefusalKind::AccountBanned
        ),
        // Others may pass: an answer without keys, say.
        Error::Invalid(invalid) => {
            matches!(
                invalid,
                Invalid::ForeignCursor(_) | Invalid::Missing(Missing::Credential)
            )
        }
        Error::Stopped(_) | Error::Finished => true,
        _ => false,
    }
}

/// How long to wait after a failure, the longer the more there were in a row.
pub(super) fn back_off(interval: Duration, cause: &Error, failures: u32) -> Duration {
    match cause {
        Error::RateLimited(limited) => limited.retry_after.max(interval),
        _ => interval
            .saturating_mul(2u32.saturating_pow(failures.min(16)))
            .min(LONGEST_WAIT),
    }
}

struct Watch<'a> {
    io: &'a Io<Event>,
    options: WatchOptions,
    uid: Uid,
    /// Whether the login is known to be the cursor's.
    is_ours: bool,
    /// What is told, whether the program has stored it or not.
    cursor: Cursor,
    /// Everything that had changed by then is noted: it is told, or open.
    listed: UnixMicros,
    /// Sessions that have something to fetch.
    open: OpenSessions,
    /// Messages that lists spoke of and sessions did not show for long.
    unseen: BTreeMap<Talker, Seqno>,
    poll_at: Monotonic,
    polls: u64,
    /// How many polls failed in a row.
    failures: u32,
    /// Nothing is asked before then.
    held: Monotonic,
    sweep: Option<Sweep>,
    intercepted: Intercepted,
    /// When all sessions were last compared, by the service's clock.
    compared: UnixMicros,
    /// When they are compared next; `None` until the service's clock is known.
    reconcile_at: Option<Monotonic>,
    changes: Changes,
    /// How many times the login's end was announced.
    announced: usize,
}

/// A way through the lists of sessions, when the list of what changed is not enough.
struct Sweep {
    pager: Pager<'static>,
    kind: SweepKind,
    /// When it is over, everything that had changed by then is noted.
    listed: UnixMicros,
    retry_at: Monotonic,
    /// How many times in a row it failed.
    failures: u32,
    /// Whether a list was passed over, which the service refuses.
    is_partial: bool,
}

impl Sweep {
    /// It is tried again later. A list that is refused again and again keeps the others waiting no longer.
    fn failed(&mut self, retry_at: Monotonic, is_refused: bool) {
        self.retry_at = retry_at;
        self.failures += 1;
        if is_refused && self.failures >= SWEEP_TRIES {
            self.pager.next_list();
            self.is_partial = true;
            self.failures = 0;
        }
    }
}

/// How it goes with the list of intercepted sessions. It is an addition: the others do not wait for it.
struct Intercepted {
    /// When it was last had.
    listed: UnixMicros,
    retry_at: Monotonic,
    /// How many times in a row it failed.
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SweepKind {
    /// Of what changed since a while.
    Changed,
    /// Of all sessions.
    All,
}

impl<'a> Watch<'a> {
    fn new(io: &'a Io<Event>, cursor: Cursor, options: WatchOptions) -> Self {
        let now = io.now().mono;
        let mark = cursor.mark();
        let mut open = OpenSessions::default();
        // Groups that are not wanted now stay pending. Of others only a list tells what they are.
        for talker in cursor
            .pending()
            .filter(|&talker| wants_talker(options, talker))
        {
            open.open(talker, mark, true, now);
        }
        Self {
            io,
            options,
            uid: cursor.uid(),
            is_ours: false,
            listed: mark,
            open,
            unseen: BTreeMap::new(),
            poll_at: now,
            polls: 0,
            failures: 0,
            held: now,
            sweep: None,
            intercepted: Intercepted {
                listed: mark,
                retry_at: now,
                failures: 0,
            },
            compared: cursor.compared(),
            cursor,
            reconcile_at: None,
            changes: Changes::default(),
            announced: 0,
        }
    }

    /// Does what is due, each thing once, or waits until something is.
    async fn turn(&mut self) -> Result<(), Error> {
        self.io.sleep_until(self.held).await;
        if self.is_due(self.poll_at) {
            self.poll_at = match self.poll().await {
                Ok(()) => self.io.now().mono.after(self.interval()),
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    self.hold(error, self.failures).await?
                }
            };
        }
        if !self.is_ours {
            self.io.sleep_until(self.poll_at).await;
            return Ok(());
        }
        if (self.sweep.as_ref()).is_some_and(|sweep| self.is_due(sweep.retry_at))
            && let Err(error) = self.sweep_on().await
        {
            let is_refused = matches!(error, Error::Refused(_) | Error::Unreadable(_));
            let failures = (self.sweep.as_ref()).map_or(1, |sweep| sweep.failures + 1);
            let retry_at = self.hold(error, failures).await?;
            if let Some(sweep) = &mut self.sweep {
                sweep.failed(retry_at, is_refused);
            }
        }
        match self.open.next() {
            Some((retry_at, talker)) if self.is_due(retry_at) => self.fetch(talker).await,
            next => {
                let next = next.map(|(retry_at, _)| retry_at);
                let sweep = self.sweep.as_ref().map(|sweep| sweep.retry_at);
                let due = [Some(self.poll_at), next, sweep];
                let due = due.into_iter().flatten().min().unwrap_or(self.poll_at);
                self.io.sleep_until(due).await;
                Ok(())
            }
        }
    }

    fn is_due(&self, moment: Monotonic) -> bool {
        moment <= self.io.now().mono && self.held <= self.io.now().mono
    }

    fn interval(&self) -> Duration {
        self.io.account.watch_interval(self.options.interval)
    }

    /// Tells of a failure that concerns more than a session, and until when to wait. It is the n-th in a row.
    async fn hold(&mut self, cause: Error, failures: u32) -> Result<Monotonic, Error> {
        if ends_watch(&cause) {
            return Err(cause);
        }
        let wait = back_off(self.interval(), &cause, failures);
        let until = self.io.now().mono.after(wait);
        if matches!(cause, Error::RateLimited(_)) {
            self.held = until;
        }
        self.tell(EventKind::Held { until, cause }, None).await;
        Ok(until)
    }

    async fn tell(&self, kind: EventKind, position: Option<Position>) {
        self.io.emit(Event { kind, position }).await;
    }
}

/// What has changed.
impl Watch<'_> {
    /// Asks what changed.
    async fn poll(&mut self) -> Result<(), Error> {
        if !self.is_ours {
            let profile = self.io.profile().await?;
            self.cursor.check(profile.uid)?;
            self.is_ours = true;
        }
        let asked = self.io.now();
        // A clock that was wrong once must not keep the mark ahead of what happens.
        let since = self.listed.min(self.io.account.context(asked).time);
        let since = UnixMicros(since.0.saturating_sub(micros(OVERLAP)));
        let list = self.io.call(&NewSessions::new(since)).await?;
        // By the clock as the answer corrected it, and before anything is told: that may take long.
        let now = self.io.now();
        let passed = micros(now.mono.since(asked.mono));
        let time = self.io.account.context(now).time;
        let listed = UnixMicros(time.0.saturating_sub(passed));
        let mut is_whole = !list.has_more && list.sessions.len() < LISTED;
        let mut back_to = since;
        self.note(list.sessions).await;
        if self.options.intercepted && self.is_due(self.intercepted.retry_at) {
            back_to = since.min(self.intercepted.listed);
            is_whole &= self.list_intercepted(back_to, listed).await?;
        }
        let sweeps = self.sweep.as_ref().map(|sweep| sweep.kind);
        let left = RECONCILE.saturating_sub(listed.since(self.compared));
        let due = *self.reconcile_at.get_or_insert(now.mono.after(left));
        if due <= now.mono && sweeps != Some(SweepKind::All) {
            self.unseen.clear();
            self.begin_sweep(Pager::new(self.filters()), SweepKind::All, listed);
            self.reconcile_at = Some(now.mono.after(RECONCILE));
        } else if !is_whole && sweeps.is_none() {
            let pager = Pager::new(self.filters()).back_to(back_to);
            self.begin_sweep(pager, SweepKind::Changed, listed);
        }
        if is_whole {
            (self.sweep).take_if(|sweep| sweep.kind == SweepKind::Changed);
            self.listed = listed;
        }
        self.announce_end().await;
        if self.options.changes && self.polls.is_multiple_of(POLLS_PER_COUNT) {
            self.count_unread().await?;
        }
        self.polls += 1;
        self.failures = 0;
        Ok(())
    }

    /// Tells of unread counts that changed. They are an addition: that they cannot be had holds up nothing.
    async fn count_unread(&mut self) -> Result<(), Error> {
        match UnreadCounts::ask(self.io).await {
            Ok(counts) if self.changes.of_unread(&counts) => self.tell(counts.into(), None).await,
            Err(error) if ends_watch(&error) => return Err(error),
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }

    /// Takes note of intercepted sessions, which are not among the others; whether these are all that
    /// changed, as far as can be had now.
    async fn list_intercepted(
        &mut self,
        since: UnixMicros,
        listed: UnixMicros,
    ) -> Result<bool, Error> {
        let request = GetSessions::new(SessionFilter::Intercepted).with_size(100);
        let list = match self.io.call(&request).await {
            Err(cause @ Error::RateLimited(_)) => return Err(cause),
            Err(cause) => {
                let failures = self.intercepted.failures.saturating_add(1);
                let retry_at = self.hold(cause, failures).await?;
                self.intercepted.retry_at = retry_at;
                self.intercepted.failures = failures;
                return Ok(true);
            }
            Ok(list) => list,
        };
        self.intercepted = Intercepted {
            listed,
            retry_at: self.io.now().mono,
            failures: 0,
        };
        let reaches = list.oldest().is_none_or(|oldest| oldest < since);
        self.note(list.sessions).await;
        Ok(!list.has_more || reaches)
    }

    fn filters(&self) -> &'static [SessionFilter] {
        if self.options.intercepted {
            WITH_INTERCEPTED
        } else {
            FILTERS
        }
    }

    fn begin_sweep(&mut self, pager: Pager<'static>, kind: SweepKind, listed: UnixMicros) {
        self.sweep = Some(Sweep {
            pager,
            kind,
            listed,
            retry_at: self.io.now().mono,
            failures: 0,
            is_partial: false,
        });
    }

    /// Takes note of the next page of a sweep.
    async fn sweep_on(&mut self) -> Result<(), Error> {
        let Some(sweep) = &mut self.sweep else {
            return Ok(());
        };
        match sweep.pager.next(self.io).await? {
            Some(sessions) => {
                sweep.failures = 0;
                self.note(sessions).await;
            }
            None if sweep.is_partial => self.sweep = None,
            None => {
                self.listed = sweep.listed.max(self.listed);
                if sweep.kind == SweepKind::All {
                    self.compared = sweep.listed;
                }
                self.sweep = None;
            }
        }
        Ok(())
    }

    /// Takes note of the sessions that have something to fetch.
    async fn note(&mut self, sessions: Vec<Session>) {
        let now = self.io.now().mono;
        for session in sessions {
            let talker = session.talker;
            let newest = newest(&session);
            if wants_session(self.options, &session) && self.is_news(&session, newest) {
                let changed = session.session_ts;
                let mark = self.listed.min(changed.unwrap_or(self.listed));
                let open = self.open.open(talker, mark, false, now);
                open.note(newest, changed.map(UnixMicros::seconds));
            }
            if self.options.changes && self.changes.of_session(&session) {
                let session = Box::new(session);
                self.tell(EventKind::SessionChanged { session }, None).await;
            }
        }
    }

    /// Whether a session may have a message that is not told, by what the list says.
    fn is_news(&self, session: &Session, newest: Option<Seqno>) -> bool {
        let unseen = self.unseen.get(&session.talker).copied();
        match (newest, self.cursor.handled(session.talker)) {
            (Some(newest), Some(handled)) => newest > handled && Some(newest) > unseen,
            // A session without a new message since the watch began is of no interest yet.
            (_, None) => {
                let floor = self.cursor.floor().micros();
                (session.session_ts).is_none_or(|changed| changed >= floor)
                    && (newest.is_none() || newest > unseen)
            }
            (None, Some(_)) => true,
        }
    }

    async fn announce_end(&mut self) {
        let now = self.io.account.context(self.io.now()).time;
        let Some(at) = self.io.account.credential().expires() else {
            return;
        };
        let left = at.micros().since(now);
        let due = (ANNOUNCED.iter()).filter(|before| left < **before).count();
        if due > self.announced {
            self.announced = due;
            self.tell(EventKind::LoginEnds { at }, None).await;
        }
    }
}

/// How it goes with reading a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// There is another page.
    GoesOn,
    /// The page that there should be is not there yet.
    Waits,
    /// It is read to its end.
    IsOver,
}

/// What is new in a session.
impl Watch<'_> {
    /// Reads on in a session, some pages at once. A session that fails delays no other.
    async fn fetch(&mut self, talker: Talker) -> Result<(), Error> {
        for _ in 0..PAGES_KEPT {
            match self.fetch_page(talker).await {
                Ok(Reading::GoesOn) => {}
                Ok(Reading::IsOver) => {
                    self.close(talker).await;
                    return Ok(());
                }
                Ok(Reading::Waits) => {
                    self.wait_for_poll(talker);
                    return Ok(());
                }
                Err(error) if ends_watch(&error) => return Err(error),
                Err(error @ Error::RateLimited(_)) => {
                    self.hold(error, 1).await?;
                    break;
                }
                Err(error) => {
                    self.postpone(talker, error).await;
                    return Ok(());
                }
            }
        }
        // Now the others' turn.
        self.open.put_off(talker, self.io.now().mono);
        Ok(())
    }

    /// What a session holds may show with what the next poll brings.
    fn wait_for_poll(&mut self, talker: Talker) {
        let later = self.poll_at.max(self.io.now().mono);
        self.open.put_off(talker, later);
    }

    /// Reads a page of a session, and tells what can be told by it.
    async fn fetch_page(&mut self, talker: Talker) -> Result<Reading, Error> {
        let Some(open) = self.open.get(talker) else {
            return Ok(Reading::IsOver);
        };
        let handled = self.cursor.handled(talker);
        let request = open.walk.request(talker, handled);
        let page = match self.io.call(&request).await {
            Err(error) if error.kind() == Some(RefusalKind::NoSuchSession) => {
                return Ok(Reading::IsOver);
            }
            other => other?,
        };
        // Of a session that was known before only the place counts, whatever the time is.
        let floor = match handled {
            None => self.cursor.floor_of(talker),
            Some(_) => UnixSeconds(0),
        };
        let now = self.io.now();
        let latest = self.io.account.context(now).time.saturating_add(FAR_AHEAD);
        let reaches_start = page.oldest() <= handled || reaches_before(&page, floor, latest);
        let Some(open) = self.open.get_mut(talker) else {
            return Ok(Reading::IsOver);
        };
        if page.oldest().is_none() && open.doubts_page(handled, now.mono) {
            return Ok(Reading::Waits);
        }
        let pages = open.walk.take(&request, page, reaches_start);
        let is_over = open.walk.is_over();
        if !is_over {
            // Each page is doubted by itself.
            open.progressed();
        }
        let mut listed = Listed::all(pages);
        Listed::date(&mut listed, latest, open.newest, open.changed);
        self.tell_listed(talker, listed, floor).await;
        Ok(if is_over {
            Reading::IsOver
        } else {
            Reading::GoesOn
        })
    }

    /// Tells what is listed in a session; what is older than the floor is none of its news.
    async fn tell_listed(&mut self, talker: Talker, listed: Vec<Listed>, floor: UnixSeconds) {
        let (mark, compared) = self.progress();
        let is_pending = self.open.is_pending(talker);
        let before = self.cursor.handled(talker);
        let now = self.io.account.context(self.io.now()).time;
        let far_ahead = now.saturating_add(FAR_AHEAD).seconds();
        for one in listed {
            let seqno = Some(one.seqno);
            if seqno <= before {
                continue;
            }
            let mut latest = far_ahead;
            if let Some(open) = self.open.get_mut(talker) {
                open.progressed();
                latest = open.latest(one.seqno).unwrap_or(far_ahead).min(far_ahead);
            }
            let position = Position {
                talker,
                seqno,
                time: one.time.unwrap_or(latest),
                is_pending,
                mark,
                compared,
            };
            self.cursor.advance(&position);
            let is_news = floor == UnixSeconds(0) || one.time.is_some_and(|time| time >= floor);
            let now = self.io.now();
            let kind = is_news
                .then(|| told_as(&self.io.account, now, self.uid, self.options, talker, one))
                .flatten();
            if let Some(kind) = kind {
                self.tell(kind, Some(position)).await;
            }
        }
    }

    /// What a program may take for handled, and for compared, when it has handled all that it was told.
    fn progress(&self) -> (UnixMicros, UnixMicros) {
        let held = self.open.mark();
        let mark = held.map_or(self.listed, |mark| mark.min(self.listed));
        (mark, mark.min(self.compared))
    }

    /// A session is read to its end. When the list spoke of more, that is waited for: lists are early, but
    /// not by much. A message that the service took away never comes.
    async fn close(&mut self, talker: Talker) {
        let Some(open) = self.open.get_mut(talker) else {
            return;
        };
        let handled = self.cursor.handled(talker);
        if let Some(newest) = open.newest.filter(|&newest| Some(newest) > handled) {
            if open.doubt(self.io.now().mono) {
                self.wait_for_poll(talker);
                return;
            }
            if self.unseen.len() >= UNSEEN {
                self.unseen.clear();
            }
            self.unseen.insert(talker, newest);
        }
        let was_pending = self.open.is_pending(talker);
        self.open.remove(talker);
        if was_pending {
            let (mark, compared) = self.progress();
            let position = Position {
                talker,
                seqno: handled,
                time: UnixSeconds(0),
                is_pending: false,
                mark,
                compared,
            };
            self.cursor.advance(&position);
            let kind = EventKind::SessionRecovered { talker };
            self.tell(kind, Some(position)).await;
        }
    }

    /// Tries a session again later; one that is gone is let go.
    async fn postpone(&mut self, talker: Talker, cause: Error) {
        let interval = self.interval();
        let now = self.io.now().mono;
        let Some(retry_at) = self.open.failed(talker, now, interval, LONGEST_WAIT) else {
            return;
        };
        // Other refusals may pass: a stale signature is refused as forbidden too.
        let is_gone = cause.kind() == Some(RefusalKind::GroupGone);
        let retry_at = (!is_gone).then_some(retry_at);
        let mut seqno = self.cursor.handled(talker);
        if is_gone && let Some(gone) = self.open.remove(talker) {
            seqno = gone.newest.max(seqno);
        }
        let (mark, compared) = self.progress();
        let position = Position {
            talker,
            seqno,
            time: self.cursor.floor_of(talker),
            is_pending: !is_gone,
            mark,
            compared,
        };
        self.cursor.advance(&position);
        let kind = EventKind::SessionFailed {
            talker,
            retry_at,
            cause,
        };
        self.tell(kind, Some(position)).await;
    }
}
