//! What a watch knew when it began.

use std::collections::BTreeMap;

use bili_im_proto::{Seqno, Talker};
use serde_json::Value;

/// How much earlier than it seems a watch begins, in seconds: `Date` has whole ones, and the service's
/// machines differ.
const SLACK: u64 = 5;

/// By how much the program's idea of the service's clock may be too early or too late, in seconds: small
/// differences are let be, and request and answer may take a while.
const TOO_EARLY: u64 = 6;
const TOO_LATE: u64 = 4;

/// How far ahead of that a session's time may be to be believed, in seconds.
const AHEAD: u64 = 60;

/// What the list said from which the cursor was made.
#[derive(Debug, Clone, Default)]
pub(super) struct Begun {
    /// The newest message of all when the cursor was there.
    newest: Seqno,
    /// The newest message that was listed of each session.
    listed: BTreeMap<Talker, Seqno>,
    /// The newest message on the first page of a session that was served. What it did not show yet is later
    /// by its place, whatever its time.
    sighted: BTreeMap<Talker, Seqno>,
    /// Whether the cursor forgets sessions although they were listed.
    forgets: bool,
    /// The earliest and the latest that the cursor's floor can be, in seconds since 1970.
    floor: (u64, u64),
}

/// Whether a message is news to a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It is, and must be told.
    Surely,
    /// Nothing that the service said tells.
    Perhaps,
    /// It was there before.
    No,
}

impl Begun {
    /// By an answer to `new_sessions`, at the service's time in seconds.
    pub(super) fn by_list(list: &Value, time: u64) -> Self {
        let sessions = list.pointer("/data/session_list").and_then(Value::as_array);
        let sessions = sessions.map(Vec::as_slice).unwrap_or_default();
        let number = |session: &Value, at: &str| session.pointer(at).and_then(Value::as_u64);
        let mut begun = Self::default();
        let mut latest = time + TOO_LATE;
        for session in sessions {
            let changed = number(session, "/session_ts").unwrap_or(0) / 1_000_000;
            if changed <= time + TOO_LATE + AHEAD {
                latest = latest.max(changed);
            }
            let newest = number(session, "/max_seqno").max(number(session, "/last_msg/msg_seqno"));
            let newest = newest.filter(|newest| *newest > 0);
            if let (Some(talker), Some(newest)) = (talker(session), newest) {
                begun.listed.insert(talker, Seqno(newest));
            }
        }
        begun.floor = (time - TOO_EARLY - SLACK, latest - SLACK);
        begun
    }

    /// With the newest message of all when the cursor was there, and whether that forgets sessions.
    pub(super) fn with(self, newest: Seqno, forgets: bool) -> Self {
        Self {
            newest,
            forgets,
            ..self
        }
    }

    /// Takes note of a page of a session that is served.
    pub(super) fn sight(&mut self, talker: Talker, page: &Value) {
        let messages = page.pointer("/data/messages").and_then(Value::as_array);
        let seqnos = messages.into_iter().flatten();
        let newest = seqnos
            .filter_map(|message| message.get("msg_seqno")?.as_u64())
            .max();
        if let Some(newest) = newest {
            self.sighted.entry(talker).or_insert(Seqno(newest));
        }
    }

    /// Whether the cursor knows a session by its newest message, for good.
    pub(super) fn knows(&self, talker: Talker) -> bool {
        self.listed.contains_key(&talker) && !self.forgets
    }

    /// Whether a message is news. In a session that was listed its place says so, in others its time. There a
    /// session is of no interest as long as its newest message is from before, by a clock that was put back:
    /// so the earliest time of this message and all later ones counts, too.
    pub(super) fn is_news(&self, talker: Talker, seqno: Seqno, time: u64, since: u64) -> News {
        let is_after = seqno > self.newest;
        let (earliest, latest) = self.floor;
        let listed = self.listed.get(&talker);
        let was_sighted = (self.sighted.get(&talker)).is_none_or(|sighted| seqno <= *sighted);
        match listed {
            Some(listed) if seqno <= *listed => News::No,
            None if !is_after && time < earliest && was_sighted => News::No,
            _ if is_after && (self.knows(talker) || since >= latest) => News::Surely,
            _ => News::Perhaps,
        }
    }
}

/// The session that an entry of a list is about.
fn talker(session: &Value) -> Option<Talker> {
    let id = session.get("talker_id")?.as_u64()?;
    match session.get("session_type")?.as_u64()? {
        1 => Some(Talker::user(id)),
        2 => Some(Talker::group(id)),
        _ => None,
    }
}
