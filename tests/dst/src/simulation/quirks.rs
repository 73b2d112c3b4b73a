//! Quirks of the service: answers that are changed on their way.

use std::collections::BTreeMap;

use bili_im_proto::Talker;
use fastrand::Rng;
use serde_json::{Value, json};

use super::{SECOND, network::AskedFor};

/// Something odd that the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// For less than a minute a session shows nothing.
    EmptyPage,
    /// A page shows the message again before which it ends.
    InclusiveEnd,
    /// Some messages lack their time, in sessions where their place tells that they are news.
    NoTimestamp,
    /// Sessions are listed without their newest message's place.
    NoMaxSeqno,
    /// There is more, it says, and is not.
    MoreThanThereIs,
    /// There is no more, says a full page, and is.
    LessThanThereIs,
    /// A page shows a message twice.
    MessageTwice,
    /// Sessions are listed that do not say whose they are, for less than a minute.
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

    /// The quirk of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, known)| *known == name)
            .map(|(quirk, _)| quirk)
    }
}

/// How long a session that shows nothing does so at most, and how long not again: so long that a watcher who
/// asks seldom has seen it meanwhile.
const HICCUP: u64 = 48 * SECOND;
const RELIEF: u64 = 15 * 60 * SECOND;

/// The quirks of one run.
#[derive(Debug)]
pub(super) struct Quirks {
    shown: Vec<Quirk>,
    rng: Rng,
    /// Of how many messages one lacks its time.
    timeless: u64,
    /// Until when sessions show nothing.
    hiccups: BTreeMap<Talker, u64>,
    /// Messages that were shown.
    seen: BTreeMap<(Talker, u64), Value>,
}

impl Quirks {
    /// Draws some; one that is wanted shows in any case.
    pub(super) fn draw(seed: u64, wanted: Option<Quirk>) -> Self {
        // Not from the plan's chance, so that a quirk more changes no plan.
        let mut rng = Rng::with_seed(!seed);
        let mut shown = Vec::new();
        let is_odd = rng.bool();
        for (quirk, _) in Quirk::ALL {
            if rng.bool() && is_odd || wanted == Some(quirk) {
                shown.push(quirk);
            }
        }
        Self {
            shown,
            timeless: *rng.choice(&[1, 2, 8]).unwrap_or(&2),
            rng,
            hiccups: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Whether any is to be seen.
    pub(super) fn are_none(&self) -> bool {
        self.shown.is_empty()
    }

    fn strikes(&mut self, quirk: Quirk, chance: f64) -> bool {
        self.shown.contains(&quirk) && self.rng.f64() < chance
    }

    /// Changes a page of messages. Whoever sends takes an empty one for the truth.
    pub(super) fn change_page(
        &mut self,
        asked: &AskedFor,
        page: &mut Value,
        is_watch: bool,
        is_known: impl Fn(Talker) -> bool,
        now: u64,
    ) {
        let (Some(talker), Some(data)) = (asked.talker, page.get_mut("data")) else {
            return;
        };
        if is_watch && self.has_hiccup(talker, now) {
            let has_more = self.rng.u8(0..2);
            *data =
                json!({ "messages": null, "has_more": has_more, "min_seqno": 0, "max_seqno": 0 });
            return;
        }
        let mut has_more = data.get("has_more") == Some(&json!(1));
        if let Some(messages) = data.get_mut("messages").and_then(Value::as_array_mut) {
            has_more |= self.show_end_again(asked, talker, messages);
            if messages.len() as u64 >= asked.size && self.strikes(Quirk::LessThanThereIs, 0.5) {
                has_more = false;
            }
            if self.strikes(Quirk::MessageTwice, 0.3)
                && let Some(message) = self.rng.choice(messages.iter()).cloned()
            {
                messages.insert(self.rng.usize(0..=messages.len()), message);
            }
            if is_known(talker) {
                self.take_times(messages);
            }
        }
        has_more |= self.strikes(Quirk::MoreThanThereIs, 0.3);
        data["has_more"] = json!(u8::from(has_more));
    }

    fn has_hiccup(&mut self, talker: Talker, now: u64) -> bool {
        let until = self.hiccups.get(&talker).copied();
        let is_over = until.is_none_or(|until| now >= until + RELIEF);
        if is_over && self.strikes(Quirk::EmptyPage, 0.1) {
            let until = now + self.rng.u64(0..HICCUP);
            self.hiccups.insert(talker, until);
            return true;
        }
        until.is_some_and(|until| now <= until)
    }

    /// Puts the message in front before which a page ends. Whether the oldest makes room for it.
    fn show_end_again(
        &mut self,
        asked: &AskedFor,
        talker: Talker,
        messages: &mut Vec<Value>,
    ) -> bool {
        if !self.shown.contains(&Quirk::InclusiveEnd) {
            return false;
        }
        for message in messages.iter() {
            if let Some(seqno) = message.get("msg_seqno").and_then(Value::as_u64) {
                self.seen.insert((talker, seqno), message.clone());
            }
        }
        let end = asked
            .end_seqno
            .and_then(|end| self.seen.get(&(talker, end)));
        let Some(end) = end.cloned().filter(|_| self.rng.bool()) else {
            return false;
        };
        messages.insert(0, end);
        let is_too_long = messages.len() as u64 > asked.size;
        if is_too_long {
            messages.pop();
        }
        is_too_long
    }

    /// Takes from the same messages their time, again and again.
    fn take_times(&mut self, messages: &mut [Value]) {
        if !self.shown.contains(&Quirk::NoTimestamp) {
            return;
        }
        for message in messages {
            let seqno = message.get("msg_seqno").and_then(Value::as_u64);
            if seqno.is_none_or(|seqno| !(seqno / 3).is_multiple_of(self.timeless)) {
                continue;
            }
            if self.rng.bool() {
                message["timestamp"] = json!(0);
            } else if let Some(message) = message.as_object_mut() {
                message.remove("timestamp");
            }
        }
    }

    /// Changes a list of sessions. `is_fresh` says of a message whether it came within a minute.
    pub(super) fn change_list(&mut self, list: &mut Value, is_fresh: impl Fn(u64) -> bool) {
        let Some(data) = list.get_mut("data") else {
            return;
        };
        if let Some(sessions) = data.get_mut("session_list").and_then(Value::as_array_mut) {
            for session in sessions.iter_mut().filter_map(Value::as_object_mut) {
                let newest = session.get("max_seqno").and_then(Value::as_u64);
                if newest.is_some_and(&is_fresh) && self.strikes(Quirk::NoTalker, 0.3) {
                    session.remove("talker_id");
                }
                if self.strikes(Quirk::NoMaxSeqno, 0.4) {
                    if self.rng.bool() {
                        session.insert("max_seqno".to_owned(), json!(0));
                    } else {
                        session.remove("max_seqno");
                    }
                }
            }
            if self.strikes(Quirk::NoTalker, 0.1) {
                sessions.push(json!({ "session_type": 1, "max_seqno": 1 }));
            }
        }
        if self.strikes(Quirk::MoreThanThereIs, 0.1) {
            data["has_more"] = json!(1);
        }
    }
}
