//! Sends the answers of a program, each at most once.

use std::{convert::Infallible, fmt::Display, time::Duration};

use bili_im_proto::{
    Account, Confirmation, Error, Event, Flow, Invalid, Position, SendTicket, Text,
};

use super::{
    cursor_file::{CursorFile, Reply},
    driven::{Driven, Next},
    event_output::EventOutput,
    stop::Stop,
};
use crate::{active_login::SharedLogin, failure::Failure};

/// The first wait before an answer is tried again; each wait is twice as long as the last.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait before an answer is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// The longest wait in all for rate limits. Other events wait behind the answer.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

const NOT_SENT: &str = "an answer was not sent";
const DOUBTFUL: &str = "an answer may or may not have been sent, and is not sent again";

/// Sends the answer to one event.
pub(crate) struct Replier<'a> {
    pub(crate) login: &'a mut SharedLogin,
    pub(crate) stop: &'a Stop,
    pub(crate) out: EventOutput<'a>,
    /// Whether an answer that cannot be found after a restart is sent again.
    pub(crate) at_least_once: bool,
    /// Where the tickets are stored: by them a later watch finds out whether the answer was sent.
    pub(crate) file: Option<&'a mut CursorFile>,
    /// The position of the event.
    pub(crate) position: Option<Position>,
}

enum Called<T> {
    Done(T),
    Failed(Error),
    /// The user wants the program to end.
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It was sent or given up.
    Finished,
    /// The user wants the program to end, and the answer still waits.
    Stopped,
}

impl Replier<'_> {
    /// Sends an answer to an event, and stores its ticket first.
    pub(crate) fn answer(&mut self, event: &Event, text: String) -> Result<Answered, Failure> {
        let text = match Text::new(text) {
            Ok(text) => text,
            Err(invalid) => return Ok(self.give_up(NOT_SENT, &invalid)),
        };
        let prepared = self.call(
            &Stop::default(),
            |account| Ok(account.prepare_answer(event, text.clone())?),
            |_, never: Infallible| match never {},
        )?;
        match prepared {
            Called::Done(ticket) => {
                self.store(ticket.clone())?;
                self.send(&ticket)
            }
            Called::Failed(error) => Ok(self.give_up(NOT_SENT, &error)),
            Called::Stopped => Ok(Answered::Stopped),
        }
    }

    /// Finds out whether an answer was sent, and sends it when it certainly was not.
    pub(crate) fn confirm_or_send(&mut self, ticket: SendTicket) -> Result<Answered, Failure> {
        let ticket = if self.at_least_once {
            ticket.at_least_once()
        } else {
            ticket
        };
        if ticket.has_begun() {
            self.out
                .warn("an answer may be under way: looking for it before anything else");
        }
        let confirmed = self.call(
            self.stop,
            |account| Ok(account.confirm(ticket.clone())),
            |_, never: Infallible| match never {},
        )?;
        Ok(match confirmed {
            Called::Done(Confirmation::Sent(_)) => Answered::Finished,
            Called::Done(Confirmation::Absent(ticket)) => {
                self.store((*ticket).clone())?;
                return self.send(&ticket);
            }
            Called::Done(_) => self.give_up(DOUBTFUL, &"it cannot be found"),
            Called::Failed(Error::Invalid(
                invalid @ (Invalid::ForeignTicket(_) | Invalid::TicketVersion(_)),
            )) => return Err(invalid.into()),
            Called::Failed(error) if ticket.has_begun() => self.give_up(DOUBTFUL, &error),
            Called::Failed(error) => self.give_up(NOT_SENT, &error),
            Called::Stopped => Answered::Stopped,
        })
    }

    fn send(&mut self, ticket: &SendTicket) -> Result<Answered, Failure> {
        let sent = self.call(
            &Stop::default(),
            |account| Ok(account.send_ticket(ticket.clone())),
            Self::store,
        )?;
        Ok(match sent {
            Called::Done(sent) => {
                if let Some(toast) = &sent.toast {
                    self.out.out.show_toast(toast);
                }
                Answered::Finished
            }
            Called::Failed(error @ Error::Unconfirmed(_)) => self.give_up(DOUBTFUL, &error),
            Called::Failed(error) => self.give_up(NOT_SENT, &error),
            Called::Stopped => Answered::Stopped,
        })
    }

    fn store(&mut self, ticket: SendTicket) -> Result<(), Failure> {
        let (Some(file), Some(position)) = (&mut self.file, self.position) else {
            return Ok(());
        };
        file.replying(Reply {
            event: self.out.event.to_owned(),
            ticket,
            position,
        })
    }

    fn give_up(&self, what: &str, why: &impl Display) -> Answered {
        self.out.warn(&format!("{what}: {why}"));
        Answered::Finished
    }

    /// Makes a call, and repeats it while the network fails or a rate limit is short. Each item
    /// goes to `keep`. Errors that must end the watch are returned as failures. `stop` ends a call
    /// that is under way; `self.stop` only ends the waits between two calls.
    fn call<Item, Output>(
        &mut self,
        stop: &Stop,
        make: impl Fn(&Account) -> Result<Flow<Item, Output>, Error>,
        keep: impl Fn(&mut Self, Item) -> Result<(), Failure>,
    ) -> Result<Called<Output>, Failure> {
        let mut wait = FIRST_WAIT;
        let mut patience = PATIENCE;
        loop {
            let flow = match make(self.login.account()) {
                Ok(flow) => flow,
                Err(error) => return Ok(Called::Failed(error)),
            };
            let mut driven = Driven::new(flow, stop);
            let error = loop {
                match driven.next(self.login) {
                    Next::Item(item) => keep(self, item)?,
                    Next::Done(Ok(done)) => return Ok(Called::Done(done)),
                    Next::Done(Err(error)) => break error,
                    Next::Stopped => return Ok(Called::Stopped),
                }
            };
            let pause = match &error {
                Error::RateLimited(limited) if limited.retry_after <= patience => {
                    let pause = limited.retry_after.max(FIRST_WAIT);
                    patience = patience.saturating_sub(pause);
                    pause
                }
                // Neither means that the answer may have been sent: that is `Error::Unconfirmed`.
                Error::Transport(_) | Error::NotSent(_) => wait,
                _ if error.ends_login() => return Err(error.into()),
                _ => return Ok(Called::Failed(error)),
            };
            self.out.warn(&format!("an answer waits: {error}"));
            if self.stop.sleep(pause) {
                return Ok(Called::Stopped);
            }
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }
}
