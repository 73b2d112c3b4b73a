//! Watching an account: every message once, in order within its session (docs/protocol.md §7, §8).

use std::{collections::BTreeMap, time::Duration};

use crate::{
    account::Account,
    endpoints::{GetSessions, NewSessions, SessionFilter, SessionMsgs},
    error::{Error, RefusalKind},
    flow::{
        call,
        history::{History, next_page},
        io::Io,
    },
    ids::{Seqno, Talker, Uid},
    message::{Message, MsgSource, MsgType},
    session::{Session, SessionList},
    time::{Monotonic, UnixMicros, UnixSeconds, micros},
    watch::{Cursor, Direction, Event, EventKind, Position, WatchOptions},
};

/// How far back each poll looks again: lists are late, clocks differ, changes share a time.
const OVERLAP: Duration = Duration::from_secs(60);

/// How often to compare every session, in case a list kept something back for longer.
const RECONCILE: Duration = Duration::from_secs(30 * 60);

/// The most pages of a gap that are kept in memory; of older ones only the bounds are.
const PAGES_KEPT: usize = 10;

/// The longest wait when the service cannot be reached.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// When a login's end is announced.
const ANNOUNCED: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A cursor that begins now: what is listed is over, what comes later is news.
pub(crate) async fn cursor_now<I>(account: &Account, io: &Io<I>) -> Result<Cursor, Error> {
    let uid = call::profile(account, io).await?.uid;
    let lately = account.context(io.now()).time.0;
    let since = UnixMicros(lately.saturating_sub(micros(OVERLAP)));
    let list = call::call(account, io, &NewSessions::new(since)).await?;
    let mut cursor = Cursor::new(uid, account.context(io.now()).time);
    for session in &list.sessions {
        if let Some(newest) = newest(session) {
            cursor.set_handled(session.talker, newest);
        }
    }
    Ok(cursor)
}

/// Tells what happens, for ever; ends only with the error that ends it.
pub(crate) async fn watch(
    account: &Account,
    io: &Io<Event>,
    cursor: Cursor,
    options: WatchOptions,
) -> Result<(), Error> {
    let mut watch = Watch {
        account,
        io,
        uid: cursor.uid(),
        is_ours: false,
        safe: cursor.mark(),
        cursor,
        options,
        open: BTreeMap::new(),
    };
    watch.announce_end().await;
    let mut reconciled = io.now().mono;
    let mut failures = 0;
    loop {
        let due = io.now().mono.since(reconciled) >= RECONCILE;
        let result = match watch.list(due).await {
            Ok(asked) => {
                if due {
                    reconciled = io.now().mono;
                }
                watch.fetch_open(asked).await
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => {
                failures = 0;
                io.sleep(account.watch_interval(options.interval)).await;
            }
            Err(error) if ends_watch(&error) => return Err(error),
            Err(error) => {
                failures += 1;
                watch.hold(error, failures).await;
            }
        }
    }
}

/// Whether to stop instead of trying again later.
fn ends_watch(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => matches!(
            refusal.kind,
            RefusalKind::NotLoggedIn | RefusalKind::RiskControl | RefusalKind::AccountBanned
        ),
        Error::Stopped(_) | Error::Invalid(_) | Error::Finished => true,
        _ => false,
    }
}

struct Watch<'a> {
    account: &'a Account,
    io: &'a Io<Event>,
    uid: Uid,
    /// Whether the login is known to be the cursor's.
    is_ours: bool,
    cursor: Cursor,
    options: WatchOptions,
    /// Everything that had changed by then is handled, also in the sessions that failed.
    safe: UnixMicros,
    /// Sessions that have something to fetch.
    open: BTreeMap<Talker, Open>,
}

/// A session that has something to fetch.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// Its newest message, as far as the list says.
    newest: Option<Seqno>,
    /// When it was first seen to have something.
    since: Monotonic,
    /// Not before then.
    retry_at: Monotonic,
    failures: u32,
}

impl Watch<'_> {
    /// Asks what changed; gives the service's time when it was asked.
    async fn list(&mut self, everything: bool) -> Result<UnixMicros, Error> {
        if !self.is_ours {
            let profile = call::profile(self.account, self.io).await?;
            self.cursor.check(profile.uid)?;
            self.is_ours = true;
            // A clock that was wrong once must not keep the cursor ahead of what happens.
            self.safe = self.safe.min(self.account.context(self.io.now()).time);
        }
        let start = self.io.now().mono;
        if everything {
            self.list_all(None).await?;
        } else {
            let since = self.since();
            let list = call::call(self.account, self.io, &NewSessions::new(since)).await?;
            let is_whole = !list.has_more;
            self.note(list);
            if !is_whole {
                self.list_all(Some(since)).await?;
            }
        }
        // By the clock as the answer corrected it.
        let now = self.io.now();
        let passed = micros(now.mono.since(start));
        let time = self.account.context(now).time;
        Ok(UnixMicros(time.0.saturating_sub(passed)))
    }

    /// Fetches what is open. A session that fails delays no other: it is tried again later, and until
    /// then the mark stays where it is. What holds all of them is an error.
    async fn fetch_open(&mut self, asked: UnixMicros) -> Result<(), Error> {
        for talker in self.open.keys().copied().collect::<Vec<_>>() {
            let is_due =
                (self.open.get(&talker)).is_some_and(|open| open.retry_at <= self.io.now().mono);
            if !is_due {
                continue;
            }
            match self.fetch(talker).await {
                Ok(true) => {
                    self.open.remove(&talker);
                }
                // Nothing to be seen yet.
                Ok(false) => {}
                Err(error) if ends_watch(&error) => return Err(error),
                Err(error @ Error::RateLimited(_)) => return Err(error),
                Err(error) => self.postpone(talker, error).await,
            }
        }
        if self.open.is_empty() {
            self.safe = asked.max(self.safe);
            self.cursor.set_mark(self.safe);
        }
        Ok(())
    }

    /// Tries a session again later, the later the more often it failed; one that is gone is let go.
    async fn postpone(&mut self, talker: Talker, cause: Error) {
        let now = self.io.now().mono;
        let Some(open) = self.open.get_mut(&talker) else {
            return;
        };
        open.failures = open.failures.saturating_add(1);
        let wait = self.account.watch_interval(self.options.interval);
        let longer = wait.saturating_mul(2u32.saturating_pow(open.failures.min(16) - 1));
        open.retry_at = now.after(longer.min(LONGEST_WAIT));
        // Other refusals may pass: a stale signature is refused as forbidden too.
        let gone = cause.kind() == Some(RefusalKind::GroupGone);
        let retry_at = (!gone).then_some(open.retry_at);
        if gone {
            if let Some(newest) = open.newest {
                self.cursor.set_handled(talker, newest);
            }
            self.open.remove(&talker);
        }
        self.tell(EventKind::SessionFailed {
            talker,
            retry_at,
            cause,
        })
        .await;
    }

    /// From when on to look.
    fn since(&self) -> UnixMicros {
        UnixMicros(self.safe.0.saturating_sub(micros(OVERLAP)))
    }

    /// Lists by type, since listing all at once does not page; back to a time when one is given.
    async fn list_all(&mut self, since: Option<UnixMicros>) -> Result<(), Error> {
        for filter in [
            SessionFilter::Users,
            SessionFilter::Unfollowed,
            SessionFilter::Groups,
        ] {
            let mut request = GetSessions::new(filter).with_size(100);
            loop {
                let list = call::call(self.account, self.io, &request).await?;
                let oldest = list.oldest();
                let goes_on = list.has_more;
                self.note(list);
                match oldest {
                    Some(oldest)
                        if goes_on
                            && since.is_none_or(|since| oldest >= since)
                            && request.end_ts.is_none_or(|end| oldest < end) =>
                    {
                        request = request.with_end_ts(oldest);
                    }
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// Takes note of the sessions that have something to fetch.
    fn note(&mut self, list: SessionList) {
        for session in list.sessions {
            let newest = newest(&session);
            if matches!(session.talker, Talker::Group(_)) && !self.options.groups {
                continue;
            }
            let is_known = match (newest, self.cursor.handled(session.talker)) {
                (Some(newest), Some(handled)) => newest <= handled,
                // A session without a new message since the watch began is of no interest yet.
                (_, None) => (session.session_ts).is_some_and(|changed| changed < self.earliest()),
                (None, Some(_)) => false,
            };
            if !is_known {
                let now = self.io.now().mono;
                let open = self.open.entry(session.talker).or_insert(Open {
                    newest,
                    since: now,
                    retry_at: now,
                    failures: 0,
                });
                open.newest = newest.max(open.newest);
            }
        }
    }

    /// What was written before then is never told. Messages have whole seconds.
    fn earliest(&self) -> UnixMicros {
        self.cursor.start().seconds().micros()
    }

    /// Tells what is new in a session, oldest first; whether that is all that the list told of.
    async fn fetch(&mut self, talker: Talker) -> Result<bool, Error> {
        let after = self.cursor.handled(talker);
        let range = History {
            after,
            ..History::new(talker).with_page_size(200)
        };
        // From the newest page back to what was handled, or to when the watch began.
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let request = range.page(before);
            let page = match call::call(self.account, self.io, &request).await {
                Err(error) if error.kind() == Some(RefusalKind::NoSuchSession) => return Ok(true),
                other => other?,
            };
            let reaches_start =
                after.is_none() && (page.messages.iter()).any(|message| self.is_old(message));
            let next = next_page(&request, &page);
            let kept = (pages.len() < PAGES_KEPT).then_some(page);
            pages.push((before, kept));
            match next {
                Some(next) if !reaches_start => before = Some(next),
                _ => break,
            }
        }
        for (before, kept) in pages.into_iter().rev() {
            let page = match kept {
                Some(page) => page,
                None => call::call(self.account, self.io, &range.page(before)).await?,
            };
            // Of a session that was known before only the place counts, whatever the time is.
            self.tell_page(talker, page, after.is_some()).await;
        }
        Ok(self.is_told(talker))
    }

    /// Whether everything is told that the list spoke of. What cannot be seen for long, such as a
    /// message that the service took away, counts as told: lists are early, but not by more.
    fn is_told(&mut self, talker: Talker) -> bool {
        let Some(&Open { newest, since, .. }) = self.open.get(&talker) else {
            return true;
        };
        let newest = newest.unwrap_or_default();
        let handled = self.cursor.handled(talker);
        if handled.is_none_or(|handled| handled < newest) {
            if self.io.now().mono.since(since) < OVERLAP {
                return false;
            }
            self.cursor.set_handled(talker, newest);
        }
        true
    }

    /// Whether a message was surely written before the watch began.
    fn is_old(&self, message: &Message) -> bool {
        message.timestamp != UnixSeconds(0) && message.timestamp.micros() < self.earliest()
    }

    async fn tell_page(&mut self, talker: Talker, page: SessionMsgs, is_known: bool) {
        let mut messages = page.messages;
        messages.sort_by_key(|message| message.seqno);
        for message in messages {
            let handled = self.cursor.handled(talker);
            if handled.is_some_and(|handled| message.seqno <= handled) {
                continue;
            }
            let seqno = message.seqno;
            if is_known || !self.is_old(&message) {
                let position = Position {
                    talker,
                    seqno,
                    mark: self.cursor.mark(),
                };
                if let Some(kind) = self.kind(talker, message) {
                    let position = Some(position);
                    self.io.emit(Event { kind, position }).await;
                }
            }
            self.cursor.set_handled(talker, seqno);
        }
    }

    /// What a message is told as, if it is told.
    fn kind(&self, talker: Talker, message: Message) -> Option<EventKind> {
        let direction = if message.sender != self.uid {
            Direction::Incoming
        } else if self.account.sent(message.key) {
            Direction::Sent
        } else {
            Direction::Own
        };
        if direction != Direction::Incoming && !self.options.own {
            return None;
        }
        if message.msg_type == MsgType::Recall {
            let msg_key = match message.content_even_if_recalled() {
                crate::content::Content::Recall(key) => Some(key),
                _ => None,
            };
            return Some(EventKind::Recalled { talker, msg_key });
        }
        (self.options.automatic || is_by_a_person(&message)).then(|| EventKind::Message {
            talker,
            message: Box::new(message),
            direction,
        })
    }

    async fn announce_end(&self) {
        let now = self.account.context(self.io.now()).time;
        if let Some(at) = self.account.credential().expires()
            && at.micros().since(now) < ANNOUNCED
        {
            self.tell(EventKind::LoginEnds { at }).await;
        }
    }

    /// Waits after a failure, the longer the more there were in a row.
    async fn hold(&self, cause: Error, failures: u32) {
        let interval = self.account.watch_interval(self.options.interval);
        let longer = interval.saturating_mul(2u32.saturating_pow(failures.min(16)));
        let wait = match &cause {
            Error::RateLimited(limited) => limited.retry_after.max(interval),
            _ => longer.min(LONGEST_WAIT),
        };
        let until = self.io.now().mono.after(wait);
        self.tell(EventKind::Held { until, cause }).await;
        self.io.sleep_until(until).await;
    }

    async fn tell(&self, kind: EventKind) {
        let position = None;
        self.io.emit(Event { kind, position }).await;
    }
}

/// A session's newest message, as far as the list says.
fn newest(session: &Session) -> Option<Seqno> {
    let last = session.last_msg.as_ref().map(|message| message.seqno);
    session.max_seqno.max(last)
}

/// Whether a person wrote it, by hand (docs/protocol.md §8).
fn is_by_a_person(message: &Message) -> bool {
    let by_hand = matches!(
        message.source,
        MsgSource::Unknown
            | MsgSource::Ios
            | MsgSource::Android
            | MsgSource::H5
            | MsgSource::Desktop
            | MsgSource::Web
    );
    let by_type = matches!(
        message.msg_type,
        MsgType::Text | MsgType::Image | MsgType::CustomEmoticon | MsgType::Share
    );
    by_hand && by_type
}
