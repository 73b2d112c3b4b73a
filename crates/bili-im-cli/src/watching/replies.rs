//! Sends the answers of a program, each at most once.

use std::fmt::Display;

use bili_im_proto::{AnswerStep, Answered, Event, Flow, Invalid, Position, SendTicket, Text};

use super::{
    cursor_file::{CursorFile, Reply},
    driven::{Driven, Next},
    event_output::EventOutput,
    stop::Stop,
};
use crate::{active_login::SharedLogin, failure::Failure, wording::Worded};

fn not_sent() -> &'static str {
    text!("an answer was not sent", "有一条回复没有发出")
}

fn doubtful() -> &'static str {
    text!(
        "an answer may or may not have been sent, and is not sent again",
        "有一条回复不知是否发出，不再重发"
    )
}

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replied {
    /// It was sent or given up.
    Finished,
    /// The user wants the program to end, and the answer still waits.
    Stopped,
}

impl Replier<'_> {
    /// Sends an answer to an event.
    pub(crate) fn answer(&mut self, event: &Event, text: String) -> Result<Replied, Failure> {
        let answer = Text::new(text)
            .map_err(Invalid::from)
            .and_then(|text| self.login.client().account().answer(event, text));
        match answer {
            Ok(answer) => self.drive(answer, false),
            Err(invalid) => Ok(self.give_up(not_sent(), &invalid.worded())),
        }
    }

    /// Finishes the answer of an earlier watch.
    pub(crate) fn settle(&mut self, ticket: SendTicket) -> Result<Replied, Failure> {
        let ticket = if self.at_least_once {
            ticket.at_least_once()
        } else {
            ticket
        };
        if ticket.has_begun() {
            self.out.warn(text!(
                "an answer may be under way: looking for it before anything else",
                "可能有一条回复还在路上，先找找它"
            ));
        }
        self.drive(self.login.client().account().settle_answer(ticket), true)
    }

    /// Sends an answer to its end. The user can end it while it waits after a failure, and, when it
    /// `is_earlier`, while it is looked for.
    fn drive(
        &mut self,
        answer: Flow<AnswerStep, Answered>,
        is_earlier: bool,
    ) -> Result<Replied, Failure> {
        let (stop, never) = (self.stop, Stop::default());
        let mut answer = Driven::new(answer, if is_earlier { stop } else { &never });
        loop {
            match answer.next(self.login) {
                Next::Item(AnswerStep::Store(ticket)) => {
                    self.store(*ticket)?;
                    // It is about to be sent.
                    answer.stop = &never;
                }
                Next::Item(AnswerStep::Waits { until, cause }) => {
                    let cause = cause.worded();
                    self.out.warn(format_text!(
                        "an answer waits: {cause}",
                        "回复在等待：{cause}"
                    ));
                    if self.stop.sleep(until.since(bili_im_ureq::now().mono)) {
                        return Ok(Replied::Stopped);
                    }
                }
                Next::Item(_) => {}
                Next::Stopped => return Ok(Replied::Stopped),
                Next::Done(result) => return Ok(self.tell(result?)),
            }
        }
    }

    fn tell(&self, answered: Answered) -> Replied {
        match answered {
            Answered::Sent { toast, .. } => {
                if let Some(toast) = &toast {
                    self.out.out.show_toast(toast);
                }
                Replied::Finished
            }
            Answered::Unconfirmed(Some(error)) => self.give_up(doubtful(), &error.worded()),
            Answered::NotSent(error) => self.give_up(not_sent(), &error.worded()),
            _ => self.give_up(doubtful(), &text!("it cannot be found", "找不到它")),
        }
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

    fn give_up(&self, what: &str, why: &impl Display) -> Replied {
        self.out
            .warn(format_text!("{what}: {why}", "{what}：{why}"));
        Replied::Finished
    }
}
