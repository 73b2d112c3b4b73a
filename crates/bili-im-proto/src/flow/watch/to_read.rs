//! Sessions that have something to read, and when each is read next.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::flow::{prelude::*, retry::Retry, watch::walk::Walk};

/// How long an answer that contradicts the list is doubted until it is believed.
const DOUBT: Duration = Duration::from_secs(60);

/// The same where believing it would pass over messages that must be there.
const LONG_DOUBT: Duration = Duration::from_secs(30 * 60);

/// The sessions that have something to read.
#[derive(Debug, Default)]
pub(super) struct ToRead {
    all: BTreeMap<Talker, SessionToRead>,
    /// By when they are read next.
    by_turn: BTreeSet<(Monotonic, Talker)>,
    /// Those that hold the mark back.
    by_mark: BTreeSet<(UnixMicros, Talker)>,
}

/// A session that has something to read.
#[derive(Debug)]
pub(super) struct SessionToRead {
    /// Its newest message, as far as the lists say.
    pub(super) newest: Option<Seqno>,
    /// When that was written, as far as the lists say.
    pub(super) changed: Option<UnixSeconds>,
    /// Its messages may have been there since then. The mark must not pass this time.
    mark: UnixMicros,
    /// Whether the program was told that the session is pending. Then the mark may pass.
    is_pending: bool,
    /// When it is read next.
    turn: Monotonic,
    retry: Retry,
    /// When its answers first contradicted the list.
    doubted: Option<Monotonic>,
    pub(super) walk: Walk,
}

impl ToRead {
    /// The session, added now if it was not there. Its messages may have been there since `mark`.
    pub(super) fn add(
        &mut self,
        talker: Talker,
        mark: UnixMicros,
        is_pending: bool,
        now: Monotonic,
    ) -> &mut SessionToRead {
        self.all.entry(talker).or_insert_with(|| {
            self.by_turn.insert((now, talker));
            if !is_pending {
                self.by_mark.insert((mark, talker));
            }
            SessionToRead {
                newest: None,
                changed: None,
                mark,
                is_pending,
                turn: now,
                retry: Retry::at(now),
                doubted: None,
                walk: Walk::default(),
            }
        })
    }

    pub(super) fn get(&self, talker: Talker) -> Option<&SessionToRead> {
        self.all.get(&talker)
    }

    pub(super) fn get_mut(&mut self, talker: Talker) -> Option<&mut SessionToRead> {
        self.all.get_mut(&talker)
    }

    /// The session that is read next, and when.
    pub(super) fn next(&self) -> Option<(Monotonic, Talker)> {
        self.by_turn.first().copied()
    }

    /// Since when there may be messages that the program does not know of.
    pub(super) fn mark(&self) -> Option<UnixMicros> {
        self.by_mark.first().map(|&(mark, _)| mark)
    }

    pub(super) fn is_pending(&self, talker: Talker) -> bool {
        self.get(talker).is_some_and(|session| session.is_pending)
    }

    /// Reads a session later. Its pages are read again then.
    pub(super) fn put_off(&mut self, talker: Talker, until: Monotonic) {
        let Some(session) = self.all.get_mut(&talker) else {
            return;
        };
        self.by_turn.remove(&(session.turn, talker));
        self.by_turn.insert((until, talker));
        session.turn = until;
        session.walk.drop_pages();
    }

    /// A session could not be read: it becomes pending, and is read later. Gives when.
    pub(super) fn failed(
        &mut self,
        talker: Talker,
        now: Monotonic,
        interval: Duration,
        cause: &Error,
    ) -> Option<Monotonic> {
        let session = self.all.get_mut(&talker)?;
        self.by_mark.remove(&(session.mark, talker));
        session.is_pending = true;
        session.believe();
        let until = session.retry.failed(now, interval, cause);
        self.put_off(talker, until);
        Some(until)
    }

    pub(super) fn remove(&mut self, talker: Talker) -> Option<SessionToRead> {
        let session = self.all.remove(&talker)?;
        self.by_turn.remove(&(session.turn, talker));
        self.by_mark.remove(&(session.mark, talker));
        Some(session)
    }
}

impl SessionToRead {
    /// Notes what a list says: the newest message, and when it was written.
    pub(super) fn note(&mut self, newest: Option<Seqno>, changed: Option<UnixSeconds>) {
        if newest >= self.newest {
            self.changed = changed;
        }
        if newest > self.newest {
            self.newest = newest;
            self.believe();
        }
    }

    /// When a message was written at the latest, as far as the lists say.
    pub(super) fn latest(&self, seqno: Seqno) -> Option<UnixSeconds> {
        self.changed.filter(|_| Some(seqno) <= self.newest)
    }

    /// An answer contradicts the list. Whether to ask again instead of believing it.
    pub(super) fn doubts(&mut self, now: Monotonic) -> bool {
        self.doubts_for(DOUBT, now)
    }

    /// The same of an empty page. In the middle of a gap there certainly is something, unless the
    /// service sends the same page whatever it is asked for.
    pub(super) fn doubts_page(
        &mut self,
        handled: Option<Seqno>,
        is_outside: bool,
        now: Monotonic,
    ) -> bool {
        let is_certain = handled.is_some() && self.walk.is_under_way() && !is_outside;
        self.doubts_for(if is_certain { LONG_DOUBT } else { DOUBT }, now)
    }

    fn doubts_for(&mut self, patience: Duration, now: Monotonic) -> bool {
        let since = *self.doubted.get_or_insert(now);
        now.since(since) < patience
    }

    /// The answers fit the list again, or the list has changed.
    pub(super) fn believe(&mut self) {
        self.doubted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    fn with_two() -> ToRead {
        let mut to_read = ToRead::default();
        to_read.add(Talker::user(1), UnixMicros(5), false, at(1));
        to_read.add(Talker::user(2), UnixMicros(7), false, at(2));
        to_read
    }

    #[test]
    fn a_session_that_is_removed_is_read_no_more() {
        let mut to_read = with_two();
        to_read.put_off(Talker::user(2), at(9));
        to_read.remove(Talker::user(2));
        to_read.remove(Talker::user(1));
        assert_eq!((to_read.next(), to_read.mark()), (None, None));
    }

    #[test]
    fn doubt_lasts_a_minute_and_begins_again_when_the_list_changes() {
        let mut to_read = with_two();
        let session = to_read.get_mut(Talker::user(1)).unwrap();
        assert!(session.doubts(at(10)) && session.doubts(at(69)) && !session.doubts(at(70)));
        session.note(Some(Seqno(4)), None);
        assert!(session.doubts(at(71)));
    }

    #[test]
    fn what_a_list_says_of_a_time_counts_up_to_its_newest_message() {
        let mut to_read = with_two();
        let session = to_read.get_mut(Talker::user(1)).unwrap();
        session.note(Some(Seqno(4)), Some(UnixSeconds(50)));
        assert_eq!(session.latest(Seqno(4)), Some(UnixSeconds(50)));
        assert_eq!(session.latest(Seqno(5)), None);
        session.note(Some(Seqno(3)), Some(UnixSeconds(40)));
        assert_eq!(session.latest(Seqno(4)), Some(UnixSeconds(50)));
    }
}
