//! The laws that every run must keep.

mod pace;
mod push;

use std::collections::{BTreeMap, BTreeSet};

use bili_im_proto::{
    Cursor, Direction, Event, EventKind, MsgKey, Position, Seqno, Talker, WatchOptions,
};
use bili_im_sim::{AccountState, MessageState, Snapshot};

use crate::{
    baseline::{Baseline, News},
    plan::{OWN, SYSTEM},
    sends::{SendRecord, SendState, check_laws},
    visibility::Visibility,
};

/// The `msg_type` of a change of an earlier message, which is never told.
const MODIFICATION: u32 = 51;

/// The `msg_type` of a recall.
const RECALL: u32 = 5;

/// The record of a run that the laws are checked against.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The options of the watch, each with the time from which it applied.
    pub(super) options: Vec<(u64, WatchOptions)>,
    /// The baseline of the cursor that was made last.
    pub(super) pending_baseline: Baseline,
    /// The baseline of the watch, once it began.
    pub(super) baseline: Option<Baseline>,
    /// When each message reached the service.
    pub(super) arrived: BTreeMap<Seqno, u64>,
    /// The account's messages that were written on its phone.
    pub(super) on_phone: BTreeSet<MsgKey>,
    pub(super) told: Vec<Told>,
    pub(super) sends: Vec<SendRecord>,
    /// The sends whose accepting answer reached the program.
    pub(super) accepted: BTreeSet<usize>,
    pub(super) requests: Vec<SentRequest>,
    /// When a push connection gave a reason to poll.
    pub(super) hints: Vec<u64>,
    /// When a push connection was lost first.
    pub(super) push_lost: Option<u64>,
    /// Whether nothing goes wrong in the run.
    pub(super) is_calm: bool,
    /// Which sessions the service's lists could show.
    pub(super) visibility: Visibility,
    /// Whether the service's clock was changed: waits for a late request may then end too early.
    pub(super) clock_was_set: bool,
    /// The most that the service's clock was ever ahead, in microseconds.
    pub(super) ahead: u64,
}

/// An event that the watch delivered.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) event: Event,
    pub(super) at: u64,
    /// Which start of the program received it.
    pub(super) start: u32,
    /// Whether the program stored that it handled the event.
    pub(super) stored: bool,
    /// Whether the program had sent this message, or was sending it.
    pub(super) known_sent: bool,
}

/// A request that the program made.
#[derive(Debug)]
pub(super) struct SentRequest {
    pub(super) at: u64,
    pub(super) endpoint: String,
    /// How often the machine's clock had jumped between starts. The stored pace is void then.
    pub(super) clock_jumps: u32,
    pub(super) is_read: bool,
    /// The answer, if it was "too fast".
    pub(super) too_fast: Option<TooFast>,
}

/// An answer that says "too fast".
#[derive(Debug, Clone, Copy)]
pub(super) struct TooFast {
    pub(super) received_at: u64,
    /// The wait of `Retry-After`, in microseconds.
    pub(super) retry_after: u64,
}

impl Ledger {
    /// Fails with the first broken law.
    pub(super) fn check(&self, service: &Snapshot, now: u64) -> Result<(), String> {
        self.check_told(service)?;
        self.check_order()?;
        self.check_sends(service)?;
        self.check_pace()?;
        self.check_push(now)
    }

    /// The watch delivers every message since it began, and no other.
    fn check_told(&self, service: &Snapshot) -> Result<(), String> {
        let Some(baseline) = &self.baseline else {
            return Ok(());
        };
        let own = (service.accounts.iter()).find(|account| account.uid.0 == OWN);
        let told: BTreeMap<(Talker, Seqno), &Event> = (self.told.iter())
            .filter_map(|told| {
                let id = told.event.id()?;
                Some(((id.talker(), id.seqno()), &told.event))
            })
            .collect();
        let mut allowed = BTreeSet::new();
        // The earliest time in each session among the messages visited so far.
        let mut earliest = BTreeMap::<Talker, u64>::new();
        for message in service.messages.iter().rev() {
            let Some(talker) = self.session_showing(message, own, service) else {
                continue;
            };
            let seqno = Seqno(message.msg_seqno.0);
            let time = message.timestamp;
            let earliest = earliest.entry(talker).or_insert(u64::MAX);
            *earliest = time.min(*earliest);
            let arrived = self.arrived.get(&seqno).copied().unwrap_or_default();
            let (always, ever) = self.is_wanted_since(arrived, message, talker);
            let news = baseline.is_news(talker, seqno, time, *earliest);
            let is_due = news == News::Surely && self.visibility.shows(talker, arrived);
            if always && is_due && !told.contains_key(&(talker, seqno)) {
                return Err(format!("message {seqno} with {talker} was not told"));
            }
            if ever && news != News::No {
                allowed.insert((talker, seqno));
            }
            if let Some(event) = told.get(&(talker, seqno)) {
                self.check_event(event, message)?;
            }
        }
        match told.keys().find(|id| !allowed.contains(id)) {
            Some((talker, seqno)) => Err(format!(
                "message {seqno} with {talker} was told, and is not new"
            )),
            None => Ok(()),
        }
    }

    /// The account's session that shows a message, if any.
    fn session_showing(
        &self,
        message: &MessageState,
        own: Option<&AccountState>,
        service: &Snapshot,
    ) -> Option<Talker> {
        let is_shown =
            message.msg_status != 2 && (message.only_for).is_none_or(|only| only.0 == OWN);
        let talker = match message.talker {
            bili_im_sim::Talker::Group(id) => {
                let group = service.groups.iter().find(|group| group.id == id)?;
                let talker = Talker::group(id.0);
                let is_member = group.members.contains(&own?.uid);
                (is_member || self.visibility.was_hidden(talker)).then_some(talker)?
            }
            bili_im_sim::Talker::User(uid) if message.from.0 == OWN => Talker::user(uid.0),
            bili_im_sim::Talker::User(uid) if uid.0 == OWN => Talker::user(message.from.0),
            bili_im_sim::Talker::User(_) => return None,
        };
        is_shown.then_some(talker)
    }

    /// Whether the options have asked for a message at all times since it arrived, and at any time.
    fn is_wanted_since(
        &self,
        arrived: u64,
        message: &MessageState,
        talker: Talker,
    ) -> (bool, bool) {
        let next = self.options.partition_point(|(since, _)| *since <= arrived);
        let since = (self.options.get(next.saturating_sub(1)..)).unwrap_or_default();
        let is_wanted = |(_, options): &(u64, WatchOptions)| is_wanted(*options, message, talker);
        (since.iter().all(is_wanted), since.iter().any(is_wanted))
    }

    /// An event says of a message what the service says.
    fn check_event(&self, event: &Event, state: &MessageState) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{what}: {event:?} of {state:?}"));
        match &event.kind {
            EventKind::Message {
                message, direction, ..
            } => {
                if message.msg_key.0 != state.msg_key.0 || message.sender_uid.0 != state.from.0 {
                    return wrong("another message was told");
                }
                if (*direction == Direction::Incoming) != (state.from.0 != OWN) {
                    return wrong("told with the wrong direction");
                }
                let is_twin = (self.sends.iter()).any(|send| send.made.contains(&message.msg_key));
                if self.on_phone.contains(&message.msg_key)
                    && *direction == Direction::Sent
                    && !is_twin
                {
                    return wrong("written on the phone and told as sent");
                }
                if state.msg_status == 0 && message.is_recalled() {
                    return wrong("told as recalled");
                }
                Ok(())
            }
            EventKind::Recalled { msg_key, .. } => {
                let target = msg_key.map(|key| key.to_string());
                if state.msg_type != RECALL || target.as_deref() != Some(&*state.content) {
                    return wrong("another recall was told");
                }
                Ok(())
            }
            EventKind::Unreadable { .. } => wrong("told as unreadable"),
            _ => Ok(()),
        }
    }

    /// A cursor that advances now keeps at most `capacity` sessions, besides those with a message
    /// within the last hour.
    pub(super) fn check_cursor(
        &self,
        mut cursor: Cursor,
        capacity: usize,
        now: u64,
        position: &Position,
    ) -> Result<(), String> {
        const LONGER_THAN_AN_HOUR: u64 = 3700 * 1_000_000;
        cursor.advance(position);
        let recent: BTreeSet<Talker> = (self.told.iter())
            .filter(|told| told.at + LONGER_THAN_AN_HOUR + self.ahead >= now)
            .filter_map(|told| Some(told.event.id()?.talker()))
            .collect();
        // The new position may add one session.
        let most = capacity.max(recent.len()) + 1;
        if cursor.sessions() > most {
            let sessions = cursor.sessions();
            return Err(format!(
                "the cursor keeps {sessions} sessions, more than {most}"
            ));
        }
        Ok(())
    }

    /// Events of a session are delivered once and in order. After a crash they continue after the
    /// last stored event.
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

    /// Nothing is sent twice, and reports about sends are true.
    fn check_sends(&self, service: &Snapshot) -> Result<(), String> {
        let is_twin = |key: &MsgKey| {
            let mut twins = (self.sends.iter()).filter(|send| send.state == SendState::Elsewhere);
            twins.any(|twin| twin.made.contains(key))
        };
        let existing: Vec<MsgKey> = own_messages(service)
            .filter(|key| !self.on_phone.contains(key) || is_twin(key))
            .collect();
        check_laws(&self.sends, &existing)?;
        for id in &self.accepted {
            let send = self.sends.get(*id);
            if send.is_some_and(|send| send.state == SendState::Unconfirmed) {
                return Err(format!(
                    "send {id} was accepted but reported as unconfirmed: {send:?}"
                ));
            }
        }
        Ok(())
    }
}

/// The account's messages on all devices, without recalls.
pub(super) fn own_messages(service: &Snapshot) -> impl Iterator<Item = MsgKey> {
    (service.messages.iter())
        .filter(|message| message.from.0 == OWN && message.msg_type != RECALL)
        .map(|message| MsgKey(message.msg_key.0))
}

/// Whether the options ask for a message (docs/protocol.md §8).
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
        || matches!(
            message.msg_type,
            8 | 10..=13 | 16 | 18 | 19 | 101..=118 | 201..=213 | 301..=306 | 400 | 401
        );
    message.msg_type == RECALL
        || message.msg_type != MODIFICATION
            && (options.automatic || !is_automatic)
            && (options.system || !is_by_the_service)
}
