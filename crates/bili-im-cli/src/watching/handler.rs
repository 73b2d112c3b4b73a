//! Handles the events of a watch: prints, runs the program, answers, and stores the position.

use bili_im_archive::{Archive, ArchiveError};
use bili_im_proto::{Direction, Event, EventKind, Position, Uid, WatchOptions};

use super::{
    cursor_file::{CursorFile, Progress},
    driven::Driven,
    event_output::EventOutput,
    exec::Exec,
    line::EventLine,
    push::{PushChoice, Pushed},
    replies::{Replied, Replier},
    stop::Stop,
};
use crate::{
    active_login::SharedLogin,
    failure::Failure,
    names::SenderNames,
    output::{Output, to_json},
};

/// Handles one event after another.
pub(crate) struct Handler<'a> {
    pub(crate) login: SharedLogin,
    pub(crate) out: Output,
    pub(crate) stop: &'a Stop,
    pub(crate) file: Option<CursorFile>,
    pub(crate) exec: Option<Exec>,
    /// Whether the program's output is sent as an answer.
    pub(crate) replies: bool,
    pub(crate) at_least_once: bool,
    /// Whether to show what happens on the push connection.
    pub(crate) verbose: bool,
    pub(crate) senders: SenderNames,
    /// Where to keep what is told.
    pub(crate) archive: Option<(Archive, Uid)>,
}

/// Whether the watch goes on after an event.
enum Handled {
    /// The event is handled. Its position can be stored.
    Yes,
    /// The event is not handled, and the watch ends: stdout is closed, or the user wants the
    /// program to end while an answer waits. The event comes again in the next watch.
    No,
}

impl Handler<'_> {
    pub(crate) fn run(
        &mut self,
        mut progress: Progress,
        options: WatchOptions,
    ) -> Result<(), Failure> {
        if !self.finish_earlier_answer(&mut progress)? {
            return Ok(());
        }
        let choice = PushChoice {
            is_wanted: options.push,
            verbose: self.verbose,
        };
        let mut pushed = Pushed::open(&self.login, choice, self.stop, self.out);
        let account = self.login.client().account();
        let flow = account.watch_pushed(progress.cursor, options, pushed.hints());
        let mut events = Driven::new(flow, self.stop);
        while let Some(event) = events.next_event(&mut self.login)? {
            if pushed.note(&event.kind) {
                continue;
            }
            let line = EventLine {
                sender_name: self.sender_name(&event),
                event: &event,
                now: bili_im_ureq::now(),
            };
            let Some(_work) = self.stop.begin_work() else {
                break;
            };
            if let Some((archive, own)) = &mut self.archive {
                // Another process that writes does not end the watch.
                while let Err(error) = archive.save_event(*own, &event) {
                    if !matches!(error, ArchiveError::Busy) || self.stop.is_asked() {
                        return Err(error.into());
                    }
                }
            }
            match self.handle(&line)? {
                Handled::Yes => {
                    if let (Some(file), Some(position)) = (&mut self.file, &event.position) {
                        file.handled(position)?;
                    }
                }
                Handled::No => break,
            }
        }
        Ok(())
    }

    /// Finishes an answer of an earlier watch. Returns whether the watch goes on.
    fn finish_earlier_answer(&mut self, progress: &mut Progress) -> Result<bool, Failure> {
        let Some(reply) = progress.reply.take() else {
            return Ok(true);
        };
        let Some(_work) = self.stop.begin_work() else {
            return Ok(false);
        };
        if self.replies {
            let mut replier = self.replier(&reply.event, Some(reply.position));
            let answered = replier.settle(reply.ticket)?;
            if answered == Replied::Stopped {
                return Ok(false);
            }
        } else {
            self.out.warn(format_text!(
                "the answer to {} was under way; without --reply-stdout it is not finished",
                "给 {} 的回复发到一半；没有 --reply-stdout，不再继续",
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
            _ if !self.out.line(line)? => return Ok(Handled::No),
            _ => {}
        }
        let id = line.id().unwrap_or_default();
        let printed = match (&self.exec, &line.event.kind) {
            (Some(exec), EventKind::Message { .. }) => {
                let out = EventOutput {
                    out: self.out,
                    event: &id,
                };
                exec.run(to_json(line) + "\n", line.variables(), self.stop, out)?
            }
            _ => None,
        };
        let Some(text) = printed.filter(|_| line.event.answerable().is_some()) else {
            return Ok(Handled::Yes);
        };
        let mut replier = self.replier(&id, line.event.position);
        Ok(match replier.answer(line.event, text)? {
            Replied::Finished => Handled::Yes,
            Replied::Stopped => Handled::No,
        })
    }

    fn replier<'a>(&'a mut self, event: &'a str, position: Option<Position>) -> Replier<'a> {
        Replier {
            login: &mut self.login,
            stop: self.stop,
            out: EventOutput {
                out: self.out,
                event,
            },
            at_least_once: self.at_least_once,
            file: self.file.as_mut(),
            position,
        }
    }

    /// The sender's name. JSON has the number only.
    fn sender_name(&mut self, event: &Event) -> Option<String> {
        match &event.kind {
            EventKind::Message {
                message,
                direction: Direction::Incoming,
                ..
            } if !self.out.is_json() => self.senders.get(message.sender_uid, &mut self.login),
            _ => None,
        }
    }
}
