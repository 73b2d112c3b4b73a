//! Finding out what became of a ticket's message (docs/protocol.md §5).

use std::{convert::Infallible, time::Duration};

use crate::{
    account::{Account, Found},
    endpoints::FetchSessionMsgs,
    error::Error,
    flow::{
        io::Io,
        read_back::{is_hopeless, look},
        run::Flow,
    },
    ticket::{Confirmation, SendTicket},
    time::{Now, UnixMicros},
};

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

async fn confirm<I>(io: &Io<I>, ticket: SendTicket) -> Result<Confirmation, Error> {
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
    loop {
        gap = gaps.next().unwrap_or(gap.saturating_mul(2));
        io.sleep(gap.min(left())).await;
        if let Some(key) = account.used(&ticket).and_then(|used| used.key) {
            return Ok(Confirmation::Sent(key));
        }
        // What is not there by now will not come.
        let is_last = left().is_zero();
        match look(io, &ticket).await {
            Ok(Found::Message(key)) => {
                account.mark_ticket_sent(&ticket, key);
                return Ok(Confirmation::Sent(key));
            }
            Err(error) if is_last || is_hopeless(&error) => return Err(error),
            // The answer may have told that our clock is wrong, and that there is time left.
            Ok(found) if is_last && left().is_zero() => {
                return Ok(conclude(account, ticket, found, io.now()));
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// When a ticket's request may have left; `None` when it has not.
fn begun(account: &Account, ticket: &SendTicket) -> Option<UnixMicros> {
    let used = account.used(ticket).map(|used| used.begun);
    ticket.begun.max(used)
}

/// What a last look says of a ticket whose message was not found.
fn conclude(account: &Account, ticket: SendTicket, found: Found, now: Now) -> Confirmation {
    let has_begun = begun(account, &ticket).is_some();
    if found != Found::Nothing
        || has_begun && !ticket.at_least_once
        || account.is_at_work(&ticket, now)
    {
        return Confirmation::CannotTell;
    }
    let ticket = if has_begun { ticket.renewed() } else { ticket };
    match account.check_unused(&ticket, now) {
        Ok(()) => Confirmation::Absent(Box::new(ticket)),
        // It was confirmed before, and the new ticket was used since.
        Err(_) => (account.used(&ticket).and_then(|used| used.key))
            .map_or(Confirmation::CannotTell, Confirmation::Sent),
    }
}
