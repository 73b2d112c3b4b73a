//! The program: how it handles the results of its flows.

use bili_im_proto::{Answered, Confirmation, Cursor, Error, SendTicket, Seqno};

use super::{
    Next, Simulation,
    flows::{AnyFlow, Progress},
};
use crate::{history::or_dash, sends::SendState, time::SECOND};

impl Simulation {
    pub(super) fn finish_flow(&mut self, ended: Progress) -> Result<(), String> {
        match ended {
            Progress::CursorReady(Ok(cursor)) => self.begin_watch(cursor),
            Progress::CursorReady(Err(error)) => {
                self.note(|| format!("no cursor could be made: {error}"));
                self.try_again_later(&error)
            }
            Progress::WatchEnded(error) => {
                self.note(|| format!("the watch ended: {error}"));
                self.try_again_later(&error)
            }
            Progress::Prepared(id, Ok(ticket)) => self.use_ticket(id, ticket),
            Progress::Prepared(id, Err(error)) => {
                self.note(|| format!("send {id} was not prepared: {error}"));
                self.set_state(id, SendState::Failed);
                Ok(())
            }
            Progress::Sent(id, result) => {
                self.note(|| format!("send {id}: {result:?}"));
                let state = match result {
                    Ok(sent) => SendState::Sent(sent.msg_key),
                    Err(Error::Unconfirmed(_)) => SendState::Unconfirmed,
                    Err(_) => SendState::Failed,
                };
                self.set_state(id, state);
                Ok(())
            }
            Progress::Confirmed(id, result) => {
                self.note(|| format!("confirming send {id} found: {result:?}"));
                match result {
                    Ok(confirmation) => self.note_confirmation(id, confirmation),
                    Err(_) => Ok(()),
                }
            }
            Progress::Settled(id, result) => {
                self.note(|| format!("settling send {id}: {result:?}"));
                self.note_settled(id, result)
            }
            Progress::Synced(result) => {
                self.note(|| format!("synced: {result:?}"));
                Ok(())
            }
            Progress::SentUsedTicket(id) => {
                Err(format!("send {id} may leave again with a used ticket"))
            }
            _ => Ok(()),
        }
    }

    /// Sends a ticket's message, or only stores the ticket.
    fn use_ticket(&mut self, id: usize, ticket: SendTicket) -> Result<(), String> {
        let is_at_least_once = self.rng.u8(..) < 80;
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.is_at_least_once = is_at_least_once;
        }
        let ticket = if is_at_least_once {
            ticket.at_least_once()
        } else {
            ticket
        };
        if self.rng.u8(..) < 64 {
            self.set_state(id, SendState::Prepared);
            return self.store_ticket(id, &ticket);
        }
        self.send_ticket(id, ticket)
    }

    pub(super) fn begin_watch(&mut self, cursor: Cursor) -> Result<(), String> {
        let cursor = match self.capacity {
            Some(capacity) => cursor.with_capacity(capacity),
            None => cursor,
        };
        (self.stored.store_cursor(&cursor)).map_err(|error| error.to_string())?;
        let messages = self.service.snapshot(self.service_now()).messages;
        let newest = messages.last().map(|message| Seqno(message.msg_seqno.0));
        let pending_baseline = self.ledger.pending_baseline.clone();
        let forgets = self.capacity.is_some();
        self.ledger.baseline = Some(pending_baseline.with(newest.unwrap_or_default(), forgets));
        self.note(|| format!("the watch begins after message {}", or_dash(newest)));
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let Some(account) = account {
            self.start_flow(self.watch(&account, cursor));
        }
        Ok(())
    }

    /// Restarts the program after its watch failed. Without a warning that justifies it, no
    /// error may end a watch.
    pub(super) fn try_again_later(&mut self, error: &Error) -> Result<(), String> {
        let is_justified = (self.running.as_ref())
            .is_some_and(|running| running.warnings.justify(error, self.now));
        if self.ledger.baseline.is_some() && !is_justified {
            return Err(format!("the watch ended: {error}"));
        }
        self.crash();
        self.schedule(60 * SECOND, Next::Start);
        Ok(())
    }

    fn set_state(&mut self, id: usize, state: SendState) {
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.state = state;
        }
    }

    fn note_confirmation(&mut self, id: usize, found: Confirmation) -> Result<(), String> {
        let before = self.ledger.sends.get(id).map(|send| send.state.clone());
        match (before, found) {
            (Some(SendState::Sent(key)), found) if found != Confirmation::Sent(key) => {
                Err(format!("send {id} was {key} and is {found:?} now"))
            }
            (Some(SendState::Running), Confirmation::Absent(_)) => {
                Err(format!("send {id} is absent while its flow is running"))
            }
            // The flow reports the result.
            (Some(SendState::Running), _) => Ok(()),
            (_, Confirmation::Sent(key)) => {
                self.set_state(id, SendState::Sent(key));
                Ok(())
            }
            (_, Confirmation::Absent(ticket)) => {
                self.set_state(id, SendState::Absent);
                if self.rng.bool() {
                    return self.send_ticket(id, *ticket);
                }
                self.store_ticket(id, &ticket)
            }
            // The program knows that the message does not exist.
            (Some(SendState::Failed | SendState::Prepared | SendState::Absent), _) => Ok(()),
            _ => {
                self.set_state(id, SendState::CannotTell);
                Ok(())
            }
        }
    }

    fn note_settled(&mut self, id: usize, result: Result<Answered, Error>) -> Result<(), String> {
        let before = self.ledger.sends.get(id).map(|send| send.state.clone());
        let state = match (before, result) {
            (Some(SendState::Sent(key)), Ok(Answered::Sent { msg_key, .. })) if key != msg_key => {
                return Err(format!("send {id} was {key} and is {msg_key} now"));
            }
            (Some(SendState::Sent(_)), _) => return Ok(()),
            (_, Ok(Answered::Sent { msg_key, .. })) => SendState::Sent(msg_key),
            // Another flow has sent it, and reports the result.
            (_, Ok(Answered::Unconfirmed(Some(Error::Invalid(_))))) => return Ok(()),
            (_, Ok(Answered::NotSent(_))) => SendState::Failed,
            (_, Ok(_)) => SendState::CannotTell,
            (Some(SendState::Running), Err(_)) => SendState::Failed,
            (_, Err(_)) => return Ok(()),
        };
        self.set_state(id, state);
        Ok(())
    }

    /// Stores a ticket and sends it.
    pub(super) fn send_ticket(&mut self, id: usize, ticket: SendTicket) -> Result<(), String> {
        self.store_ticket(id, &ticket)?;
        self.set_state(id, SendState::Running);
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let Some(account) = account {
            self.start_flow(AnyFlow::SendTicket(id, account.send_ticket(ticket)));
        }
        Ok(())
    }

    /// Stores the ticket of a flow, and may crash before or after that.
    pub(super) fn store_ticket_or_crash(
        &mut self,
        id: usize,
        ticket: &SendTicket,
    ) -> Result<(), String> {
        self.set_state(id, SendState::Running);
        let drawn = self.rng.u8(..);
        if drawn >= 4 {
            self.store_ticket(id, ticket)?;
        }
        if drawn < 12 {
            self.crash();
            let after = self.rng.u64(SECOND..20 * SECOND);
            self.schedule(after, Next::Start);
        }
        Ok(())
    }

    fn store_ticket(&mut self, id: usize, ticket: &SendTicket) -> Result<(), String> {
        let stored = serde_json::to_string(ticket).map_err(|error| error.to_string())?;
        let ticket = serde_json::from_str(&stored).map_err(|error| error.to_string())?;
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.ticket = Some(ticket);
        }
        Ok(())
    }
}
