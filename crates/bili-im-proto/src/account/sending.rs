//! What an account knows of its sends.

use std::{mem, time::Duration};

use crate::{
    account::{
        handle::Account,
        sends::{Found, UsedTicket},
    },
    endpoints::SendMsg,
    error::{Invalid, Missing},
    ids::{MsgKey, Seqno, Talker},
    message::Message,
    ticket::{self, Likeness, SendTicket},
    time::{Now, UnixMicros, UnixSeconds},
};

/// A registered send. Its outcome is unknown when it is dropped after it has begun.
pub(crate) struct Registration {
    account: Account,
    nonce: u64,
    talker: Talker,
    likeness: Likeness,
    has_begun: bool,
}

impl Registration {
    /// Whether a send of the same content has an unknown outcome.
    pub(crate) fn has_unknown_twin(&self) -> bool {
        (self.account.state().sends).has_unknown_twin(self.nonce, self.talker, &self.likeness)
    }

    /// From now on the message may have been sent.
    pub(crate) fn begin(&mut self, now: Now) {
        self.has_begun = true;
        let sends = &mut self.account.state().sends;
        sends.open(self.nonce, self.talker, &self.likeness, now.mono);
    }

    /// The message was sent.
    pub(crate) fn mark_sent(mut self, key: MsgKey) {
        self.has_begun = false;
        let mut state = self.account.state();
        state.sends.settle(self.talker, self.nonce, Some(key));
        state.revision += 1;
    }

    /// The message was certainly not sent. Whether its request had left before that was certain.
    pub(crate) fn mark_unsent(&mut self) -> bool {
        let had_begun = mem::replace(&mut self.has_begun, false);
        // Another flow may have used the ticket of one that has not begun.
        if had_begun {
            let mut state = self.account.state();
            state.sends.give_back_ticket(self.nonce);
            state.revision += 1;
        }
        had_begun
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.account.state();
        if self.has_begun {
            let seen = state.seen;
            (state.sends).leave_unknown(self.talker, self.nonce, seen);
        } else {
            state.sends.settle(self.talker, self.nonce, None);
        }
    }
}

impl Account {
    /// A number that no other ticket has.
    pub(crate) fn nonce(&self) -> u64 {
        self.state().chance.next()
    }

    pub(crate) fn ticket(
        &self,
        message: SendMsg,
        newest: Option<Seqno>,
        nonce: u64,
        now: Now,
    ) -> Result<SendTicket, Invalid> {
        Ok(SendTicket {
            version: ticket::VERSION,
            uid: self.uid().ok_or(Missing::OwnUid)?,
            message,
            time: self.service_time(now),
            newest,
            nonce,
            begun: None,
            at_least_once: false,
        })
    }

    /// The service's time, as far as it is known.
    pub(crate) fn service_time(&self, now: Now) -> UnixMicros {
        self.state().service_time(now)
    }

    /// Refuses another account's ticket.
    pub(crate) fn check_owner(&self, ticket: &SendTicket) -> Result<(), Invalid> {
        if ticket.version != ticket::VERSION {
            Err(Invalid::TicketVersion(ticket.version))
        } else if self.uid() != Some(ticket.uid) {
            Err(Invalid::ForeignTicket(ticket.uid))
        } else {
            Ok(())
        }
    }

    /// Refuses a ticket that sends no more: its request may have left, or its flow is at work.
    pub(crate) fn check_unused(&self, ticket: &SendTicket, now: Now) -> Result<(), Invalid> {
        let mut state = self.state();
        let is_at_work = (state.sends).is_at_work(ticket.talker(), ticket.nonce, now.mono);
        if ticket.has_begun() || is_at_work || state.sends.used(ticket.nonce).is_some() {
            Err(Invalid::UsedTicket)
        } else {
            Ok(())
        }
    }

    /// A ticket's request may leave now, unless the ticket was used meanwhile.
    pub(crate) fn claim_ticket(&self, ticket: &SendTicket) -> Result<(), Invalid> {
        let mut state = self.state();
        if state.sends.used(ticket.nonce).is_some() {
            return Err(Invalid::UsedTicket);
        }
        let begun = ticket.begun.unwrap_or_default();
        state.sends.use_ticket(ticket.nonce, begun);
        state.revision += 1;
        Ok(())
    }

    /// What is known of a ticket whose request may have left.
    pub(crate) fn used(&self, ticket: &SendTicket) -> Option<UsedTicket> {
        self.state().sends.used(ticket.nonce)
    }

    /// A ticket is known to have sent a message.
    pub(crate) fn mark_ticket_sent(&self, ticket: &SendTicket, key: MsgKey) {
        let mut state = self.state();
        let begun = ticket.begun.unwrap_or_default();
        state.sends.use_ticket(ticket.nonce, begun);
        (state.sends).settle(ticket.talker(), ticket.nonce, Some(key));
        state.revision += 1;
    }

    /// Whether a ticket's flow is at work.
    pub(crate) fn is_at_work(&self, ticket: &SendTicket, now: Now) -> bool {
        (self.state().sends).is_at_work(ticket.talker(), ticket.nonce, now.mono)
    }

    /// Registers a send, unless one of the same content is at work.
    pub(crate) fn register(&self, message: &SendMsg, nonce: u64, now: Now) -> Option<Registration> {
        let likeness = Likeness::of(&message.content);
        let mut state = self.state();
        state.seen = now.mono;
        (state.sends)
            .register(nonce, message.talker, &likeness, now.mono)
            .then(|| Registration {
                account: self.clone(),
                nonce,
                talker: message.talker,
                likeness,
                has_begun: false,
            })
    }

    /// Which of the messages that match a ticket is its own.
    pub(crate) fn attribute(&self, ticket: &SendTicket, matching: &[Message], now: Now) -> Found {
        let mut state = self.state();
        state.revision += 1;
        let likeness = ticket.likeness();
        (state.sends).attribute(ticket.nonce, ticket.talker(), &likeness, matching, now.mono)
    }

    /// Whether an own message was sent through this account, or is just being sent.
    pub(crate) fn has_sent(&self, talker: Talker, message: &Message, now: Now) -> bool {
        self.state().sends.has_sent(talker, message, now.mono)
    }

    /// The newest message of a session, when it was seen lately.
    pub(crate) fn newest(&self, talker: Talker, now: Now) -> Option<Seqno> {
        self.state().sends.newest(talker, now.mono)
    }

    pub(crate) fn learn_newest(&self, talker: Talker, seqno: Seqno, now: Now) {
        self.state().sends.learn_newest(talker, seqno, now.mono);
    }

    /// How long to wait before repeating a call whose answer was lost.
    pub(crate) fn repeat_gap(&self) -> Duration {
        let [_, gap, ..] = self.0.pacing.read_back;
        gap
    }

    /// How long to wait before each of the first times that a conversation is read back.
    pub(crate) fn read_back_gaps(&self) -> [Duration; 4] {
        self.0.pacing.read_back
    }

    pub(crate) fn latest_arrival(&self) -> Duration {
        self.0.pacing.latest_arrival
    }

    /// Messages that were written after this moment are not that of a request that left then.
    pub(crate) fn latest_time(&self, begun: UnixMicros) -> UnixSeconds {
        let latest = self.latest_arrival() + ticket::MUCH_LATER;
        UnixSeconds(begun.seconds().0.saturating_add(latest.as_secs()))
    }

    /// How much longer a request that left then may arrive.
    pub(crate) fn may_arrive_for(&self, begun: UnixMicros, now: Now) -> Duration {
        let passed = self.service_time(now).since(begun);
        self.latest_arrival().saturating_sub(passed)
    }
}
