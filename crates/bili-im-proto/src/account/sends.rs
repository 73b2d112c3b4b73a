//! The sends of an account: those at work, those of unknown outcome, the messages credited to
//! earlier ones, and the records of tickets.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{MsgKey, Seqno, Talker},
    message::Message,
    ticket::Likeness,
    time::{Monotonic, UnixMicros},
};

/// How long a send may be at work. A flow that nobody drives must not stop its twins for ever.
const LONGEST_SEND: Duration = Duration::from_secs(2 * 60);

/// How long the newest message of a session counts as known.
const FRESH: Duration = Duration::from_secs(10);

/// How many messages, sessions and tickets are remembered.
const REMEMBERED: usize = 512;

#[derive(Debug, Clone, Default)]
pub(super) struct Sends {
    /// Sends that are at work or of unknown outcome, by talker and nonce.
    open: BTreeMap<(Talker, u64), Send>,
    /// No open send is over before then.
    next_change: Option<Monotonic>,
    /// Messages that sends were credited with, oldest first.
    pub(super) credited: VecDeque<MsgKey>,
    /// The newest message that was seen in a session, and when it was seen.
    newest: BTreeMap<Talker, (Seqno, Monotonic)>,
    /// Tickets whose request may have left, oldest first.
    pub(super) used_tickets: VecDeque<UsedTicket>,
    /// How long after a request left its message may still turn up.
    pub(super) latest_arrival: Duration,
}

/// A ticket whose request may have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsedTicket {
    #[serde(with = "crate::ids::as_text")]
    pub(super) nonce: u64,
    /// The service's time when it could leave; `None` after it certainly had no effect.
    #[serde(default)]
    pub(crate) begun: Option<UnixMicros>,
    /// Its message, once that is known to have been sent.
    pub(crate) key: Option<MsgKey>,
    /// How often this changed. Of the records of two processes, the one with more is newer.
    #[serde(default)]
    changes: u32,
}

#[derive(Debug, Clone)]
struct Send {
    likeness: Likeness,
    /// Whether its flow is at work. Otherwise its outcome is unknown.
    is_at_work: bool,
    /// At work: when its flow counts as lost. Unknown outcome: until when its message may turn up.
    until: Monotonic,
}

/// What messages that match a send say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// This one is its message.
    Message(MsgKey),
    /// None is its message.
    Nothing,
    /// One may be its message, or that of a send of the same content.
    Doubtful,
}

impl Sends {
    /// Registers a send, unless one of the same content is at work that must be waited for.
    pub(super) fn register(
        &mut self,
        nonce: u64,
        talker: Talker,
        likeness: &Likeness,
        now: Monotonic,
    ) -> bool {
        self.forget(now);
        if (self.twins(talker, likeness)).any(|(_, twin)| twin.is_at_work) {
            return false;
        }
        self.open(nonce, talker, likeness, now);
        true
    }

    /// A send is at work from now on, whatever was known of it: it may have waited long for its
    /// turn.
    pub(super) fn open(&mut self, nonce: u64, talker: Talker, likeness: &Likeness, now: Monotonic) {
        let until = now.after(LONGEST_SEND);
        let send = Send {
            likeness: likeness.clone(),
            is_at_work: true,
            until,
        };
        self.open.insert((talker, nonce), send);
        self.next_change = Some(self.next_change.map_or(until, |next| next.min(until)));
    }

    /// The send is over and its outcome known: its message's key, when there is one.
    pub(super) fn settle(&mut self, talker: Talker, nonce: u64, key: Option<MsgKey>) {
        self.open.remove(&(talker, nonce));
        if let Some(key) = key {
            self.credit(key);
            let mut tickets = self.used_tickets.iter_mut();
            if let Some(ticket) = tickets.find(|ticket| ticket.nonce == nonce) {
                ticket.key = Some(key);
            }
        }
    }

    /// The send is over and its outcome unknown.
    pub(super) fn leave_unknown(&mut self, talker: Talker, nonce: u64, now: Monotonic) {
        if let Some(send) = self.open.get_mut(&(talker, nonce)) {
            send.is_at_work = false;
            send.until = now.after(self.latest_arrival);
            let until = send.until;
            self.next_change = Some(self.next_change.map_or(until, |next| next.min(until)));
        }
    }

    /// Whether a ticket's flow is at work.
    pub(super) fn is_at_work(&mut self, talker: Talker, nonce: u64, now: Monotonic) -> bool {
        self.forget(now);
        let send = self.open.get(&(talker, nonce));
        send.is_some_and(|send| send.is_at_work)
    }

    /// Whether a send of the same content has an unknown outcome.
    pub(super) fn has_unknown_twin(&self, nonce: u64, talker: Talker, likeness: &Likeness) -> bool {
        self.twins(talker, likeness).any(|(twin, _)| twin != nonce)
    }

    /// Whether an own message of a session was sent by a send, or may be just being sent.
    pub(super) fn has_sent(&mut self, talker: Talker, message: &Message, now: Monotonic) -> bool {
        self.forget(now);
        self.credited.contains(&message.msg_key)
            || (self.open_to(talker))
                .any(|(_, send)| send.likeness.is(&message.content_even_if_recalled()))
    }

    /// Decides which of the messages that match a send is its own, and credits it. Messages that
    /// are credited already do not count. Of the rest, each twin of unknown outcome may own one: with
    /// more of them than twins, at least one is this send's, and the newest is taken.
    pub(super) fn attribute(
        &mut self,
        nonce: u64,
        talker: Talker,
        likeness: &Likeness,
        matching: &[Message],
        now: Monotonic,
    ) -> Found {
        self.forget(now);
        let free = || (matching.iter()).filter(|message| !self.credited.contains(&message.msg_key));
        let twins = (self.twins(talker, likeness))
            .filter(|(twin, _)| *twin != nonce)
            .count();
        match free().max_by_key(|message| message.msg_seqno) {
            None => Found::Nothing,
            Some(newest) if free().count() > twins => {
                let key = newest.msg_key;
                self.credit(key);
                Found::Message(key)
            }
            Some(_) => Found::Doubtful,
        }
    }

    /// What is known of a ticket whose request may have left.
    pub(super) fn used(&self, nonce: u64) -> Option<UsedTicket> {
        self.ticket(nonce)
            .filter(|ticket| ticket.begun.is_some() || ticket.key.is_some())
    }

    fn ticket(&self, nonce: u64) -> Option<UsedTicket> {
        let mut tickets = self.used_tickets.iter();
        tickets.find(|ticket| ticket.nonce == nonce).copied()
    }

    /// A ticket's request may leave now.
    pub(super) fn use_ticket(&mut self, nonce: u64, begun: UnixMicros) {
        self.change_ticket(nonce, Some(begun));
    }

    /// Nothing was sent with a ticket: it may be used again.
    pub(super) fn give_back_ticket(&mut self, nonce: u64) {
        if self.used(nonce).is_some_and(|ticket| ticket.key.is_none()) {
            self.change_ticket(nonce, None);
        }
    }

    fn change_ticket(&mut self, nonce: u64, begun: Option<UnixMicros>) {
        let before = self.ticket(nonce);
        self.used_tickets.retain(|ticket| ticket.nonce != nonce);
        let changed = UsedTicket {
            nonce,
            begun,
            key: before.and_then(|ticket| ticket.key),
            changes: before.map_or(1, |ticket| ticket.changes.saturating_add(1)),
        };
        remember(&mut self.used_tickets, changed);
    }

    pub(super) fn credit(&mut self, key: MsgKey) {
        if !self.credited.contains(&key) {
            remember(&mut self.credited, key);
        }
    }

    /// Merges the records of a process that started from a snapshot of this one.
    pub(super) fn absorb(&mut self, credited: &[MsgKey], used_tickets: &[UsedTicket]) {
        self.credited = merged(&self.credited, credited, |one, other| one == other);
        let mut used_tickets = used_tickets.to_vec();
        for ticket in &mut used_tickets {
            if let Some(own) = self.ticket(ticket.nonce) {
                let key = ticket.key.or(own.key);
                // Of two records as new as each other, the one that has begun is the safe one.
                let is_safer = own.changes == ticket.changes && ticket.begun.is_none();
                if own.changes > ticket.changes || is_safer {
                    *ticket = own;
                }
                ticket.key = key;
            }
        }
        self.used_tickets = merged(&self.used_tickets, &used_tickets, |one, other| {
            one.nonce == other.nonce
        });
    }

    /// The newest message of a session, if it was seen within the last ten seconds. Older knowledge
    /// is read anew: the owner may have written the same text on another device since.
    pub(super) fn newest(&self, talker: Talker, now: Monotonic) -> Option<Seqno> {
        let &(newest, seen) = self.newest.get(&talker)?;
        (now.since(seen) < FRESH).then_some(newest)
    }

    pub(super) fn learn_newest(&mut self, talker: Talker, seqno: Seqno, now: Monotonic) {
        if self.newest.len() >= REMEMBERED && !self.newest.contains_key(&talker) {
            let oldest = (self.newest.iter()).min_by_key(|(_, (_, seen))| *seen);
            if let Some(talker) = oldest.map(|(&talker, _)| talker) {
                self.newest.remove(&talker);
            }
        }
        let (newest, seen) = self.newest.entry(talker).or_default();
        *newest = seqno.max(*newest);
        *seen = now;
    }

    fn open_to(&self, talker: Talker) -> impl Iterator<Item = (u64, &Send)> {
        (self.open.range((talker, u64::MIN)..=(talker, u64::MAX)))
            .map(|(&(_, nonce), send)| (nonce, send))
    }

    /// The open sends of the same content, by nonce.
    fn twins(&self, talker: Talker, likeness: &Likeness) -> impl Iterator<Item = (u64, &Send)> {
        (self.open_to(talker)).filter(move |(_, send)| send.likeness == *likeness)
    }

    /// Ends what is over by now.
    fn forget(&mut self, now: Monotonic) {
        if self.next_change.is_none_or(|next| now < next) {
            return;
        }
        let latest = now.after(self.latest_arrival);
        for send in self.open.values_mut() {
            if send.is_at_work && send.until <= now {
                send.is_at_work = false;
                send.until = latest;
            }
        }
        (self.open).retain(|_, send| send.is_at_work || send.until > now);
        self.next_change = self.open.values().map(|send| send.until).min();
    }
}

/// Merges two lists that grew from the same one, oldest first, and keeps the newest. Own items after
/// the last shared one go to the end, other own items to the front.
fn merged<T: Copy>(
    own: &VecDeque<T>,
    others: &[T],
    is_same: impl Fn(&T, &T) -> bool,
) -> VecDeque<T> {
    let is_shared = |item: &T| others.iter().any(|other| is_same(item, other));
    let since = (own.iter().rposition(is_shared)).map_or(0, |last| last + 1);
    let older = own.range(..since).filter(|item| !is_shared(item));
    let newer = own.range(since..);
    let mut all: VecDeque<T> = older.chain(others).chain(newer).copied().collect();
    all.drain(..all.len().saturating_sub(REMEMBERED));
    all
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= REMEMBERED {
        list.pop_front();
    }
    list.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::Text, ids::Uid};

    const TALKER: Talker = Talker::User(Uid(2));

    #[test]
    fn an_unknown_send_is_over_when_its_message_can_no_longer_arrive() {
        let mut sends = Sends {
            latest_arrival: Duration::from_secs(5),
            ..Sends::default()
        };
        let likeness = Likeness::of(&Text::new("hi").unwrap().into());
        let start = Monotonic::default();
        assert!(sends.register(1, TALKER, &likeness, start));
        sends.leave_unknown(TALKER, 1, start);
        for (seconds, is_there) in [(4, true), (5, false)] {
            sends.forget(start.after(Duration::from_secs(seconds)));
            assert_eq!(sends.has_unknown_twin(2, TALKER, &likeness), is_there);
        }
    }

    #[test]
    fn a_send_that_waited_long_for_its_turn_is_at_work_when_it_goes_out() {
        let mut sends = Sends::default();
        let likeness = Likeness::of(&Text::new("hi").unwrap().into());
        let start = Monotonic::default();
        assert!(sends.register(1, TALKER, &likeness, start));
        let turn = start.after(LONGEST_SEND * 10);
        assert!(!sends.is_at_work(TALKER, 1, turn));
        sends.open(1, TALKER, &likeness, turn);
        assert!(!sends.register(2, TALKER, &likeness, turn));
    }

    #[test]
    fn of_two_records_as_new_as_each_other_the_one_that_has_begun_is_kept() {
        let record = |begun: Option<u64>| UsedTicket {
            nonce: 1,
            begun: begun.map(UnixMicros),
            key: None,
            changes: 2,
        };
        for (own, other) in [(Some(7), None), (None, Some(7))] {
            let mut sends = Sends {
                used_tickets: VecDeque::from([record(own)]),
                ..Sends::default()
            };
            sends.absorb(&[], &[record(other)]);
            assert_eq!(sends.used(1), Some(record(Some(7))));
        }
    }
}
