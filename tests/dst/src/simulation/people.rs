//! What people do, and what goes wrong.

use bili_im_proto::{Image, MsgKey, SendTicket, Seqno, Talker, Text};
use bili_im_sim::{Act, Message};

use super::{Next, SECOND, Simulation, flows::AnyFlow};
use crate::{
    plan::{Deed, How, OWN, Sending, as_ours},
    sends::{End, OneSend},
};

/// How long it takes until changed keys, or another time, have got about.
const UNSETTLED: u64 = 2 * 60 * SECOND;

/// By how many seconds the service's clock may be off without a watcher passing anything over until it
/// compares all sessions.
const FAR_OFF: i64 = 60;

/// By how many seconds it may be off without any wait seeming over too early.
const SMALL: i64 = 2;

impl Simulation {
    pub(super) fn do_deed(&mut self, deed: Deed) -> Result<(), String> {
        match deed {
            Deed::Write(message, times) => {
                for _ in 0..times {
                    self.write(&message)?;
                }
            }
            Deed::Recall(nth) => self.recall(nth),
            Deed::Act(act) => self.act(act),
            Deed::Ack => self.ack(),
            Deed::Send(sending) => self.send(&sending),
            Deed::WriteTwin(nth) => self.write_twin(nth)?,
            Deed::RecallSent => self.recall_sent(),
            Deed::Confirm(nth) => self.confirm(nth),
            Deed::SendTicket(nth) => self.send_some_ticket(nth)?,
            Deed::Cancel(nth) => self.cancel(nth),
            Deed::Fault(rule) => {
                self.note(|| format!("fault {}", serde_json::to_string(&rule).unwrap_or_default()));
                (self.service.add_fault(rule)).map_err(|error| error.to_string())?;
            }
            Deed::Sick(talker, duration) => {
                self.note(|| format!("{talker} cannot be read for {duration:?}"));
                let until = self.now + duration.as_micros() as u64;
                self.sick.insert(talker, until);
            }
            Deed::ClearFaults => {
                self.note(|| "faults are lifted".to_owned());
                self.service.clear_faults();
            }
            Deed::Unreachable(duration) => {
                self.note(|| format!("nothing gets through for {duration:?}"));
                self.unreachable_until = self.now + duration.as_micros() as u64;
            }
            Deed::RotateKeys => {
                self.note(|| "keys change".to_owned());
                // Keys that changed within a minute of being fetched look like risk control.
                self.unsettled_until = self.now + UNSETTLED;
                self.service.rotate_keys();
            }
            Deed::ServiceClock(seconds) => {
                self.note(|| format!("the service's clock is {seconds} s off"));
                self.service.skew_clock(seconds);
                self.ledger.clock_was_set |= seconds.abs() > SMALL;
                let ahead = u64::try_from(seconds).unwrap_or(0) * SECOND;
                self.ledger.ahead = ahead.max(self.ledger.ahead);
                // What is written while it is behind seems old when it is right again, and so does what is
                // written next after it was ahead.
                self.is_tardy |= seconds.abs() > FAR_OFF;
            }
            Deed::MachineClock(seconds) => {
                self.note(|| format!("the machine's clock is {seconds} s off"));
                self.ahead = seconds * SECOND as i64;
                // A signature of another time looks like risk control.
                self.unsettled_until = self.now + UNSETTLED;
            }
            Deed::Crash(away) => {
                self.crash();
                self.later(away.as_micros() as u64, Next::Start);
            }
            Deed::CrashAtEvent(nth) => self.dies_at_event = Some(nth),
        }
        Ok(())
    }

    pub(super) fn write(&mut self, message: &Message) -> Result<MsgKey, String> {
        let written = self.service.write(message.clone(), self.service_now());
        let (key, seqno) = written.map_err(|error| error.to_string())?;
        let (key, seqno) = (MsgKey(key.0), Seqno(seqno.0));
        self.ledger.came.insert(seqno, self.now);
        if message.from.0 == OWN {
            self.ledger.on_phone.insert(key);
        }
        self.note(|| {
            format!(
                "{} writes {seqno} to {:?}, type {} source {}: {}",
                message.from, message.talker, message.msg_type, message.msg_source, message.content
            )
        });
        Ok(key)
    }

    /// Writes on the phone what the program sent.
    fn write_twin(&mut self, nth: usize) -> Result<(), String> {
        let is_text = |send: &&OneSend| !send.text.starts_with("https:");
        let Some(send) = self.ledger.sends.iter().rev().filter(is_text).nth(nth) else {
            return Ok(());
        };
        let (talker, text) = (send.talker, send.text.clone());
        let to = match talker {
            Talker::User(uid) => bili_im_sim::Talker::user(uid.0),
            Talker::Group(id) => bili_im_sim::Talker::group(id.0),
        };
        let key = self.write(&Message::text(OWN, to, &text))?;
        let mut twin = OneSend::new(talker, text);
        twin.end = End::Elsewhere;
        twin.made.push(key);
        self.ledger.sends.push(twin);
        Ok(())
    }

    pub(super) fn recall(&mut self, nth: usize) {
        let messages = self.service.snapshot(self.service_now()).messages;
        let mut recent = messages.iter().rev().filter(|message| {
            matches!(message.msg_type, 1 | 2) && message.msg_status == 0 && message.from.0 != 0
        });
        if let Some(message) = recent.nth(nth) {
            self.act(Act::Recall {
                uid: message.from,
                msg_key: message.msg_key,
            });
        }
    }

    pub(super) fn ack(&mut self) {
        let messages = self.service.snapshot(self.service_now()).messages;
        let talker = messages.last().map(|message| match message.talker {
            bili_im_sim::Talker::User(uid) if uid.0 == OWN => {
                bili_im_sim::Talker::User(message.from)
            }
            talker => talker,
        });
        if let Some(talker) = talker {
            let uid = bili_im_sim::Uid(OWN);
            self.act(Act::Ack {
                uid,
                talker,
                upto: None,
            });
        }
    }

    /// What cannot be done is not done: nobody pins a session that is not there.
    pub(super) fn act(&mut self, act: Act) {
        let before = self.newest();
        let said = serde_json::to_string(&act).unwrap_or_default();
        let done = self.service.act(act.clone(), self.service_now());
        if done.is_ok() {
            self.note_sight(&act);
        }
        self.note(|| match &done {
            Ok(()) => format!("act {said}"),
            Err(error) => format!("act {said} cannot be: {error}"),
        });
        self.note_new(before, None);
    }

    /// Notes which session is lost from sight by an act, or back.
    fn note_sight(&mut self, act: &Act) {
        let (sight, now) = (&mut self.ledger.sight, self.now);
        match *act {
            Act::Intercept { other, .. } if self.is_fickle || !self.options.intercepted => {
                sight.hide(Talker::user(other.0));
            }
            Act::Unintercept { other, .. } => sight.show(Talker::user(other.0), now),
            Act::Remove { talker, .. } => sight.remove(as_ours(talker), now),
            Act::Leave { uid, group } if uid.0 == OWN => sight.hide(Talker::group(group.0)),
            Act::Join { uid, group } if uid.0 == OWN => sight.show(Talker::group(group.0), now),
            _ => {}
        }
    }

    pub(super) fn send(&mut self, sending: &Sending) {
        let Some(account) = self.running.as_ref().map(|running| running.account.clone()) else {
            return;
        };
        let times = if sending.how == How::Twins { 2 } else { 1 };
        for _ in 0..times {
            let id = self.ledger.sends.len();
            let talker = sending.talker;
            let flow = match (
                sending.how,
                Text::new(&*sending.text),
                Image::new(&sending.text),
            ) {
                (How::Image, _, Ok(image)) => AnyFlow::Send(id, account.send(talker, image)),
                (How::Ticket, Ok(text), _) => {
                    AnyFlow::Prepare(id, account.prepare_send(talker, text))
                }
                (_, Ok(text), _) => AnyFlow::Send(id, account.send(talker, text)),
                _ => return,
            };
            self.note(|| {
                format!(
                    "send {id}, {:?}, to {talker}: {}",
                    sending.how, sending.text
                )
            });
            self.ledger.sends.push(OneSend::new(talker, &*sending.text));
            self.fly(flow);
        }
    }

    /// The n-th last send that has a ticket, and that ticket.
    fn nth_ticket(&self, nth: usize) -> Option<(usize, SendTicket)> {
        let sends = self.ledger.sends.iter().enumerate().rev();
        let mut tickets = sends.filter_map(|(id, send)| Some((id, send.ticket.clone()?)));
        tickets.nth(nth)
    }

    fn confirm(&mut self, nth: usize) {
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let (Some(account), Some((id, ticket))) = (account, self.nth_ticket(nth)) {
            self.note(|| format!("confirm send {id}"));
            self.fly(AnyFlow::Confirm(id, account.confirm(ticket)));
        }
    }

    fn send_some_ticket(&mut self, nth: usize) -> Result<(), String> {
        let account = self.running.as_ref().map(|running| running.account.clone());
        let (Some(account), Some((id, ticket))) = (account, self.nth_ticket(nth)) else {
            return Ok(());
        };
        self.note(|| format!("send {id} again"));
        let end = self.ledger.sends.get(id).map(|send| send.end.clone());
        let is_fresh = matches!(end, Some(End::Prepared | End::Absent | End::Failed));
        if is_fresh && !ticket.has_begun() {
            return self.send_ticket(id, ticket);
        }
        if ticket.has_begun() {
            self.fly(AnyFlow::SendUsed(id, account.send_ticket(ticket)));
        }
        Ok(())
    }

    pub(super) fn recall_sent(&mut self) {
        let sent = self
            .ledger
            .sends
            .iter()
            .rev()
            .find_map(|send| match send.end {
                End::Sent(key) => Some((send.talker, key)),
                _ => None,
            });
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let (Some(account), Some((talker, key))) = (account, sent) {
            self.note(|| format!("recall {key}"));
            self.fly(AnyFlow::Recall(account.recall(talker, key)));
        }
    }

    /// A program may drop any of its flows but, here, the one that watches.
    pub(super) fn cancel(&mut self, nth: usize) {
        let Some(running) = &mut self.running else {
            return;
        };
        let ids = (running.flows.iter())
            .filter(|(_, flying)| {
                matches!(
                    flying.flow,
                    AnyFlow::Send(..) | AnyFlow::SendTicket(..) | AnyFlow::Prepare(..)
                )
            })
            .map(|(id, _)| *id);
        let Some(id) = ids.into_iter().nth(nth) else {
            return;
        };
        if let Some(flying) = running.flows.remove(&id) {
            self.note(|| format!("{} is cancelled", flying.flow.name()));
            self.give_up(&flying.flow);
        }
    }
}
