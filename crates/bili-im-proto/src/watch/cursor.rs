//! The cursor: what a program has handled, to be stored between runs.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    error::{ForeignCursor, Invalid},
    ids::{Seqno, Talker, Uid},
    time::{UnixMicros, UnixSeconds},
};

/// The default capacity of a cursor, in sessions.
const CAPACITY: usize = 10_000;

/// If an attempt could not forget enough sessions, the next one waits this long.
const ATTEMPT_AGAIN: Duration = Duration::from_secs(60);

/// Sessions with a message newer than this are not forgotten. The time is longer than the lists can
/// be late.
const QUIET: Duration = Duration::from_secs(60 * 60);

/// What a program has handled of one account's events. Store it to continue watching later, after
/// however long a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    version: u32,
    uid: Uid,
    /// In sessions that are not remembered, messages older than this are not reported.
    floor: UnixSeconds,
    /// All changes up to this time are handled, except in pending sessions.
    mark: UnixMicros,
    /// When all lists of sessions were last read to their end.
    #[serde(default)]
    compared: UnixMicros,
    /// How many sessions to remember at most.
    capacity: usize,
    #[serde(with = "as_list")]
    sessions: BTreeMap<Talker, Handled>,
    #[serde(skip)]
    last_attempt: LastAttempt,
}

/// The quiet time of the last attempt to forget sessions. It does not count in comparisons.
#[derive(Debug, Clone, Copy, Eq, Default)]
struct LastAttempt(UnixMicros);

impl PartialEq for LastAttempt {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What is handled in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Handled {
    /// The newest message handled.
    seqno: Option<Seqno>,
    /// When that message was sent. Without a message, the floor of this session.
    time: UnixSeconds,
    /// Whether the session has messages that could not be read yet.
    is_pending: bool,
}

/// The change of a cursor when one event is handled. Programs can append positions to a file
/// instead of storing the whole cursor each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub(crate) talker: Talker,
    /// The message handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seqno: Option<Seqno>,
    /// When that message was sent.
    #[serde(default)]
    pub(crate) time: UnixSeconds,
    /// Whether the session has messages that could not be read yet.
    #[serde(default)]
    pub(crate) is_pending: bool,
    pub(crate) mark: UnixMicros,
    /// When all lists of sessions were last read to their end.
    #[serde(default)]
    pub(crate) compared: UnixMicros,
}

impl Cursor {
    /// The version of the stored form, in its field `version`. A cursor of another version is
    /// refused.
    pub const VERSION: u32 = 2;

    pub(crate) fn new(uid: Uid, floor: UnixSeconds, mark: UnixMicros) -> Self {
        Self {
            version: Self::VERSION,
            uid,
            floor,
            mark,
            compared: mark,
            capacity: CAPACITY,
            sessions: BTreeMap::new(),
            last_attempt: LastAttempt::default(),
        }
    }

    /// Sets how many sessions to remember; 10,000 by default. Beyond that, the sessions that have
    /// been quiet for the longest are forgotten, but none with a message in the last hour.
    #[must_use]
    pub fn with_capacity(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// The account that the cursor belongs to.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// The number of sessions remembered.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Records that an event is handled. Apply positions in the order of their events. Applying the
    /// last ones again, from any of them on, changes nothing.
    pub fn advance(&mut self, position: &Position) {
        // Set even when it is earlier: one wrong clock reading must not hide later events.
        self.mark = position.mark;
        self.compared = position.compared;
        let handled = self.sessions.entry(position.talker).or_default();
        if position.seqno > handled.seqno {
            handled.seqno = position.seqno;
        }
        handled.time = position.time.max(handled.time);
        handled.is_pending = position.is_pending;
        if self.sessions.len() > self.capacity {
            self.forget();
        }
    }

    /// Forgets the sessions that have been quiet for the longest, and raises the floor above their
    /// messages, so that these do not look new.
    fn forget(&mut self) {
        // Changes since the last comparison of all sessions do not count: a list may have left some
        // out.
        let quiet_since = UnixMicros(self.mark.0.saturating_sub(crate::time::micros(QUIET)));
        let quiet_since = quiet_since.min(self.compared);
        let last_attempt = self.last_attempt.0;
        if quiet_since >= last_attempt && quiet_since.since(last_attempt) < ATTEMPT_AGAIN {
            return;
        }
        let mut quiet: Vec<(UnixSeconds, Talker)> = (self.sessions.iter())
            .filter(|(_, handled)| !handled.is_pending)
            .filter(|(_, handled)| handled.time < quiet_since.seconds())
            .map(|(&talker, handled)| (handled.time, talker))
            .collect();
        // Forgets more than needed, so that the next call does not have to.
        let kept = self.capacity - self.capacity / 8;
        let forgotten = self.sessions.len().saturating_sub(kept).min(quiet.len());
        quiet.sort_unstable();
        for &(time, talker) in quiet.iter().take(forgotten) {
            self.sessions.remove(&talker);
            self.floor = self.floor.max(UnixSeconds(time.0.saturating_add(1)));
        }
        if self.sessions.len() > self.capacity {
            self.last_attempt = LastAttempt(quiet_since);
        }
    }

    pub(crate) fn check(&self, uid: Uid) -> Result<(), Invalid> {
        if self.version != Self::VERSION {
            Err(Invalid::CursorVersion(self.version))
        } else if self.uid != uid {
            Err(ForeignCursor(self.uid).into())
        } else {
            Ok(())
        }
    }

    pub(crate) fn floor(&self) -> UnixSeconds {
        self.floor
    }

    /// In this session, if nothing in it is handled, messages older than this are not reported. A
    /// pending session keeps the floor from when it became pending.
    pub(crate) fn floor_of(&self, talker: Talker) -> UnixSeconds {
        match self.sessions.get(&talker) {
            Some(handled) if handled.seqno.is_none() && handled.is_pending => handled.time,
            _ => self.floor,
        }
    }

    pub(crate) fn mark(&self) -> UnixMicros {
        self.mark
    }

    pub(crate) fn compared(&self) -> UnixMicros {
        self.compared
    }

    /// The newest message handled in a session.
    pub(crate) fn handled(&self, talker: Talker) -> Option<Seqno> {
        self.sessions.get(&talker)?.seqno
    }

    /// The sessions with messages that could not be read yet.
    pub(crate) fn pending(&self) -> impl Iterator<Item = Talker> {
        (self.sessions.iter())
            .filter(|(_, handled)| handled.is_pending)
            .map(|(&talker, _)| talker)
    }
}

/// The stored form of sessions: `["user-7", seqno, time]`, followed by `true` in pending ones.
mod as_list {
    use serde::{Deserializer, Serializer, de::Error as _};

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Entry(
        String,
        Option<Seqno>,
        UnixSeconds,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] bool,
    );

    pub(super) fn serialize<S: Serializer>(
        sessions: &BTreeMap<Talker, Handled>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let entry = |(talker, handled): (&Talker, &Handled)| {
            Entry(
                talker.to_key(),
                handled.seqno,
                handled.time,
                handled.is_pending,
            )
        };
        serializer.collect_seq(sessions.iter().map(entry))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Talker, Handled>, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        (entries.into_iter())
            .map(|Entry(key, seqno, time, is_pending)| {
                let talker = Talker::from_key(&key)
                    .ok_or_else(|| D::Error::custom(format!("{key} is not a session")))?;
                let handled = Handled {
                    seqno,
                    time,
                    is_pending,
                };
                Ok((talker, handled))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(talker: Talker, seqno: u64, time: u64, mark: u64) -> Position {
        Position {
            talker,
            seqno: Some(Seqno(seqno)),
            time: UnixSeconds(time),
            is_pending: false,
            mark: UnixSeconds(mark).micros(),
            compared: UnixSeconds(mark).micros(),
        }
    }

    fn stored(cursor: &Cursor) -> Cursor {
        serde_json::from_str(&serde_json::to_string(cursor).unwrap()).unwrap()
    }

    #[test]
    fn a_stored_cursor_is_the_same_and_no_session_moves_back() {
        let mut cursor = Cursor::new(Uid(1), UnixSeconds(10), UnixMicros(0));
        let group = Talker::group(5);
        cursor.advance(&position(group, 7, 19, 20));
        cursor.advance(&position(group, 3, 12, 15));
        let cursor = stored(&cursor);
        assert_eq!(cursor.handled(group), Some(Seqno(7)));
        assert_eq!(cursor.handled(Talker::user(5)), None);
        assert_eq!(cursor.floor(), UnixSeconds(10));
        assert_eq!(cursor.mark(), UnixSeconds(15).micros());
        assert_eq!(cursor.check(Uid(2)), Err(ForeignCursor(Uid(1)).into()));
        let newer = Cursor {
            version: 9,
            ..cursor
        };
        assert_eq!(newer.check(Uid(1)), Err(Invalid::CursorVersion(9)));
    }

    #[test]
    fn of_too_many_sessions_the_quietest_are_forgotten_and_lie_below_the_floor() {
        let mut cursor = Cursor::new(Uid(1), UnixSeconds(10), UnixMicros(0)).with_capacity(8);
        for uid in 1..=9 {
            cursor.advance(&position(Talker::user(uid), uid, 1000 * uid, 10_000));
        }
        // 1 to 6 have been quiet for an hour. Seven stay, which leaves room for one more.
        assert_eq!(cursor.sessions(), 7);
        assert_eq!(cursor.handled(Talker::user(2)), None);
        assert_eq!(cursor.handled(Talker::user(3)), Some(Seqno(3)));
        assert_eq!(cursor.floor(), UnixSeconds(2001));
    }

    #[test]
    fn nothing_is_forgotten_before_all_sessions_were_compared() {
        let mut cursor = Cursor::new(Uid(1), UnixSeconds(10), UnixMicros(0)).with_capacity(1);
        for uid in 1..=5 {
            cursor.advance(&Position {
                compared: UnixSeconds(3000).micros(),
                ..position(Talker::user(uid), uid, 1000 * uid, 10_000)
            });
        }
        assert_eq!(cursor.sessions(), 3);
        assert_eq!(cursor.floor(), UnixSeconds(2001));
    }

    #[test]
    fn a_session_that_was_not_quiet_is_never_forgotten() {
        let mut cursor = Cursor::new(Uid(1), UnixSeconds(10), UnixMicros(0)).with_capacity(2);
        for uid in 1..=9 {
            cursor.advance(&position(Talker::user(uid), uid, 9_000, 10_000));
        }
        assert_eq!(cursor.sessions(), 9);
        cursor.advance(&position(Talker::user(10), 10, 20_000, 20_000));
        assert_eq!(cursor.sessions(), 2);
        assert_eq!(cursor.floor(), UnixSeconds(9_001));
    }

    #[test]
    fn ten_thousand_sessions_are_stored_in_half_a_megabyte() {
        let mut cursor = Cursor::new(Uid(1), UnixSeconds(10), UnixMicros(0));
        for uid in 0..10_000 {
            let talker = Talker::user(3_493_000_000_000_000 + uid);
            let now = 1_760_000_000;
            cursor.advance(&position(talker, 500_000_000 + uid, now, now));
        }
        let json = serde_json::to_string(&cursor).unwrap();
        assert!(json.len() < 512 * 1024, "{}", json.len());
    }
}
