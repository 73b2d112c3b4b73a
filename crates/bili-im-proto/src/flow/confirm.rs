//! Finding out what became of a ticket's message (docs/protocol.md §5).

use std::{convert::Infallible, time::Duration};

use crate::{
    account::Found,
    endpoints::FetchSessionMsgs,
    flow::{
        prelude::*,
        read_back::{is_hopeless, look},
        send::Tries,
    },
    ids::MsgKey,
    ticket::{Confirmation, SendTicket},
    time::Now,
};

/// The shortest wait between two looks after the first few.
const LEAST_GAP: Duration = Duration::from_millis(50);

impl Account {
    /// Finds out what became of a ticket's message, after a restart for example.
    ///
    /// A request that has begun may still be under way: the conversation is read again and again
    /// until the message is found, for as long as
    /// [`Pacing::latest_arrival`](crate::Pacing::latest_arrival) after it began.
    pub fn confirm(&self, ticket: SendTicket) -> Flow<Infallible, Confirmation> {
        Flow::of(self, async move |io| confirm(&io, ticket).await)
    }
}

pub(super) async fn confirm<I>(io: &Io<I>, ticket: SendTicket) -> Result<Confirmation, Error> {
    let account = &io.account;
    io.ready(&FetchSessionMsgs::new(ticket.talker())).await?;
    account.check_owner(&ticket)?;
    // However the wall clock goes, it is over by then.
    let deadline = io.now().mono.after(account.latest_arrival());
    let left = || match begun(account, &ticket) {
        Some(begun) => (account.may_arrive_for(begun, io.now())).min(deadline.since(io.now().mono)),
        None => Duration::ZERO,
    };
    let mut gaps = account.read_back_gaps().into_iter();
    let mut gap = Duration::ZERO;
    let mut tries = Tries::default();
    loop {
        gap = gaps.next().unwrap_or(gap.max(LEAST_GAP).saturating_mul(2));
        io.sleep(gap.min(left())).await;
        if let Some(key) = sent(account, &ticket) {
            return Ok(Confirmation::Sent(key));
        }
        // What is not there by now will not come.
        let is_last = left().is_zero();
        let latest = begun(account, &ticket).map(|begun| account.latest_time(begun));
        let found = look(io, &ticket, latest).await;
        // Another flow may have taken the message for this ticket meanwhile.
        if let Some(key) = sent(account, &ticket) {
            return Ok(Confirmation::Sent(key));
        }
        match found {
            Ok(Found::Message(key)) => {
                account.mark_ticket_sent(&ticket, key);
                return Ok(Confirmation::Sent(key));
            }
            Err(error) if is_hopeless(&error) => return Err(error),
            // Nothing was sent, whatever the session shows.
            Ok(_) | Err(_) if begun(account, &ticket).is_none() => {
                return Ok(conclude(account, ticket, io.now()));
            }
            // The answer may have told that our clock is wrong, and that there is time left.
            Ok(_) if is_last && left().is_zero() => {
                let is_absent = found == Ok(Found::Nothing);
                return Ok(if is_absent {
                    conclude(account, ticket, io.now())
                } else {
                    Confirmation::CannotTell
                });
            }
            Err(error) if is_last && !tries.go_on(io, &error).await => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}

/// The message that a ticket is known to have sent.
fn sent(account: &Account, ticket: &SendTicket) -> Option<MsgKey> {
    account.used(ticket)?.key
}

/// When a ticket's request may have left; `None` when it has not.
pub(super) fn begun(account: &Account, ticket: &SendTicket) -> Option<UnixMicros> {
    let used = account.used(ticket).and_then(|used| used.begun);
    ticket.begun.max(used)
}

/// What to say of a ticket whose message is not there.
fn conclude(account: &Account, ticket: SendTicket, now: Now) -> Confirmation {
    let has_begun = begun(account, &ticket).is_some();
    if has_begun && !ticket.at_least_once || account.is_at_work(&ticket, now) {
        return Confirmation::CannotTell;
    }
    let ticket = if has_begun { ticket.renewed() } else { ticket };
    match account.check_unused(&ticket, now) {
        Ok(()) => Confirmation::Absent(Box::new(ticket)),
        // It was confirmed before, and the new ticket was used since.
        Err(_) => sent(account, &ticket).map_or(Confirmation::CannotTell, Confirmation::Sent),
    }
}
