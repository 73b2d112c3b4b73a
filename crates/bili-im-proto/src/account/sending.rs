//! What an account knows of its sends.

use std::time::Duration;

use crate::{
    account::handle::Account,
    endpoints::SendMsg,
    error::{Invalid, Missing},
    ids::{MsgKey, Seqno, Talker},
    message::Message,
    ticket::{self, Confirmation, Likeness, SendTicket},
    time::Now,
};

/// A registered send. Dropped on the way, its outcome is unknown; dropped before, it never was.
pub(crate) struct Boarding {
    account: Account,
    nonce: u64,
    talker: Talker,
    likeness: Likeness,
    took_off: bool,
}

impl Boarding {
    /// Whether a send of the same content has an unknown outcome.
    pub(crate) fn has_unresolved_twin(&self) -> bool {
        (self.account.state().flights).has_unresolved_twin(self.nonce, self.talker, &self.likeness)
    }

    /// From now on the message may have been sent.
    pub(crate) fn take_off(&mut self) {
        self.took_off = true;
    }

    /// The message was sent.
    pub(crate) fn landed(mut self, key: MsgKey) {
        self.took_off = false;
        let mut state = self.account.state();
        state.flights.settle(self.talker, self.nonce, Some(key));
        state.revision += 1;
    }

    /// The message was certainly not sent.
    pub(crate) fn never_left(mut self) {
        self.took_off = false;
    }
}

impl Drop for Boarding {
    fn drop(&mut self) {
        let mut state = self.account.state();
        if self.took_off {
            let seen = state.seen;
            (state.flights).leave_unresolved(self.talker, self.nonce, seen);
        } else {
            state.flights.settle(self.talker, self.nonce, None);
            state.flights.give_back_unsent(self.nonce);
            state.revision += 1;
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
            talker: message.talker,
            content: message.content,
            time: self.context(now).time,
            newest,
            nonce,
        })
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

    /// Refuses a ticket that was used before.
    pub(crate) fn use_ticket(&self, ticket: &SendTicket) -> Result<(), Invalid> {
        let mut state = self.state();
        if state.flights.use_ticket(ticket.nonce) {
            state.revision += 1;
            Ok(())
        } else {
            Err(Invalid::UsedTicket)
        }
    }

    /// Registers a send, unless a twin is in flight.
    pub(crate) fn board(&self, message: &SendMsg, nonce: u64, now: Now) -> Option<Boarding> {
        let likeness = Likeness::of(&message.content);
        let mut state = self.state();
        state.seen = now.mono;
        (state.flights)
            .board(nonce, message.talker, &likeness, now.mono)
            .then(|| Boarding {
                account: self.clone(),
                nonce,
                talker: message.talker,
                likeness,
                took_off: false,
            })
    }

    /// Which of the messages that match a ticket is its own.
    pub(crate) fn attribute(
        &self,
        ticket: &SendTicket,
        matching: &[Message],
        now: Now,
    ) -> Confirmation {
        let likeness = Likeness::of(&ticket.content);
        let mut state = self.state();
        state.revision += 1;
        (state.flights).attribute(ticket.nonce, ticket.talker, &likeness, matching, now.mono)
    }

    /// The message that a ticket is known to have sent.
    pub(crate) fn sent_by(&self, ticket: &SendTicket) -> Option<MsgKey> {
        self.state().flights.sent_by(ticket.nonce)
    }

    /// What was found out about a ticket decides whether it is still in flight and may be used again.
    pub(crate) fn note_confirmation(
        &self,
        ticket: &SendTicket,
        found: Confirmation,
        now: Now,
    ) -> Confirmation {
        let mut state = self.state();
        if found == Confirmation::Absent
            && (state.flights).may_be_under_way(ticket.talker, ticket.nonce, now.mono)
        {
            return Confirmation::CannotTell;
        }
        match found {
            Confirmation::Sent(key) => {
                state.flights.use_ticket(ticket.nonce);
                (state.flights).settle(ticket.talker, ticket.nonce, Some(key));
                state.revision += 1;
            }
            Confirmation::Absent => {
                state.flights.give_back_ticket(ticket.nonce);
                state.revision += 1;
            }
            Confirmation::CannotTell => {}
        }
        found
    }

    /// Whether an own message was sent through this account, or is just being sent.
    pub(crate) fn has_sent(&self, talker: Talker, message: &Message, now: Now) -> bool {
        self.state().flights.has_sent(talker, message, now.mono)
    }

    /// The newest message of a session, when it was seen lately.
    pub(crate) fn newest(&self, talker: Talker, now: Now) -> Option<Seqno> {
        self.state().flights.newest(talker, now.mono)
    }

    pub(crate) fn learn_newest(&self, talker: Talker, seqno: Seqno, now: Now) {
        self.state().flights.learn_newest(talker, seqno, now.mono);
    }

    /// How long to wait before repeating a call whose answer was lost.
    pub(crate) fn repeat_gap(&self) -> Duration {
        let [_, gap, ..] = self.0.pacing.read_back;
        gap
    }

    pub(crate) fn read_back_gaps(&self) -> [Duration; 4] {
        self.0.pacing.read_back
    }
}
