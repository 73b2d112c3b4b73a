//! What a watch does with an event: prints it, runs the program, sends its answer, stores the position.

use bili_im_proto::{Direction, Event, EventKind, WatchOptions};

use super::{
    about::About,
    cursor_file::{CursorFile, Progress},
    driven::Driven,
    exec::Exec,
    line::EventLine,
    replies::{Answered, Kept, Replies},
    stop::Stop,
};
use crate::{
    active_login::SharedLogin,
    failure::Failure,
    names::SenderNames,
    output::{Output, to_json},
};

/// Handles the events of a watch one after another, each wholly before the next.
pub(crate) struct Handler<'a> {
    pub(crate) login: SharedLogin,
    pub(crate) out: Output,
    pub(crate) stop: &'a Stop,
    pub(crate) file: Option<CursorFile>,
    pub(crate) exec: Option<Exec>,
    /// Whether the program's output is sent as an answer.
    pub(crate) replies: bool,
    pub(crate) at_least_once: bool,
    pub(crate) senders: SenderNames,
}

/// What became of an event.
enum Handled {
    /// It is handled, for good.
    Wholly,
    /// It comes again: nobody reads what is printed any more, or its answer must wait for longer than
    /// the program may go on.
    Not,
}

impl Handler<'_> {
    pub(crate) fn run(
        &mut self,
        mut progress: Progress,
        options: WatchOptions,
    ) -> Result<(), Failure> {
        if !self.settle(&mut progress)? {
            return Ok(());
        }
        let flow = (self.login.account()).watch(progress.cursor, options);
        let mut events = Driven::new(flow, self.stop);
        while let Some(event) = events.next_event(&mut self.login)? {
            let line = EventLine {
                sender_name: self.sender_name(&event),
                event: &event,
                now: bili_im_ureq::now(),
            };
            let Some(_work) = self.stop.begin_work() else {
                break;
            };
            match self.handle(&line)? {
                Handled::Wholly => {
                    if let (Some(file), Some(position)) = (&mut self.file, &event.position) {
                        file.handled(position)?;
                    }
                }
                Handled::Not => break,
            }
        }
        Ok(())
    }

    /// Finishes the answer that an earlier watch may not have finished; whether to go on.
    fn settle(&mut self, progress: &mut Progress) -> Result<bool, Failure> {
        let Some(reply) = progress.reply.take() else {
            return Ok(true);
        };
        let Some(_work) = self.stop.begin_work() else {
            return Ok(false);
        };
        if self.replies {
            let mut file = self.file.take();
            let kept = Kept {
                event: reply.event.clone(),
                position: Some(reply.position),
                file: file.as_mut(),
            };
            let answered = self.as_replies(&reply.event).settle(reply.ticket, kept);
            self.file = file;
            if answered? == Answered::Stopped {
                return Ok(false);
            }
        } else {
            self.out.warn(&format!(
                "the answer to {} was under way; without --reply-stdout it is left at that",
                reply.event
            ));
        }
        progress.cursor.advance(&reply.position);
        if let Some(file) = &mut self.file {
            file.handled(&reply.position)?;
        }
        Ok(true)
    }

    fn handle(&mut self, line: &EventLine<'_>) -> Result<Handled, Failure> {
        match line.warning() {
            Some(warning) if !self.out.is_json() => self.out.warn(&warning),
            _ if !self.out.line(line)? => return Ok(Handled::Not),
            _ => {}
        }
        let id = line.id().unwrap_or_default();
        let printed = match (&self.exec, &line.event.kind) {
            (Some(exec), EventKind::Message { .. }) => {
                let about = About {
                    out: self.out,
                    event: &id,
                };
                exec.run(to_json(line) + "\n", line.variables(), self.stop, about)?
            }
            _ => None,
        };
        match printed {
            Some(text) if line.event.answerable().is_some() => self.answer(line.event, &id, text),
            _ => Ok(Handled::Wholly),
        }
    }

    fn answer(&mut self, event: &Event, id: &str, text: String) -> Result<Handled, Failure> {
        let mut file = self.file.take();
        let kept = Kept {
            event: id.to_owned(),
            position: event.position,
            file: file.as_mut(),
        };
        let answered = self.as_replies(id).answer(event, text, kept);
        self.file = file;
        Ok(match answered? {
            Answered::Over => Handled::Wholly,
            Answered::Stopped => Handled::Not,
        })
    }

    fn as_replies<'a>(&'a mut self, event: &'a str) -> Replies<'a> {
        Replies {
            login: &mut self.login,
            stop: self.stop,
            at_least_once: self.at_least_once,
            out: About {
                out: self.out,
                event,
            },
        }
    }

    /// The sender's name, for people to read.
    fn sender_name(&mut self, event: &Event) -> Option<String> {
        match &event.kind {
            EventKind::Message {
                message,
                direction: Direction::Incoming,
                ..
            } if !self.out.is_json() => self.senders.get(message.sender, &mut self.login),
            _ => None,
        }
    }
}
