//! What is new in a session.

use crate::{
    error::RefusalKind,
    flow::{
        prelude::*,
        retry::Retry,
        watch::{
            telling::{FAR_AHEAD, Listed, reaches_before, told_as},
            walk::PAGES_KEPT,
            watcher::Watch,
        },
    },
    watch::{EventKind, Position},
};

/// Of how many sessions it is remembered that a message is listed in them and not there.
const UNSEEN: usize = 10_000;

/// What came of reading a page of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// There is another page.
    GoesOn,
    /// The page that there should be is not there yet.
    Waits,
    /// The session is read to its end.
    IsOver,
}

impl Watch<'_> {
    /// Reads on in a session, some pages at once. A session that fails delays no other.
    pub(super) async fn read_session(&mut self, talker: Talker) -> Result<(), Error> {
        for _ in 0..PAGES_KEPT {
            match self.read_page(talker).await {
                Ok(Reading::GoesOn) => {}
                Ok(Reading::IsOver) => {
                    self.finish_session(talker).await;
                    return Ok(());
                }
                Ok(Reading::Waits) => {
                    self.wait_for_poll(talker);
                    return Ok(());
                }
                Err(error) if error.ends_watch() => return Err(error),
                Err(error @ Error::RateLimited(_)) => {
                    let (now, interval) = (self.io.now().mono, self.interval());
                    let until = Retry::at(now).failed(now, interval, &error);
                    self.hold(error, until).await?;
                    break;
                }
                Err(error) => {
                    self.session_failed(talker, error).await;
                    return Ok(());
                }
            }
        }
        // Now the others' turn.
        self.to_read.put_off(talker, self.io.now().mono);
        Ok(())
    }

    /// What a session holds may show with what the next poll brings.
    fn wait_for_poll(&mut self, talker: Talker) {
        let later = self.rhythm.next().max(self.io.now().mono);
        self.to_read.put_off(talker, later);
    }

    /// Reads a page of a session, and tells what can be told by it.
    async fn read_page(&mut self, talker: Talker) -> Result<Reading, Error> {
        let Some(session) = self.to_read.get(talker) else {
            return Ok(Reading::IsOver);
        };
        let handled = self.cursor.handled(talker);
        let page = match session.walk.range(talker, handled).read(self.io).await {
            Err(error) if error.kind() == Some(RefusalKind::NoSuchSession) => {
                return Ok(Reading::IsOver);
            }
            other => other?,
        };
        // In a session that was known before only the place counts, whatever the time is.
        let floor = match handled {
            None => self.cursor.floor_of(talker),
            Some(_) => UnixSeconds(0),
        };
        let now = self.io.now();
        let latest = (self.io.account.service_time(now)).saturating_add(FAR_AHEAD);
        let oldest = page.msgs.oldest();
        let reaches_start = oldest <= handled || reaches_before(&page.msgs, floor, latest);
        let Some(session) = self.to_read.get_mut(talker) else {
            return Ok(Reading::IsOver);
        };
        let is_odd = oldest.is_none() && !page.is_end;
        if is_odd && session.doubts_page(handled, page.is_outside, now.mono) {
            return Ok(Reading::Waits);
        }
        let pages = session.walk.take(page, reaches_start);
        let is_over = session.walk.is_over();
        if !is_over {
            // Each page is doubted by itself.
            session.believe();
        }
        let mut listed = Listed::all(pages);
        Listed::date(&mut listed, latest, session.newest, session.changed);
        self.tell_listed(talker, listed, floor, latest).await;
        Ok(if is_over {
            Reading::IsOver
        } else {
            Reading::GoesOn
        })
    }

    /// Tells what a session lists. What is older than the floor is no news.
    async fn tell_listed(
        &mut self,
        talker: Talker,
        listed: Vec<Listed>,
        floor: UnixSeconds,
        far_ahead: UnixMicros,
    ) {
        let (mark, compared) = self.progress();
        let is_pending = self.to_read.is_pending(talker);
        let before = self.cursor.handled(talker);
        let far_ahead = far_ahead.seconds();
        for one in listed {
            let seqno = Some(one.seqno);
            if seqno <= before {
                continue;
            }
            let mut latest = far_ahead;
            if let Some(session) = self.to_read.get_mut(talker) {
                session.believe();
                latest = session
                    .latest(one.seqno)
                    .unwrap_or(far_ahead)
                    .min(far_ahead);
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

    /// Up to when a program that has handled all it was told knows everything, and up to when all
    /// sessions are compared.
    fn progress(&self) -> (UnixMicros, UnixMicros) {
        let noted = self.noted();
        let unread = self.to_read.mark();
        let mark = unread.map_or(noted, |mark| mark.min(noted));
        (mark, mark.min(self.compared))
    }

    /// A session is read to its end. When the list spoke of more, that is waited for a while: lists
    /// are early, but not by much. A message that the service took away never comes.
    async fn finish_session(&mut self, talker: Talker) {
        let Some(session) = self.to_read.get_mut(talker) else {
            return;
        };
        let handled = self.cursor.handled(talker);
        if let Some(newest) = session.newest.filter(|&newest| Some(newest) > handled) {
            if session.doubts(self.io.now().mono) {
                self.wait_for_poll(talker);
                return;
            }
            self.note_unseen(talker, newest);
        }
        let was_pending = self.to_read.is_pending(talker);
        self.to_read.remove(talker);
        if was_pending {
            let position = self.position_without_message(talker, handled, UnixSeconds(0), false);
            let kind = EventKind::SessionRecovered { talker };
            self.tell(kind, Some(position)).await;
        }
    }

    fn note_unseen(&mut self, talker: Talker, newest: Seqno) {
        if self.unseen.len() >= UNSEEN {
            self.unseen.clear();
        }
        self.unseen.insert(talker, newest);
    }

    /// Tries a session again later. One that is gone is let go.
    async fn session_failed(&mut self, talker: Talker, cause: Error) {
        let interval = self.interval();
        let now = self.io.now().mono;
        let Some(until) = self.to_read.failed(talker, now, interval, &cause) else {
            return;
        };
        // Other refusals may pass: a stale signature is refused as forbidden too.
        let is_gone = cause.kind() == Some(RefusalKind::GroupGone);
        let mut handled = self.cursor.handled(talker);
        if is_gone && let Some(gone) = self.to_read.remove(talker) {
            handled = gone.newest.max(handled);
        }
        let time = self.cursor.floor_of(talker);
        let position = self.position_without_message(talker, handled, time, !is_gone);
        let kind = EventKind::SessionFailed {
            talker,
            retry_at: (!is_gone).then_some(until),
            cause,
        };
        self.tell(kind, Some(position)).await;
    }

    /// How the cursor moves when a session becomes pending, or is no longer.
    fn position_without_message(
        &mut self,
        talker: Talker,
        seqno: Option<Seqno>,
        time: UnixSeconds,
        is_pending: bool,
    ) -> Position {
        let (mark, compared) = self.progress();
        let position = Position {
            talker,
            seqno,
            time,
            is_pending,
            mark,
            compared,
        };
        self.cursor.advance(&position);
        position
    }
}
