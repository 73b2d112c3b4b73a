//! What must hold, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use bili_im_proto::{
    Cursor, Direction, Event, EventKind, MsgKey, Position, Seqno, Talker, WatchOptions,
};
use bili_im_sim::{AccountState, MessageState, Snapshot};

use crate::{
    begun::{Begun, News},
    plan::{OWN, SYSTEM},
    sends::{End, OneSend, check_laws},
    sight::Sight,
};

const RECALL: u32 = 5;

/// What was seen of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// What was asked for, from when on.
    pub(super) options: Vec<(u64, WatchOptions)>,
    /// What the list said from which a cursor was made last.
    pub(super) first_list: Begun,
    /// The same, once the watch began.
    pub(super) begun: Option<Begun>,
    /// When each message came.
    pub(super) came: BTreeMap<Seqno, u64>,
    /// Which own messages were written on the phone.
    pub(super) on_phone: BTreeSet<MsgKey>,
    pub(super) told: Vec<Told>,
    pub(super) sends: Vec<OneSend>,
    /// The sends whose answer came through, and said that they were accepted.
    pub(super) accepted: BTreeSet<usize>,
    pub(super) requests: Vec<Asked>,
    /// Which sessions the lists could show.
    pub(super) sight: Sight,
    /// Whether the service's clock was set, so that waits for a late request seem over too early.
    pub(super) clock_was_set: bool,
    /// The most that the service's clock was ahead, in microseconds.
    pub(super) ahead: u64,
}

/// Something that was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) event: Event,
    pub(super) at: u64,
    /// Which start of the program it was told to.
    pub(super) start: u32,
    pub(super) stored: bool,
    /// Whether the program had been told that this message was sent, or was sending it.
    pub(super) known_sent: bool,
}

/// A request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) at: u64,
    pub(super) name: String,
    /// How often what was stored about the pace had lost its meaning.
    pub(super) clock_jumps: u32,
    pub(super) is_read: bool,
    /// Whether it was answered so.
    pub(super) too_fast: Option<TooFast>,
}

/// The service said "too fast".
#[derive(Debug, Clone, Copy)]
pub(super) struct TooFast {
    pub(super) heard_at: u64,
    /// How long it asked to wait.
    pub(super) asked: u64,
}

impl Ledger {
    /// The law that is broken, if one is.
    pub(super) fn check(&self, there: &Snapshot) -> Result<(), String> {
        self.check_told(there)?;
        self.check_order()?;
        self.check_sends(there)?;
        self.check_pace()
    }

    /// Everything that the service holds since the watch began is told, and nothing else.
    fn check_told(&self, there: &Snapshot) -> Result<(), String> {
        let Some(begun) = &self.begun else {
            return Ok(());
        };
        let own = (there.accounts.iter()).find(|account| account.uid.0 == OWN);
        let told: BTreeMap<(Talker, Seqno), &Event> = (self.told.iter())
            .filter_map(|told| {
                let id = told.event.id()?;
                Some(((id.talker(), id.seqno()), &told.event))
            })
            .collect();
        let mut right = BTreeSet::new();
        // Of each session, among the messages that were gone through.
        let mut earliest = BTreeMap::<Talker, u64>::new();
        for message in there.messages.iter().rev() {
            let Some(talker) = self.seen_in(message, own, there) else {
                continue;
            };
            let seqno = Seqno(message.msg_seqno.0);
            let time = message.timestamp;
            let earliest = earliest.entry(talker).or_insert(u64::MAX);
            *earliest = time.min(*earliest);
            let came = self.came.get(&seqno).copied().unwrap_or_default();
            let (always, ever) = self.is_wanted_since(came, message, talker);
            let news = begun.is_news(talker, seqno, time, *earliest);
            let is_due = news == News::Surely && self.sight.shows(talker, came);
            if always && is_due && !told.contains_key(&(talker, seqno)) {
                return Err(format!("message {seqno} with {talker} was not told"));
            }
            if ever && news != News::No {
                right.insert((talker, seqno));
            }
            if let Some(event) = told.get(&(talker, seqno)) {
                self.check_event(event, message)?;
            }
        }
        match told.keys().find(|id| !right.contains(id)) {
            Some((talker, seqno)) => Err(format!(
                "message {seqno} with {talker} was told, and is no news"
            )),
            None => Ok(()),
        }
    }

    /// The account's session that shows a message.
    fn seen_in(
        &self,
        message: &MessageState,
        own: Option<&AccountState>,
        there: &Snapshot,
    ) -> Option<Talker> {
        let is_shown =
            message.msg_status != 2 && (message.only_for).is_none_or(|only| only.0 == OWN);
        let talker = match message.talker {
            bili_im_sim::Talker::Group(id) => {
                let group = there.groups.iter().find(|group| group.id == id)?;
                let talker = Talker::group(id.0);
                let is_member = group.members.contains(&own?.uid);
                (is_member || self.sight.was_lost(talker)).then_some(talker)?
            }
            bili_im_sim::Talker::User(uid) if message.from.0 == OWN => Talker::user(uid.0),
            bili_im_sim::Talker::User(uid) if uid.0 == OWN => Talker::user(message.from.0),
            bili_im_sim::Talker::User(_) => return None,
        };
        is_shown.then_some(talker)
    }

    /// Whether a message was always one of those asked for since it came, and whether it ever was.
    fn is_wanted_since(&self, came: u64, message: &MessageState, talker: Talker) -> (bool, bool) {
        let over = self.options.partition_point(|(since, _)| *since <= came);
        let since = (self.options.get(over.saturating_sub(1)..)).unwrap_or_default();
        let is_wanted = |(_, options): &(u64, WatchOptions)| is_wanted(*options, message, talker);
        (since.iter().all(is_wanted), since.iter().any(is_wanted))
    }

    /// What is told of a message is true.
    fn check_event(&self, event: &Event, there: &MessageState) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{what}: {event:?} of {there:?}"));
        match &event.kind {
            EventKind::Message {
                message, direction, ..
            } => {
                if message.key.0 != there.msg_key.0 || message.sender.0 != there.from.0 {
                    return wrong("another message was told");
                }
                if (*direction == Direction::Incoming) != (there.from.0 != OWN) {
                    return wrong("told as somebody else's");
                }
                let is_twin = (self.sends.iter()).any(|send| send.made.contains(&message.key));
                if self.on_phone.contains(&message.key) && *direction == Direction::Sent && !is_twin
                {
                    return wrong("written on the phone and told as sent");
                }
                if there.msg_status == 0 && message.is_recalled() {
                    return wrong("told as recalled");
                }
                Ok(())
            }
            EventKind::Recalled { msg_key, .. } => {
                let target = msg_key.map(|key| key.to_string());
                if there.msg_type != RECALL || target.as_deref() != Some(&*there.content) {
                    return wrong("another recall was told");
                }
                Ok(())
            }
            EventKind::Unreadable { .. } => wrong("told as unreadable"),
            _ => Ok(()),
        }
    }

    /// A cursor that moves on now remembers no more sessions than it may, but for those that were not quiet
    /// for an hour.
    pub(super) fn check_cursor(
        &self,
        mut cursor: Cursor,
        capacity: usize,
        now: u64,
        position: &Position,
    ) -> Result<(), String> {
        const LONGER_THAN_AN_HOUR: u64 = 3700 * 1_000_000;
        cursor.advance(position);
        let lately: BTreeSet<Talker> = (self.told.iter())
            .filter(|told| told.at + LONGER_THAN_AN_HOUR + self.ahead >= now)
            .filter_map(|told| Some(told.event.id()?.talker()))
            .collect();
        // The position that moves it on may be of a session more.
        let most = capacity.max(lately.len()) + 1;
        if cursor.sessions() > most {
            let sessions = cursor.sessions();
            return Err(format!("{sessions} sessions are remembered, not {most}"));
        }
        Ok(())
    }

    /// Within a session everything is told once and in order, relative to what was stored.
    fn check_order(&self) -> Result<(), String> {
        let mut stored = BTreeMap::<Talker, Seqno>::new();
        let mut last = BTreeMap::<(Talker, u32), Seqno>::new();
        for told in &self.told {
            let Some(id) = told.event.id() else {
                continue;
            };
            let before = last.insert((id.talker(), told.start), id.seqno());
            if before.is_some_and(|before| before >= id.seqno()) {
                return Err(format!("{id} was told after {before:?}"));
            }
            if (stored.get(&id.talker())).is_some_and(|stored| *stored >= id.seqno()) {
                return Err(format!("{id} was told although it was stored"));
            }
            if told.known_sent
                && !matches!(
                    told.event.kind,
                    EventKind::Message {
                        direction: Direction::Sent,
                        ..
                    }
                )
            {
                return Err(format!("{id} was sent here and is not told so"));
            }
            if told.stored {
                stored.insert(id.talker(), id.seqno());
            }
        }
        Ok(())
    }

    /// Nothing is sent twice, and what is reported is true.
    fn check_sends(&self, there: &Snapshot) -> Result<(), String> {
        let is_twin = |key: &MsgKey| {
            let mut twins = (self.sends.iter()).filter(|send| send.end == End::Elsewhere);
            twins.any(|twin| twin.made.contains(key))
        };
        let existing: Vec<MsgKey> = own_messages(there)
            .filter(|key| !self.on_phone.contains(key) || is_twin(key))
            .collect();
        check_laws(&self.sends, &existing)?;
        for id in &self.accepted {
            let send = self.sends.get(*id);
            if send.is_some_and(|send| send.end == End::Unconfirmed) {
                return Err(format!(
                    "send {id} was accepted and is called unconfirmed: {send:?}"
                ));
            }
        }
        Ok(())
    }

    /// Requests keep the pace of docs/protocol.md §14.
    fn check_pace(&self) -> Result<(), String> {
        const SECOND: u64 = 1_000_000;
        let mut heard: Vec<(u32, TooFast)> = (self.requests.iter())
            .filter_map(|asked| Some((asked.clock_jumps, asked.too_fast?)))
            .collect();
        heard.sort_by_key(|(_, heard)| std::cmp::Reverse(heard.heard_at));
        let mut pace = Pace::default();
        for asked in &self.requests {
            if asked.clock_jumps != pace.clock_jumps {
                pace = Pace {
                    clock_jumps: asked.clock_jumps,
                    ..Pace::default()
                };
            }
            let wrong = |what: &str| Err(format!("{} at {} µs {what}", asked.name, asked.at));
            // Five reads at once, else a second apart.
            let (burst, full_at) = if asked.is_read {
                (4 * SECOND, &mut pace.reads)
            } else {
                (0, &mut pace.writes)
            };
            if asked.at + burst < *full_at {
                return wrong("came too fast");
            }
            *full_at = (*full_at).max(asked.at) + SECOND;
            while let Some((jumps, next)) = heard.pop_if(|(_, heard)| heard.heard_at <= asked.at) {
                if jumps != pace.clock_jumps {
                    continue;
                }
                // What was on its way when the first was heard counts no more.
                let least = if next.heard_at < pace.quiet_until {
                    0
                } else {
                    30 * SECOND
                };
                let until = next.heard_at + next.asked.max(least);
                pace.quiet_until = pace.quiet_until.max(until);
            }
            if asked.at < pace.quiet_until {
                return wrong("came although the service had said \"too fast\"");
            }
            if asked.name == "new_sessions" {
                let before = pace.last_poll.replace(asked.at);
                if before.is_some_and(|at| asked.at < at + 6 * SECOND) {
                    return wrong("polled too often");
                }
            }
        }
        Ok(())
    }
}

/// How the pace stands while requests are gone through, in microseconds.
#[derive(Debug, Default)]
struct Pace {
    clock_jumps: u32,
    /// When a further read would come without any of the burst.
    reads: u64,
    /// When a further change may come.
    writes: u64,
    quiet_until: u64,
    last_poll: Option<u64>,
}

/// The texts and images that the account wrote, on whatever device, since the run began.
pub(super) fn own_messages(there: &Snapshot) -> impl Iterator<Item = MsgKey> {
    (there.messages.iter())
        .filter(|message| message.from.0 == OWN && message.msg_type != RECALL)
        .map(|message| MsgKey(message.msg_key.0))
}

/// Whether a message is one of those asked for (docs/protocol.md §8).
fn is_wanted(options: WatchOptions, message: &MessageState, talker: Talker) -> bool {
    if matches!(talker, Talker::Group(_)) && !options.groups
        || message.from.0 == OWN && !options.own
        || talker == Talker::user(SYSTEM) && !options.system
    {
        return false;
    }
    let is_automatic = matches!(message.msg_source, 8..=11);
    let is_by_the_service = message.from.0 == 0
        || matches!(message.msg_source, 5 | 6 | 12 | 13 | 16 | 17 | 18 | 19)
        || matches!(message.msg_type, 10..=13 | 16 | 18 | 19 | 301..=306);
    message.msg_type == RECALL
        || (options.automatic || !is_automatic) && (options.system || !is_by_the_service)
}
