//! Answering a message, so that a program that dies meanwhile neither loses the answer nor repeats
//! it, and one correspondent who accepts no messages does not stop it.

use std::time::Duration;

use crate::{
    endpoints::{SendContent, SendMsg},
    error::Invalid,
    flow::{
        confirm::{begun, confirm},
        prelude::*,
        send::{KeepTicket, may_pass, prepare, send_ticket},
    },
    ids::MsgKey,
    ticket::{Confirmation, SendTicket},
    watch::Event,
};

/// The first wait before a failed try is repeated; each is twice as long as the last.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// The shortest wait after a failure of the service's. Repeating a page of HTML soon makes a block
/// worse.
const LEAST_PAUSE: Duration = Duration::from_secs(60);

/// The longest wait in all, but for the network: meanwhile no other message is answered.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// What happens while a message is answered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnswerStep {
    /// Store this ticket before the flow goes on. After a restart, give it to
    /// [`Account::settle_answer`].
    Store(Box<SendTicket>),
    /// The answer waits, because of this failure, and is tried again then.
    Waits {
        /// When it is tried again.
        until: Monotonic,
        /// Why.
        cause: Error,
    },
}

/// What became of an answer. Each of these ends it: go on with the next event.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answered {
    /// It was sent.
    Sent {
        /// The message's key.
        msg_key: MsgKey,
        /// The service's words about it, if any.
        toast: Option<String>,
    },
    /// It was certainly not sent, and is not tried again: the receiver takes no messages, for
    /// example.
    NotSent(Error),
    /// It may have been sent, and is not sent again. The error is `None` when only a restart made
    /// it doubtful.
    Unconfirmed(Option<Error>),
}

impl Account {
    /// Answers a message. Failures of the network and short rate limits are waited for.
    ///
    /// Store the ticket of each [`AnswerStep::Store`] in one write with the cursor, already advanced
    /// past the event: stored apart, a crash may answer twice.
    ///
    /// The flow ends with an error only for what ends all sending: the login is lost, the account
    /// is banned or stopped by risk control.
    ///
    /// # Errors
    /// [`Invalid::NotAnswerable`] when the event is not someone else's message that a person wrote
    /// (docs/protocol.md §8).
    pub fn answer(
        &self,
        event: &Event,
        content: impl Into<SendContent>,
    ) -> Result<Flow<AnswerStep, Answered>, Invalid> {
        let (talker, _) = event.answerable().ok_or(Invalid::NotAnswerable)?;
        let message = SendMsg::new(talker, content);
        Ok(Flow::of(self, async move |io| answer(&io, message).await))
    }

    /// Finishes the answer that an earlier run of the program had begun: finds out whether it was
    /// sent, and sends it when it certainly was not. This can take
    /// [`Pacing::latest_arrival`](crate::Pacing::latest_arrival).
    ///
    /// The flow fails as that of [`answer`](Self::answer) does, and for a ticket of another account or
    /// of an unknown version.
    pub fn settle_answer(&self, ticket: SendTicket) -> Flow<AnswerStep, Answered> {
        Flow::of(self, async move |io| settle(&io, ticket).await)
    }
}

impl KeepTicket for Io<AnswerStep> {
    async fn keep(&self, ticket: SendTicket) {
        self.emit(AnswerStep::Store(Box::new(ticket))).await;
    }

    fn claim(&self, ticket: &SendTicket) -> Result<(), Invalid> {
        self.account.claim_ticket(ticket)
    }
}

async fn answer(io: &Io<AnswerStep>, message: SendMsg) -> Result<Answered, Error> {
    let mut waits = Waits::default();
    loop {
        match prepare(io, message.clone()).await {
            Ok(ticket) => {
                io.keep(ticket.clone()).await;
                return deliver(io, ticket, waits).await;
            }
            Err(error) => {
                if let Some(error) = waits.after(io, error).await? {
                    return Ok(Answered::NotSent(error));
                }
            }
        }
    }
}

async fn settle(io: &Io<AnswerStep>, ticket: SendTicket) -> Result<Answered, Error> {
    let mut waits = Waits::default();
    loop {
        match confirm(io, ticket.clone()).await {
            Ok(Confirmation::Sent(msg_key)) => {
                return Ok(Answered::Sent {
                    msg_key,
                    toast: None,
                });
            }
            Ok(Confirmation::Absent(ticket)) => {
                io.keep((*ticket).clone()).await;
                return deliver(io, *ticket, waits).await;
            }
            Ok(Confirmation::CannotTell) => return Ok(Answered::Unconfirmed(None)),
            Err(error) => {
                if let Some(error) = waits.after(io, error).await? {
                    return Ok(if begun(&io.account, &ticket).is_some() {
                        Answered::Unconfirmed(Some(error))
                    } else {
                        Answered::NotSent(error)
                    });
                }
            }
        }
    }
}

async fn deliver(
    io: &Io<AnswerStep>,
    ticket: SendTicket,
    mut waits: Waits,
) -> Result<Answered, Error> {
    loop {
        match send_ticket(io, ticket.clone()).await {
            Ok(sent) => {
                return Ok(Answered::Sent {
                    msg_key: sent.msg_key,
                    toast: sent.toast,
                });
            }
            // The ticket was used by another flow, which knows what became of it.
            Err(error @ (Error::Unconfirmed(_) | Error::Invalid(Invalid::UsedTicket))) => {
                return Ok(Answered::Unconfirmed(Some(error)));
            }
            Err(error) => {
                if let Some(error) = waits.after(io, error).await? {
                    return Ok(Answered::NotSent(error));
                }
            }
        }
    }
}

/// The waits for one answer.
struct Waits {
    next: Duration,
    patience: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            next: FIRST_WAIT,
            patience: PATIENCE,
        }
    }
}

impl Waits {
    /// Waits after a failure that may pass. Gives back one that will not, and fails with one that
    /// ends all sending.
    async fn after(&mut self, io: &Io<AnswerStep>, error: Error) -> Result<Option<Error>, Error> {
        let wait = match &error {
            Error::RateLimited(limited) => {
                let wait = limited.retry_after.max(FIRST_WAIT);
                if !self.spend(wait) {
                    return Ok(Some(error));
                }
                wait
            }
            // Not the fault of this conversation: without the network no other answer leaves.
            error if is_of_the_network(error) => self.grow(self.next),
            Error::Invalid(Invalid::ForeignTicket(_) | Invalid::TicketVersion(_)) => {
                return Err(error);
            }
            _ if error.ends_login() => return Err(error),
            // Safe to repeat: had the message possibly been sent, this were `Error::Unconfirmed`.
            error if matches!(error, Error::NotSent(_)) || may_pass(error) => {
                let wait = self.next.max(LEAST_PAUSE);
                if !self.spend(wait) {
                    return Ok(Some(error.clone()));
                }
                self.grow(wait)
            }
            _ => return Ok(Some(error)),
        };
        let until = io.now().mono.after(wait);
        io.emit(AnswerStep::Waits {
            until,
            cause: error,
        })
        .await;
        io.sleep_until(until).await;
        Ok(None)
    }

    /// Gives a wait back, and makes the next one twice as long.
    fn grow(&mut self, wait: Duration) -> Duration {
        self.next = wait.saturating_mul(2).min(LONGEST_WAIT);
        wait
    }

    /// Takes a wait out of the patience. Returns whether there was enough.
    fn spend(&mut self, wait: Duration) -> bool {
        let left = self.patience.checked_sub(wait);
        self.patience = left.unwrap_or(self.patience);
        left.is_some()
    }
}

fn is_of_the_network(error: &Error) -> bool {
    match error {
        Error::Transport(_) => true,
        Error::NotSent(not_sent) => matches!(not_sent.cause, Error::Transport(_)),
        _ => false,
    }
}
