//! Sends in flight, and the messages that sends were credited with.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{MsgKey, Seqno, Talker},
    message::Message,
    planted::planted,
    ticket::{Confirmation, Likeness},
    time::Monotonic,
};

/// How long a send may be in flight; a flow that nobody drives must not stop others for ever.
const LONGEST_FLIGHT: Duration = Duration::from_secs(2 * 60);

/// How long a send of unknown outcome may still turn up.
const MEMORY: Duration = Duration::from_secs(5 * 60);

/// After this long a message that is not there will not come any more.
const SETTLED: Duration = Duration::from_secs(10);

/// How long the newest message of a session counts as known.
const FRESH: Duration = Duration::from_secs(10);

/// How many messages, sessions and tickets are remembered.
const REMEMBERED: usize = 512;

#[derive(Debug, Clone, Default)]
pub(super) struct Flights {
    /// By talker and their tickets' nonces.
    flights: BTreeMap<(Talker, u64), Flight>,
    /// When the first of them may be over, at the earliest.
    first_over: Option<Monotonic>,
    /// The messages that sends were credited with, oldest first.
    pub(super) credited: VecDeque<MsgKey>,
    /// The newest message that was seen in a session, and when.
    newest: BTreeMap<Talker, (Seqno, Monotonic)>,
    /// The tickets that were used, oldest first.
    pub(super) used_tickets: VecDeque<UsedTicket>,
}

/// A ticket that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsedTicket {
    #[serde(with = "crate::ids::as_text")]
    nonce: u64,
    /// Its message, once that is known to have been sent.
    key: Option<MsgKey>,
}

#[derive(Debug, Clone)]
struct Flight {
    likeness: Likeness,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its flow is at work, until then at the latest.
    Out { until: Monotonic },
    /// Nobody knows what became of it; until then its message may turn up.
    Unresolved { until: Monotonic },
}

impl Phase {
    fn until(self) -> Monotonic {
        match self {
            Self::Out { until } | Self::Unresolved { until } => until,
        }
    }
}

impl Flights {
    /// Registers a send, unless a twin is in flight that must be waited for.
    pub(super) fn board(
        &mut self,
        nonce: u64,
        talker: Talker,
        likeness: &Likeness,
        now: Monotonic,
    ) -> bool {
        self.forget(now);
        let is_out = |(_, phase)| matches!(phase, Phase::Out { .. });
        if self.twins(talker, likeness).any(is_out) {
            return false;
        }
        let until = now.after(LONGEST_FLIGHT);
        let flight = Flight {
            likeness: likeness.clone(),
            phase: Phase::Out { until },
        };
        self.flights.insert((talker, nonce), flight);
        self.first_over = Some(self.first_over.map_or(until, |first| first.min(until)));
        true
    }

    /// The send is over and its outcome known; its message's key, when there is one.
    pub(super) fn settle(&mut self, talker: Talker, nonce: u64, key: Option<MsgKey>) {
        self.flights.remove(&(talker, nonce));
        if let Some(key) = key {
            self.credit(key);
            let mut tickets = self.used_tickets.iter_mut();
            if let Some(ticket) = tickets.find(|ticket| ticket.nonce == nonce) {
                ticket.key = Some(key);
            }
        }
    }

    /// The send is over and its outcome unknown.
    pub(super) fn leave_unresolved(&mut self, talker: Talker, nonce: u64, now: Monotonic) {
        if let Some(flight) = self.flights.get_mut(&(talker, nonce)) {
            flight.phase = Phase::Unresolved {
                until: now.after(MEMORY),
            };
        }
    }

    /// Whether a send of the same content has an unknown outcome.
    pub(super) fn has_unresolved_twin(
        &self,
        nonce: u64,
        talker: Talker,
        likeness: &Likeness,
    ) -> bool {
        self.twins(talker, likeness).any(|(twin, _)| twin != nonce)
    }

    /// Whether an own message of a session is one that was sent, or one that is in flight.
    pub(super) fn has_sent(&mut self, talker: Talker, message: &Message, now: Monotonic) -> bool {
        self.forget(now);
        self.credited.contains(&message.key)
            || !planted!(FlightsForgotten)
                && (self.flights_to(talker))
                    .any(|(_, flight)| flight.likeness.is(&message.content_even_if_recalled()))
    }

    /// Which of the messages that match a send is its own. One that was credited to another send is
    /// not; of the rest, one may belong to each twin whose outcome is unknown.
    pub(super) fn attribute(
        &mut self,
        nonce: u64,
        talker: Talker,
        likeness: &Likeness,
        matching: &[Message],
        now: Monotonic,
    ) -> Confirmation {
        self.forget(now);
        let free = || {
            (matching.iter())
                .filter(|message| !self.credited.contains(&message.key) || planted!(CreditTwice))
        };
        let twins = (self.twins(talker, likeness))
            .filter(|(twin, _)| *twin != nonce)
            .count();
        match free().max_by_key(|message| message.seqno) {
            None => Confirmation::Absent,
            Some(newest) if free().count() > twins || planted!(CreditTwice) => {
                let key = newest.key;
                self.credit(key);
                Confirmation::Sent(key)
            }
            Some(_) => Confirmation::CannotTell,
        }
    }

    /// Whether the ticket was not used before; it counts as used from now on.
    pub(super) fn use_ticket(&mut self, nonce: u64) -> bool {
        let fresh = !(self.used_tickets.iter()).any(|ticket| ticket.nonce == nonce);
        if fresh {
            remember(&mut self.used_tickets, UsedTicket { nonce, key: None });
        }
        fresh
    }

    /// The message that a ticket is known to have sent.
    pub(super) fn sent_by(&self, nonce: u64) -> Option<MsgKey> {
        let mut tickets = self.used_tickets.iter();
        tickets.find(|ticket| ticket.nonce == nonce)?.key
    }

    /// Whether a ticket's message may still be on its way: its flow is at work, or was until just now.
    pub(super) fn may_be_under_way(&mut self, talker: Talker, nonce: u64, now: Monotonic) -> bool {
        self.forget(now);
        (self.flights.get(&(talker, nonce))).is_some_and(|flight| match flight.phase {
            Phase::Out { .. } => true,
            Phase::Unresolved { until } => until.since(now) > MEMORY.saturating_sub(SETTLED),
        })
    }

    /// The ticket's message certainly never left: it may be used again.
    pub(super) fn give_back_unsent(&mut self, nonce: u64) {
        self.used_tickets
            .retain(|ticket| ticket.nonce != nonce || ticket.key.is_some());
    }

    /// The ticket's message is known not to exist: it may be used again.
    pub(super) fn give_back_ticket(&mut self, nonce: u64) {
        self.used_tickets.retain(|ticket| ticket.nonce != nonce);
    }

    pub(super) fn credit(&mut self, key: MsgKey) {
        if !self.credited.contains(&key) {
            remember(&mut self.credited, key);
        }
    }

    /// Learns what another process knows that went on from this one's state.
    pub(super) fn absorb(&mut self, credited: &[MsgKey], used_tickets: &[UsedTicket]) {
        self.credited = merged(&self.credited, credited, |one, other| one == other);
        let mut used_tickets = used_tickets.to_vec();
        for ticket in &mut used_tickets {
            ticket.key = ticket.key.or_else(|| self.sent_by(ticket.nonce));
        }
        self.used_tickets = merged(&self.used_tickets, &used_tickets, |one, other| {
            one.nonce == other.nonce
        });
    }

    /// The newest message of a session, when it was seen so lately that hardly anyone, on another
    /// device, can have written the same since.
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

    fn flights_to(&self, talker: Talker) -> impl Iterator<Item = (u64, &Flight)> {
        (self.flights.range((talker, u64::MIN)..=(talker, u64::MAX)))
            .map(|(&(_, nonce), flight)| (nonce, flight))
    }

    /// The sends in flight of the same content, by their nonces.
    fn twins(&self, talker: Talker, likeness: &Likeness) -> impl Iterator<Item = (u64, Phase)> {
        (self.flights_to(talker))
            .filter(move |(_, flight)| flight.likeness == *likeness)
            .map(|(nonce, flight)| (nonce, flight.phase))
    }

    fn forget(&mut self, now: Monotonic) {
        if self.first_over.is_none_or(|first| now < first) {
            return;
        }
        for flight in self.flights.values_mut() {
            if matches!(flight.phase, Phase::Out { until } if until <= now) {
                flight.phase = Phase::Unresolved {
                    until: now.after(MEMORY),
                };
            }
        }
        self.flights.retain(
            |_, flight| !matches!(flight.phase, Phase::Unresolved { until } if until <= now),
        );
        let ends = self.flights.values().map(|flight| flight.phase.until());
        self.first_over = ends.min();
    }
}

/// The newest of two lists, oldest first, that were one once. What only one of them has is older than
/// what they share when it comes before that, and newer when it comes after.
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
