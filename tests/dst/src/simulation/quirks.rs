//! Quirks of the service, made by changing its answers.

use std::collections::BTreeMap;

use bili_im_proto::Talker;
use fastrand::Rng;
use serde_json::{Value, json};

use super::network::RequestTarget;
use crate::time::SECOND;

/// Something odd that the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// The messages of a session are missing for less than a minute.
    EmptyPage,
    /// A page includes the message of `end_seqno`, before which it should end.
    InclusiveEnd,
    /// Some messages have no time, in sessions whose sequence numbers tell which are new.
    NoTimestamp,
    /// List entries have no `max_seqno`.
    NoMaxSeqno,
    /// `has_more` is set although there is no more.
    MoreThanThereIs,
    /// `has_more` is not set on a full page although there is more.
    LessThanThereIs,
    /// A page has a message twice.
    MessageTwice,
    /// List entries have no `talker_id`, for less than a minute.
    NoTalker,
}

impl Quirk {
    /// Every quirk, and its name.
    pub const ALL: [(Self, &str); 8] = [
        (Self::EmptyPage, "empty-page"),
        (Self::InclusiveEnd, "inclusive-end"),
        (Self::NoTimestamp, "no-timestamp"),
        (Self::NoMaxSeqno, "no-max-seqno"),
        (Self::MoreThanThereIs, "more-than-there-is"),
        (Self::LessThanThereIs, "less-than-there-is"),
        (Self::MessageTwice, "message-twice"),
        (Self::NoTalker, "no-talker"),
    ];

    /// Finds a quirk by its name.
    pub fn by_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, known)| *known == name)
            .map(|(quirk, _)| quirk)
    }
}

/// How long a session stays empty at most.
const LONGEST_EMPTY: u64 = 48 * SECOND;
/// The shortest time between two such times. A watcher that polls seldom sees the session between.
const EMPTY_GAP: u64 = 15 * 60 * SECOND;

/// The quirks of one run.
#[derive(Debug)]
pub(super) struct Quirks {
    active: Vec<Quirk>,
    rng: Rng,
    /// One in this many groups of messages has no time.
    untimed_share: u64,
    /// Until when each session stays empty.
    empty_until: BTreeMap<Talker, u64>,
    /// Messages that earlier pages had.
    seen: BTreeMap<(Talker, u64), Value>,
}

impl Quirks {
    /// Draws the quirks of a run, which include the wanted one.
    pub(super) fn draw(seed: u64, wanted: Option<Quirk>) -> Self {
        // A generator of its own, so that a new quirk does not change the plans.
        let mut rng = Rng::with_seed(!seed);
        let mut active = Vec::new();
        let is_odd = rng.bool();
        for (quirk, _) in Quirk::ALL {
            if rng.bool() && is_odd || wanted == Some(quirk) {
                active.push(quirk);
            }
        }
        Self {
            active,
            untimed_share: *rng.choice(&[1, 2, 8]).unwrap_or(&2),
            rng,
            empty_until: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// No quirks.
    pub(super) fn none(seed: u64) -> Self {
        Self {
            active: Vec::new(),
            ..Self::draw(seed, None)
        }
    }

    /// Whether this run has no quirks.
    pub(super) fn are_none(&self) -> bool {
        self.active.is_empty()
    }

    fn occurs(&mut self, quirk: Quirk, chance: f64) -> bool {
        self.active.contains(&quirk) && self.rng.f64() < chance
    }

    /// Changes a page of messages. Only the watch gets wrongly empty ones: a send would believe
    /// them.
    pub(super) fn change_page(
        &mut self,
        target: &RequestTarget,
        page: &mut Value,
        is_watch: bool,
        is_known: impl Fn(Talker) -> bool,
        now: u64,
    ) {
        let (Some(talker), Some(data)) = (target.talker, page.get_mut("data")) else {
            return;
        };
        if is_watch && self.is_empty_now(talker, now) {
            let has_more = self.rng.u8(0..2);
            *data =
                json!({ "messages": null, "has_more": has_more, "min_seqno": 0, "max_seqno": 0 });
            return;
        }
        let mut has_more = data.get("has_more") == Some(&json!(1));
        if let Some(messages) = data.get_mut("messages").and_then(Value::as_array_mut) {
            has_more |= self.show_end_again(target, talker, messages);
            if messages.len() as u64 >= target.size && self.occurs(Quirk::LessThanThereIs, 0.5) {
                has_more = false;
            }
            if self.occurs(Quirk::MessageTwice, 0.3)
                && let Some(message) = self.rng.choice(messages.iter()).cloned()
            {
                messages.insert(self.rng.usize(0..=messages.len()), message);
            }
            if is_known(talker) {
                self.remove_times(messages);
            }
        }
        has_more |= self.occurs(Quirk::MoreThanThereIs, 0.3);
        data["has_more"] = json!(u8::from(has_more));
    }

    fn is_empty_now(&mut self, talker: Talker, now: u64) -> bool {
        let until = self.empty_until.get(&talker).copied();
        let is_over = until.is_none_or(|until| now >= until + EMPTY_GAP);
        if is_over && self.occurs(Quirk::EmptyPage, 0.1) {
            let until = now + self.rng.u64(0..LONGEST_EMPTY);
            self.empty_until.insert(talker, until);
            return true;
        }
        until.is_some_and(|until| now <= until)
    }

    /// Adds the message of `end_seqno` in front. Returns whether the oldest was dropped for it.
    fn show_end_again(
        &mut self,
        target: &RequestTarget,
        talker: Talker,
        messages: &mut Vec<Value>,
    ) -> bool {
        if !self.active.contains(&Quirk::InclusiveEnd) {
            return false;
        }
        for message in messages.iter() {
            if let Some(seqno) = message.get("msg_seqno").and_then(Value::as_u64) {
                self.seen.insert((talker, seqno), message.clone());
            }
        }
        let end = target
            .end_seqno
            .and_then(|end| self.seen.get(&(talker, end)));
        let Some(end) = end.cloned().filter(|_| self.rng.bool()) else {
            return false;
        };
        messages.insert(0, end);
        let is_too_long = messages.len() as u64 > target.size;
        if is_too_long {
            messages.pop();
        }
        is_too_long
    }

    /// Removes the time of some messages, the same ones on every page.
    fn remove_times(&mut self, messages: &mut [Value]) {
        if !self.active.contains(&Quirk::NoTimestamp) {
            return;
        }
        for message in messages {
            let seqno = message.get("msg_seqno").and_then(Value::as_u64);
            if seqno.is_none_or(|seqno| !(seqno / 3).is_multiple_of(self.untimed_share)) {
                continue;
            }
            if self.rng.bool() {
                message["timestamp"] = json!(0);
            } else if let Some(message) = message.as_object_mut() {
                message.remove("timestamp");
            }
        }
    }

    /// Changes a list of sessions. `is_fresh` tells whether a message arrived within a minute.
    pub(super) fn change_list(&mut self, list: &mut Value, is_fresh: impl Fn(u64) -> bool) {
        let Some(data) = list.get_mut("data") else {
            return;
        };
        if let Some(sessions) = data.get_mut("session_list").and_then(Value::as_array_mut) {
            for session in sessions.iter_mut().filter_map(Value::as_object_mut) {
                let newest = session.get("max_seqno").and_then(Value::as_u64);
                if newest.is_some_and(&is_fresh) && self.occurs(Quirk::NoTalker, 0.3) {
                    session.remove("talker_id");
                }
                if self.occurs(Quirk::NoMaxSeqno, 0.4) {
                    if self.rng.bool() {
                        session.insert("max_seqno".to_owned(), json!(0));
                    } else {
                        session.remove("max_seqno");
                    }
                }
            }
            if self.occurs(Quirk::NoTalker, 0.1) {
                sessions.push(json!({ "session_type": 1, "max_seqno": 1 }));
            }
        }
        if self.occurs(Quirk::MoreThanThereIs, 0.1) {
            data["has_more"] = json!(1);
        }
    }
}
