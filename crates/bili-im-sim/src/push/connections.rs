//! The open push connections, and the frames that wait in them.

use std::collections::BTreeMap;

use super::frames::{AUTH, HEARTBEAT, Heard, MESSAGE_ACK, SUBSCRIBE};
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

// Status codes of WebSocket.
const NORMAL: u16 = 1000;
const TRY_AGAIN_LATER: u16 = 1013;

/// What the service sends over a push connection now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushReply {
    /// Frames to send, in order.
    pub frames: Vec<Vec<u8>>,
    /// How the connection ends after these frames; `None` while it goes on.
    pub end: Option<PushEnd>,
}

/// How the service ends a push connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushEnd {
    /// With a close frame, which has this status code of WebSocket.
    Closed(u16),
    /// Without a close frame.
    BrokenOff,
    /// Within a frame.
    CutShort {
        /// The whole frame.
        frame: Vec<u8>,
        /// How many bytes of it are sent, always fewer than it has.
        sent: usize,
    },
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    #[default]
    Connected,
    Authenticated,
    Subscribed,
    /// It gets no more notifications.
    KickedOut,
}

/// The state of one connection. Its times are those of the callers' clock.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) stage: Stage,
    /// The `sequence` of the client's last frame.
    sequence: u64,
    heard_at: UnixMicros,
    /// What is sent at which time, the earliest first.
    waiting: Vec<(UnixMicros, Result<Vec<u8>, PushEnd>)>,
}

impl Connection {
    /// Sends a frame at a time.
    pub(crate) fn send(&mut self, frame: Vec<u8>, due: UnixMicros) {
        let waiting = self.waiting.iter().flat_map(|(_, what)| what);
        let bytes = waiting.map(Vec::len).sum::<usize>() + frame.len();
        if self.waiting.len() >= MOST_FRAMES || bytes > MOST_BYTES {
            self.waiting.clear();
            self.end(PushEnd::Closed(TRY_AGAIN_LATER), due);
        } else {
            self.insert(Ok(frame), due);
        }
    }

    /// Ends the connection after the frames that are due by then.
    pub(crate) fn end(&mut self, end: PushEnd, due: UnixMicros) {
        self.insert(Err(end), due);
    }

    fn insert(&mut self, what: Result<Vec<u8>, PushEnd>, due: UnixMicros) {
        let at = self.waiting.partition_point(|(other, _)| *other <= due);
        self.waiting.insert(at, (due, what));
    }

    /// Takes a step that the client asks for. A refusal has a code and its reason.
    pub(crate) fn take_step(
        &mut self,
        heard: &Heard<'_>,
        is_strict: bool,
        now: UnixMicros,
    ) -> Result<(), (i32, &'static str)> {
        let expected = self.sequence.wrapping_add(1);
        self.sequence = heard.sequence;
        if is_strict && heard.sequence != expected {
            return Err((BAD_FRAME, "sequence does not count the frames from 1"));
        }
        match (heard.path, self.stage) {
            (AUTH, Stage::Connected) if !heard.has_guid() => {
                return Err((BAD_FRAME, "the body is not an AuthReq with a guid"));
            }
            (AUTH, Stage::Connected) => self.stage = Stage::Authenticated,
            (AUTH, _) => return Err((BAD_FRAME, "Auth comes once")),
            (SUBSCRIBE | HEARTBEAT | MESSAGE_ACK, Stage::Connected) => {
                return Err((NOT_LOGGED_IN, "Auth comes first"));
            }
            (SUBSCRIBE, _) if !heard.wants_notifications() => {
                return Err((BAD_FRAME, "the body is not a TargetPath with WatchNotify"));
            }
            (SUBSCRIBE, Stage::Authenticated) => self.stage = Stage::Subscribed,
            (SUBSCRIBE | HEARTBEAT, _) => {}
            // An acknowledgement does not show that the client is alive.
            (MESSAGE_ACK, _) => return Ok(()),
            _ => return Err((UNKNOWN_PATH, "the target path is not known")),
        }
        self.heard_at = now;
        Ok(())
    }

    fn silent_at(&self) -> UnixMicros {
        self.heard_at.plus_secs(LONGEST_SILENCE)
    }

    /// When it sends something next.
    pub(crate) fn next(&self) -> UnixMicros {
        let first = self.waiting.first().map(|(due, _)| *due);
        first.map_or(self.silent_at(), |due| due.min(self.silent_at()))
    }

    fn take(&mut self, now: UnixMicros) -> PushReply {
        if self.silent_at() <= now {
            self.end(PushEnd::Closed(NORMAL), now);
        }
        let due = self.waiting.partition_point(|(due, _)| *due <= now);
        let mut reply = PushReply::default();
        for (_, what) in self.waiting.drain(..due) {
            match what {
                Ok(frame) => reply.frames.push(frame),
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
    pub(crate) open: BTreeMap<PushId, Connection>,
    /// How many notifications were sent to each user.
    pub(crate) notified: BTreeMap<Uid, u64>,
    made: u64,
}

impl Connections {
    /// Opens a connection; `None` when there are too many.
    pub(crate) fn open(&mut self, uid: Uid, now: UnixMicros) -> Option<PushId> {
        if self.open.len() >= MOST_CONNECTIONS {
            return None;
        }
        self.made += 1;
        let number = self.made;
        let id = PushId { uid, number };
        self.open.entry(id).or_default().heard_at = now;
        Some(id)
    }

    /// What is sent now. A connection that is not open is broken off.
    pub(crate) fn take(&mut self, id: PushId, now: UnixMicros) -> PushReply {
        let Some(open) = self.open.get_mut(&id) else {
            let (frames, end) = (Vec::new(), Some(PushEnd::BrokenOff));
            return PushReply { frames, end };
        };
        let reply = open.take(now);
        if reply.end.is_some() {
            self.open.remove(&id);
        }
        reply
    }

    /// The connections over which a user is told of messages.
    pub(crate) fn subscribed(&self, uid: Uid) -> impl Iterator<Item = PushId> {
        let of_user = self.of(uid);
        of_user.filter_map(|(id, open)| (open.stage == Stage::Subscribed).then_some(*id))
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
