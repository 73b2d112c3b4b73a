//! The open push connections, and the frames that wait in them.

use std::collections::BTreeMap;

use super::{
    frames::Heard,
    reply::{PushEnd, PushReply},
    steps::Step,
};
use crate::{ids::Uid, time::UnixMicros};

/// The service closes a connection without a heartbeat for this long.
const LONGEST_SILENCE: i64 = 60;
/// More connections than any test opens.
const MOST_CONNECTIONS: usize = 10_000;
/// More frames than any test leaves waiting in one connection.
const MOST_FRAMES: usize = 1000;
/// The most bytes that wait in one connection.
const MOST_BYTES: usize = 64 << 20;

const BAD_FRAME: i32 = -400;
const NOT_LOGGED_IN: i32 = -101;
pub(crate) const UNKNOWN_PATH: i32 = -404;

const NORMAL: u16 = 1000;
const TRY_AGAIN_LATER: u16 = 1013;

/// One push connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PushId {
    uid: Uid,
    number: u64,
}

impl PushId {
    /// The user whose connection it is.
    #[must_use]
    pub fn uid(self) -> Uid {
        self.uid
    }
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Connected,
    Authenticated,
    Subscribed,
    /// It gets no more notifications.
    KickedOut,
}

/// A frame or an end that waits for its time.
#[derive(Debug)]
struct Waiting {
    due: UnixMicros,
    what: Result<Vec<u8>, PushEnd>,
}

/// The state of one connection. Its times are those of the callers' clock.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stage: Stage,
    /// The `sequence` of the client's last frame.
    sequence: u64,
    heard_at: UnixMicros,
    waiting: Vec<Waiting>,
    bytes: usize,
}

impl Connection {
    /// Sends a frame at a time.
    pub(crate) fn send(&mut self, frame: Vec<u8>, due: UnixMicros) {
        self.bytes = self.bytes.saturating_add(frame.len());
        if self.waiting.len() >= MOST_FRAMES || self.bytes > MOST_BYTES {
            self.waiting.clear();
            self.end(PushEnd::Closed(TRY_AGAIN_LATER), due);
        } else {
            let what = Ok(frame);
            self.waiting.push(Waiting { due, what });
        }
    }

    /// Ends the connection after the frames that are due by then.
    pub(crate) fn end(&mut self, end: PushEnd, due: UnixMicros) {
        let what = Err(end);
        self.waiting.push(Waiting { due, what });
    }

    /// Takes a step that the client asks for. A refusal has a code and its reason.
    pub(crate) fn take_step(
        &mut self,
        step: Option<Step>,
        heard: &Heard,
        is_strict: bool,
        now: UnixMicros,
    ) -> Result<(), (i32, &'static str)> {
        let expected = self.sequence.wrapping_add(1);
        self.sequence = heard.sequence;
        if is_strict && heard.sequence != expected {
            return Err((BAD_FRAME, "sequence does not count the frames from 1"));
        }
        match (step, self.stage) {
            (None, _) => return Err((UNKNOWN_PATH, "the target path is not known")),
            (Some(Step::Auth), Stage::Connected) => {
                if heard.guid().is_none() {
                    return Err((BAD_FRAME, "the body is not an AuthReq with a guid"));
                }
                self.stage = Stage::Authenticated;
            }
            (_, Stage::Connected) => return Err((NOT_LOGGED_IN, "Auth comes first")),
            (Some(Step::Auth), _) => return Err((BAD_FRAME, "Auth comes once")),
            (Some(Step::Subscribe), _) if !heard.wants_notifications() => {
                return Err((BAD_FRAME, "the body is not a TargetPath with WatchNotify"));
            }
            (Some(Step::Subscribe), Stage::Authenticated) => self.stage = Stage::Subscribed,
            (Some(Step::Subscribe | Step::Heartbeat), _) => {}
            // An acknowledgement does not show that the client is alive.
            (Some(Step::MessageAck), _) => return Ok(()),
        }
        self.heard_at = now;
        Ok(())
    }

    fn silent_at(&self) -> UnixMicros {
        self.heard_at.plus_secs(LONGEST_SILENCE)
    }

    fn next(&self) -> UnixMicros {
        let due = self.waiting.iter().map(|waiting| waiting.due);
        due.fold(self.silent_at(), UnixMicros::min)
    }

    fn take(&mut self, now: UnixMicros) -> PushReply {
        if self.silent_at() <= now {
            self.end(PushEnd::Closed(NORMAL), now);
        }
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (mut due, later): (Vec<_>, Vec<_>) = waiting.partition(|waiting| waiting.due <= now);
        self.waiting = later;
        due.sort_by_key(|waiting| waiting.due);
        let mut reply = PushReply::default();
        for waiting in due {
            match waiting.what {
                Ok(frame) => {
                    self.bytes = self.bytes.saturating_sub(frame.len());
                    reply.frames.push(frame);
                }
                Err(end) => {
                    reply.end = Some(end);
                    break;
                }
            }
        }
        reply
    }
}

/// All push connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: BTreeMap<PushId, Connection>,
    made: u64,
    notified: BTreeMap<Uid, u64>,
}

impl Connections {
    /// Opens a connection; `None` when there are too many.
    pub(crate) fn open(&mut self, uid: Uid, now: UnixMicros) -> Option<PushId> {
        if self.open.len() >= MOST_CONNECTIONS {
            return None;
        }
        self.made += 1;
        let id = PushId {
            uid,
            number: self.made,
        };
        let connection = Connection {
            stage: Stage::Connected,
            sequence: 0,
            heard_at: now,
            waiting: Vec::new(),
            bytes: 0,
        };
        self.open.insert(id, connection);
        Some(id)
    }

    pub(crate) fn get_mut(&mut self, id: PushId) -> Option<&mut Connection> {
        self.open.get_mut(&id)
    }

    pub(crate) fn close(&mut self, id: PushId) {
        self.open.remove(&id);
    }

    /// What is sent now. A connection that is not open is broken off.
    pub(crate) fn take(&mut self, id: PushId, now: UnixMicros) -> PushReply {
        let reply = self.open.get_mut(&id).map(|open| open.take(now));
        let reply = reply.unwrap_or(PushReply {
            frames: Vec::new(),
            end: Some(PushEnd::BrokenOff),
        });
        if reply.end.is_some() {
            self.open.remove(&id);
        }
        reply
    }

    pub(crate) fn next(&self, id: PushId) -> Option<UnixMicros> {
        self.open.get(&id).map(Connection::next)
    }

    /// The connections over which a user is told of messages.
    pub(crate) fn subscribed(&self, uid: Uid) -> impl Iterator<Item = PushId> {
        let of_user = self.of(uid);
        of_user.filter_map(|(id, open)| (open.stage == Stage::Subscribed).then_some(*id))
    }

    pub(crate) fn count_notification(&mut self, uid: Uid) {
        *self.notified.entry(uid).or_default() += 1;
    }

    /// How many connections a user has, and how many notifications were sent over all of them.
    pub(crate) fn counts(&self, uid: Uid) -> (usize, u64) {
        let notified = self.notified.get(&uid).copied().unwrap_or_default();
        (self.of(uid).count(), notified)
    }

    fn of(&self, uid: Uid) -> impl Iterator<Item = (&PushId, &Connection)> {
        let number = |number| PushId { uid, number };
        self.open.range(number(0)..=number(u64::MAX))
    }
}
