//! The watcher: does in turn whatever is due.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    flow::{
        prelude::*,
        watch::{
            changes::Changes,
            rhythm::{Intervals, Rhythm},
            source::Source,
            telling::wants_talker,
            to_read::ToRead,
        },
    },
    watch::{Cursor, Event, EventKind, Hints, Position, WatchOptions},
};

/// How long before a login's end it is announced, once each time.
const ANNOUNCED: [Duration; 2] = [
    Duration::from_secs(14 * 24 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];

impl Account {
    /// Watches what happens from a cursor on: every message once, in order within its session,
    /// relative to the cursor. Ends only with an error: a lost login, risk control.
    pub fn watch(&self, cursor: Cursor, options: WatchOptions) -> Flow<Event, ()> {
        self.watch_pushed(cursor, options, Hints::new())
    }

    /// As [`watch`](Self::watch), and at once whenever a push connection hints that something
    /// changed. What is reported comes from the service's lists all the same.
    pub fn watch_pushed(
        &self,
        cursor: Cursor,
        options: WatchOptions,
        hints: Hints,
    ) -> Flow<Event, ()> {
        Flow::of(self, async move |io| {
            watch(&io, cursor, options, hints).await
        })
    }
}

async fn watch(
    io: &Io<Event>,
    cursor: Cursor,
    options: WatchOptions,
    hints: Hints,
) -> Result<(), Error> {
    let mut watch = Watch::new(io, cursor, options, hints);
    loop {
        watch.turn().await?;
    }
}

/// A watch at work. Which sessions may have news is in `lists.rs`, what is in them in `reading.rs`.
pub(super) struct Watch<'a> {
    pub(super) io: &'a Io<Event>,
    pub(super) options: WatchOptions,
    pub(super) uid: Uid,
    /// Whether the login is known to be the cursor's.
    pub(super) is_ours: bool,
    /// What is told, whether the program has stored it or not.
    pub(super) cursor: Cursor,
    /// Everything that had changed by then is told, or in `to_read`. Intercepted sessions apart.
    pub(super) listed: UnixMicros,
    /// The same of intercepted sessions.
    pub(super) intercepted_listed: UnixMicros,
    pub(super) to_read: ToRead,
    /// Messages that lists spoke of and sessions did not show for long.
    pub(super) unseen: BTreeMap<Talker, Seqno>,
    /// When the next poll is due.
    pub(super) rhythm: Rhythm,
    /// When unread counts are asked for next.
    pub(super) count_at: Monotonic,
    /// The service throttles the account: nothing is asked before then.
    throttled: Monotonic,
    /// Lists that are gone through, beside the polls.
    pub(super) sources: Vec<Source>,
    /// When all sessions were last compared, by the service's clock.
    pub(super) compared: UnixMicros,
    /// When they are compared next; `None` until the service's clock is known.
    pub(super) compare_at: Option<Monotonic>,
    pub(super) changes: Changes,
    /// How many times the login's end was announced.
    announced: usize,
}

impl<'a> Watch<'a> {
    fn new(io: &'a Io<Event>, cursor: Cursor, options: WatchOptions, hints: Hints) -> Self {
        let now = io.now().mono;
        let mark = cursor.mark();
        let intervals = Intervals {
            asking: options.interval,
            multiple: 1,
            told: options.push_interval,
        };
        let mut to_read = ToRead::default();
        // Groups that are not wanted now stay pending. What else is wanted only a list can tell.
        let wanted = cursor
            .pending()
            .filter(|&talker| wants_talker(options, talker));
        for talker in wanted {
            to_read.add(talker, mark, true, now);
        }
        Self {
            io,
            options,
            uid: cursor.uid(),
            is_ours: false,
            listed: mark,
            intercepted_listed: mark,
            to_read,
            unseen: BTreeMap::new(),
            rhythm: Rhythm::new(intervals, hints, now),
            count_at: now,
            throttled: now,
            sources: Vec::new(),
            compared: cursor.compared(),
            cursor,
            compare_at: None,
            changes: Changes::default(),
            announced: 0,
        }
    }

    /// Does what is due, each thing once, or waits until something is.
    async fn turn(&mut self) -> Result<(), Error> {
        self.io.sleep_until(self.throttled).await;
        let account = &self.io.account;
        if let Some(kind) = self.rhythm.listen(account, self.io.now().mono) {
            self.tell(kind, None).await;
        }
        if self.is_due(self.rhythm.next()) {
            self.poll().await?;
        }
        if !self.is_ours {
            self.sleep_until(self.rhythm.next()).await;
            return Ok(());
        }
        let due = self
            .sources
            .iter()
            .position(|source| self.is_due(source.next()));
        if let Some(at) = due {
            self.read_list(at).await?;
        }
        match self.to_read.next() {
            Some((turn, talker)) if self.is_due(turn) => self.read_session(talker).await,
            next => {
                let lists = self.sources.iter().map(Source::next);
                let next = lists.chain(next.map(|(turn, _)| turn)).min();
                let poll = self.rhythm.next();
                self.sleep_until(next.map_or(poll, |next| next.min(poll)))
                    .await;
                Ok(())
            }
        }
    }

    async fn poll(&mut self) -> Result<(), Error> {
        let account = &self.io.account;
        let is_hinted = self.rhythm.begin(account, self.io.now().mono);
        match self.ask_what_changed(is_hinted).await {
            Ok(has_news) => {
                let is_open = self.to_read.next().is_some();
                let now = self.io.now().mono;
                self.rhythm.succeeded(account, now, has_news, is_open);
                Ok(())
            }
            Err(cause) => {
                let until = self.rhythm.failed(account, self.io.now().mono, &cause);
                self.hold(cause, until).await
            }
        }
    }

    /// Sleeps until a moment, or until the push connection has said something.
    async fn sleep_until(&self, moment: Monotonic) {
        self.rhythm.sleep_until(self.io, moment).await;
    }

    fn is_due(&self, moment: Monotonic) -> bool {
        moment.max(self.throttled) <= self.io.now().mono
    }

    pub(super) fn interval(&self) -> Duration {
        self.io.account.watch_interval(self.options.interval)
    }

    /// Tells of a failure that concerns more than one session, and until when that is waited out.
    pub(super) async fn hold(&mut self, cause: Error, until: Monotonic) -> Result<(), Error> {
        if cause.ends_watch() {
            return Err(cause);
        }
        if matches!(cause, Error::RateLimited(_)) {
            self.throttled = until;
        }
        self.tell(EventKind::Held { until, cause }, None).await;
        Ok(())
    }

    pub(super) async fn tell(&self, kind: EventKind, position: Option<Position>) {
        self.io.emit(Event { kind, position }).await;
    }

    pub(super) async fn announce_login_end(&mut self) {
        let now = self.io.account.service_time(self.io.now());
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
