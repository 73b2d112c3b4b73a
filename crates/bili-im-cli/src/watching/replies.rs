//! Answers, each sent once at most.

use std::{convert::Infallible, fmt::Display, time::Duration};

use bili_im_proto::{
    Account, Confirmation, Error, Event, Flow, Position, RefusalKind, SendTicket, SentMessage, Text,
};

use super::{
    about::About,
    cursor_file::{CursorFile, Reply},
    driven::{Driven, Next},
    stop::Stop,
};
use crate::{active_login::SharedLogin, failure::Failure};

/// How long an answer waits before it is tried again, at first.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait of an answer while nobody can be reached.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// How long an answer may wait because it is too fast: other events wait with it.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

const NOT_SENT: &str = "an answer was not sent";
const DOUBTFUL: &str = "an answer may or may not have been sent, and is not sent again";

/// What answers are sent with.
pub(crate) struct Replies<'a> {
    pub(crate) login: &'a mut SharedLogin,
    pub(crate) stop: &'a Stop,
    pub(crate) out: About<'a>,
    /// An answer that cannot be found after a restart is sent again.
    pub(crate) at_least_once: bool,
}

/// Where the ticket of an answer is kept, so that whoever goes on from there can find out whether it
/// was sent.
pub(crate) struct Kept<'a> {
    pub(crate) event: String,
    pub(crate) position: Option<Position>,
    /// `None` when nothing is stored.
    pub(crate) file: Option<&'a mut CursorFile>,
}

impl Kept<'_> {
    fn keep(&mut self, ticket: SendTicket) -> Result<(), Failure> {
        let (Some(file), Some(position)) = (&mut self.file, self.position) else {
            return Ok(());
        };
        file.replying(Reply {
            event: self.event.clone(),
            ticket,
            position,
        })
    }
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
    /// Sends an answer to an event. It is stored first.
    pub(crate) fn answer(
        &mut self,
        event: &Event,
        text: String,
        mut kept: Kept<'_>,
    ) -> Result<Answered, Failure> {
        let text = match Text::new(text) {
            Ok(text) => text,
            Err(invalid) => return Ok(self.give_up(NOT_SENT, &invalid)),
        };
        let prepared = self.call(
            &Stop::default(),
            |account| Ok(account.prepare_answer(event, text.clone())?),
            |never: Infallible| match never {},
        )?;
        match prepared {
            Called::Done(ticket) => {
                kept.keep(ticket.clone())?;
                self.send(&ticket, &mut kept)
            }
            Called::Failed(error) => Ok(self.give_up(NOT_SENT, &error)),
            Called::Stopped => Ok(Answered::Stopped),
        }
    }

    /// Finds out what became of an answer, and sends it when it certainly was not.
    pub(crate) fn settle(
        &mut self,
        ticket: SendTicket,
        mut kept: Kept<'_>,
    ) -> Result<Answered, Failure> {
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
            |never: Infallible| match never {},
        )?;
        Ok(match confirmed {
            Called::Done(Confirmation::Sent(_)) => Answered::Over,
            Called::Done(Confirmation::Absent(ticket)) => {
                kept.keep((*ticket).clone())?;
                return self.send(&ticket, &mut kept);
            }
            Called::Done(_) => self.give_up(DOUBTFUL, &"it cannot be found"),
            // It is another account's.
            Called::Failed(Error::Invalid(invalid)) => return Err(invalid.into()),
            Called::Failed(error) => self.give_up(DOUBTFUL, &error),
            Called::Stopped => Answered::Stopped,
        })
    }

    fn send(&mut self, ticket: &SendTicket, kept: &mut Kept<'_>) -> Result<Answered, Failure> {
        let sent = self.call(
            &Stop::default(),
            |account| Ok(account.send_ticket(ticket.clone())),
            |ticket| kept.keep(ticket),
        )?;
        Ok(match sent {
            Called::Done(sent) => self.sent(&sent),
            Called::Failed(error) => self.not_sent(&error),
            Called::Stopped => Answered::Stopped,
        })
    }

    fn sent(&self, sent: &SentMessage) -> Answered {
        if let Some(toast) = &sent.toast {
            self.out.show_toast(toast);
        }
        Answered::Over
    }

    fn not_sent(&self, error: &Error) -> Answered {
        let what = match error {
            Error::Unconfirmed(_) => DOUBTFUL,
            _ => NOT_SENT,
        };
        self.give_up(what, error)
    }

    fn give_up(&self, what: &str, why: &impl Display) -> Answered {
        self.out.warn(&format!("{what}: {why}"));
        Answered::Over
    }

    /// Makes a call, once the service can be reached and bears it, and gives what comes on the way to
    /// `keep`. What ends a watch is a failure. Only `stop` ends a call that is under way.
    fn call<Item, Output>(
        &mut self,
        stop: &Stop,
        make: impl Fn(&Account) -> Result<Flow<Item, Output>, Error>,
        mut keep: impl FnMut(Item) -> Result<(), Failure>,
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
                    Next::Item(item) => keep(item)?,
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
                // What certainly did not happen; a send that may have is unconfirmed. Nothing else can be
                // asked meanwhile either.
                Error::Transport(_) | Error::NotSent(_) if wait <= LONGEST_WAIT => wait,
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
