//! What the service had shown when a watch began, to tell new messages from old ones.

use std::collections::BTreeMap;

use bili_im_proto::{Seqno, Talker};
use serde_json::Value;

/// How much the cursor's floor is set back, in seconds. `Date` has whole seconds, and the clocks of
/// the service's machines differ.
const SLACK: u64 = 5;

/// How far the program's estimate of the service's clock may be behind or ahead, in seconds. The
/// program ignores small differences, and requests and answers take time.
const TOO_EARLY: u64 = 6;
const TOO_LATE: u64 = 4;

/// How far a session's time may be ahead of that clock before it is ignored, in seconds.
const FURTHEST_AHEAD: u64 = 60;

/// The session list that a cursor was made from, and what pages showed later.
#[derive(Debug, Clone, Default)]
pub(super) struct Baseline {
    /// The service's newest message when the cursor was made.
    newest: Seqno,
    /// The newest message of each session in the list.
    newest_in: BTreeMap<Talker, Seqno>,
    /// The newest message on the first page served of each session. Later messages are new,
    /// whatever their time.
    first_page: BTreeMap<Talker, Seqno>,
    /// Whether the cursor may forget sessions of the list, because its capacity is small.
    forgets: bool,
    /// The earliest and the latest possible floor of the cursor, in seconds since 1970.
    floor: (u64, u64),
}

/// Whether a message is new to a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The watch must deliver it.
    Surely,
    /// The service's answers do not decide it: the watch may deliver it.
    Perhaps,
    /// It is older than the watch, which must not deliver it.
    No,
}

impl Baseline {
    /// Reads an answer to `new_sessions`; `time` is the service's clock in seconds.
    pub(super) fn from_list(list: &Value, time: u64) -> Self {
        let sessions = list.pointer("/data/session_list").and_then(Value::as_array);
        let sessions = sessions.map(Vec::as_slice).unwrap_or_default();
        let number = |session: &Value, at: &str| session.pointer(at).and_then(Value::as_u64);
        let mut baseline = Self::default();
        let mut latest = time + TOO_LATE;
        for session in sessions {
            let changed = number(session, "/session_ts").unwrap_or(0) / 1_000_000;
            if changed <= time + TOO_LATE + FURTHEST_AHEAD {
                latest = latest.max(changed);
            }
            let newest = number(session, "/max_seqno").max(number(session, "/last_msg/msg_seqno"));
            let newest = newest.filter(|newest| *newest > 0);
            if let (Some(talker), Some(newest)) = (talker(session), newest) {
                baseline.newest_in.insert(talker, Seqno(newest));
            }
        }
        baseline.floor = (time - TOO_EARLY - SLACK, latest - SLACK);
        baseline
    }

    /// Adds the service's newest message, and whether the cursor may forget sessions.
    pub(super) fn with(self, newest: Seqno, forgets: bool) -> Self {
        Self {
            newest,
            forgets,
            ..self
        }
    }

    /// Records the first page of a session that the watch is given.
    pub(super) fn note_page(&mut self, talker: Talker, page: &Value) {
        let messages = page.pointer("/data/messages").and_then(Value::as_array);
        let seqnos = messages.into_iter().flatten();
        let newest = seqnos
            .filter_map(|message| message.get("msg_seqno")?.as_u64())
            .max();
        if let Some(newest) = newest {
            self.first_page.entry(talker).or_insert(Seqno(newest));
        }
    }

    /// Whether the cursor keeps the session's newest message from the list.
    pub(super) fn knows(&self, talker: Talker) -> bool {
        self.newest_in.contains_key(&talker) && !self.forgets
    }

    /// Whether a message is new. The sequence number decides in sessions of the list, the time in
    /// others. `since` is the earliest time of this message and all later ones: a clock that was
    /// set back can make the session's newest message look older than the watch.
    pub(super) fn is_news(&self, talker: Talker, seqno: Seqno, time: u64, since: u64) -> News {
        let is_after = seqno > self.newest;
        let (earliest, latest) = self.floor;
        let in_list = self.newest_in.get(&talker);
        let was_on_first_page = (self.first_page.get(&talker)).is_none_or(|first| seqno <= *first);
        match in_list {
            Some(newest) if seqno <= *newest => News::No,
            None if !is_after && time < earliest && was_on_first_page => News::No,
            _ if is_after && (self.knows(talker) || since >= latest) => News::Surely,
            _ => News::Perhaps,
        }
    }
}

/// The talker of a list entry.
fn talker(session: &Value) -> Option<Talker> {
    let id = session.get("talker_id")?.as_u64()?;
    match session.get("session_type")?.as_u64()? {
        1 => Some(Talker::user(id)),
        2 => Some(Talker::group(id)),
        _ => None,
    }
}
