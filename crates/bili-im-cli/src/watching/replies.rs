//! Answers, each sent once at most.

use std::{fmt::Display, time::Duration};

use bili_im_proto::{Confirmation, Error, Event, RefusalKind, SendTicket, Text};
use bili_im_ureq::Client;

use super::{CursorFile, Stop, cursor_file::Reply};
use crate::{failure::Failure, output::Output, session::SharedSession};

/// How long an answer waits before it is tried again, at first.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait of an answer: later nobody would understand it any more.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

const NOT_SENT: &str = "an answer was not sent";
const DOUBTFUL: &str = "an answer may or may not have been sent, and is not sent again";

/// What answers are sent with.
pub(crate) struct Replies<'a> {
    pub(crate) session: &'a mut SharedSession,
    pub(crate) stop: &'a Stop,
    pub(crate) out: Output,
}

/// What became of a call.
enum Called<T> {
    Done(T),
    Failed(Error),
    /// The program is to end before it could be made.
    Stopped,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It is over, well or not.
    Over,
    /// The program is to end before that.
    Stopped,
}

impl Replies<'_> {
    /// Sends an answer to an event. It is stored first, so that whoever goes on from there can find out
    /// whether it was sent.
    pub(crate) fn answer(
        &mut self,
        event: &Event,
        text: String,
        file: Option<&mut CursorFile>,
    ) -> Result<Answered, Failure> {
        let text = match Text::new(text) {
            Ok(text) => text,
            Err(invalid) => return Ok(self.give_up(NOT_SENT, &invalid)),
        };
        let ticket = match self.call(|client| client.reply(event, text.clone()))? {
            Called::Done(ticket) => ticket,
            Called::Failed(error) => return Ok(self.give_up(NOT_SENT, &error)),
            Called::Stopped => return Ok(Answered::Stopped),
        };
        if let (Some(file), Some(id), Some(position)) = (file, event.id(), event.position) {
            file.replying(Reply {
                event: id.to_string(),
                ticket: ticket.clone(),
                position,
            })?;
        }
        self.send(&ticket)
    }

    /// Finds out what became of an answer, and sends it when it certainly was not.
    pub(crate) fn settle(&mut self, ticket: &SendTicket) -> Result<Answered, Failure> {
        match self.call(|client| client.confirm(ticket.clone()))? {
            Called::Done(Confirmation::Sent(_)) => Ok(Answered::Over),
            Called::Done(Confirmation::Absent) => self.send(ticket),
            Called::Done(_) => {
                Ok(self.give_up(DOUBTFUL, &"it cannot be told from another message"))
            }
            // It is another account's.
            Called::Failed(Error::Invalid(invalid)) => Err(invalid.into()),
            Called::Failed(error) => Ok(self.give_up(DOUBTFUL, &error)),
            Called::Stopped => Ok(Answered::Stopped),
        }
    }

    fn send(&mut self, ticket: &SendTicket) -> Result<Answered, Failure> {
        match self.call(|client| client.send_ticket(ticket.clone()))? {
            Called::Done(sent) => {
                if let Some(toast) = &sent.toast {
                    self.out.show_toast(toast);
                }
                Ok(Answered::Over)
            }
            Called::Failed(error @ Error::Unconfirmed(_)) => Ok(self.give_up(DOUBTFUL, &error)),
            Called::Failed(error) => Ok(self.give_up(NOT_SENT, &error)),
            Called::Stopped => Ok(Answered::Stopped),
        }
    }

    fn give_up(&self, what: &str, why: &impl Display) -> Answered {
        self.out.warn(&format!("{what}: {why}"));
        Answered::Over
    }

    /// Makes a call, once the service can be reached and bears it. What ends a watch is a failure.
    fn call<T>(
        &mut self,
        call: impl Fn(&Client) -> Result<T, Error>,
    ) -> Result<Called<T>, Failure> {
        let mut wait = FIRST_WAIT;
        loop {
            let error = match self.session.at_work(|session| call(session.client())) {
                Ok(done) => return Ok(Called::Done(done)),
                Err(error) => error,
            };
            let pause = match &error {
                Error::RateLimited(limited) if limited.retry_after <= LONGEST_WAIT => {
                    limited.retry_after.max(FIRST_WAIT)
                }
                // What certainly did not happen; a send that may have is unconfirmed.
                Error::Transport(_) if wait <= LONGEST_WAIT => wait,
                _ if ends_watch(&error) => return Err(error.into()),
                _ => return Ok(Called::Failed(error)),
            };
            self.out.warn(&format!("an answer waits: {error}"));
            if self.stop.sleep(pause) {
                return Ok(Called::Stopped);
            }
            wait = wait.saturating_mul(2);
        }
    }
}

fn ends_watch(error: &Error) -> bool {
    matches!(
        error.kind(),
        Some(RefusalKind::NotLoggedIn | RefusalKind::RiskControl | RefusalKind::AccountBanned)
    )
}
