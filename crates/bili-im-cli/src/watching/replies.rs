//! Answers, each sent once at most.

use std::{fmt::Display, time::Duration};

use bili_im_proto::{Confirmation, Error, Event, RefusalKind, SendTicket, SentMessage, Text};
use bili_im_ureq::Client;

use super::{About, CursorFile, Stop, cursor_file::Reply};
use crate::{failure::Failure, session::SharedSession};

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
    pub(crate) session: &'a mut SharedSession,
    pub(crate) stop: &'a Stop,
    pub(crate) out: About<'a>,
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
        let mut is_absent = false;
        let settled = self.call(|client| match client.confirm(ticket.clone())? {
            Confirmation::Sent(_) => Ok(Some(None)),
            // At once, before another process of the account says that its ticket was used.
            Confirmation::Absent => {
                is_absent = true;
                client.send_ticket(ticket.clone()).map(Some).map(Some)
            }
            _ => Ok(None),
        })?;
        Ok(match settled {
            Called::Done(Some(sent)) => self.sent(sent.as_ref()),
            Called::Done(None) => self.give_up(DOUBTFUL, &"it cannot be told from another message"),
            Called::Failed(error) if is_absent => self.not_sent(&error),
            // It is another account's.
            Called::Failed(Error::Invalid(invalid)) => return Err(invalid.into()),
            Called::Failed(error) => self.give_up(DOUBTFUL, &error),
            Called::Stopped => Answered::Stopped,
        })
    }

    fn send(&mut self, ticket: &SendTicket) -> Result<Answered, Failure> {
        Ok(
            match self.call(|client| client.send_ticket(ticket.clone()))? {
                Called::Done(sent) => self.sent(Some(&sent)),
                Called::Failed(error) => self.not_sent(&error),
                Called::Stopped => Answered::Stopped,
            },
        )
    }

    fn sent(&self, sent: Option<&SentMessage>) -> Answered {
        if let Some(toast) = sent.and_then(|sent| sent.toast.as_ref()) {
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

    /// Makes a call, once the service can be reached and bears it. What ends a watch is a failure.
    fn call<T>(
        &mut self,
        mut call: impl FnMut(&Client) -> Result<T, Error>,
    ) -> Result<Called<T>, Failure> {
        let mut wait = FIRST_WAIT;
        let mut patience = PATIENCE;
        loop {
            let error = match self.session.at_work(|session| call(session.client())) {
                Ok(done) => return Ok(Called::Done(done)),
                Err(error) => error,
            };
            let pause = match &error {
                Error::RateLimited(limited) if limited.retry_after <= patience => {
                    let pause = limited.retry_after.max(FIRST_WAIT);
                    patience = patience.saturating_sub(pause);
                    pause
                }
                // What certainly did not happen; a send that may have is unconfirmed. Nothing else can be
                // asked meanwhile either.
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
