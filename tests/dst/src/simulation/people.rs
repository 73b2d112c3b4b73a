//! What people, the network and the machine do.

use bili_im_proto::{Image, MsgKey, SendTicket, Seqno, Talker, Text};
use bili_im_sim::{Act, Message};

use super::{Next, Simulation, flows::AnyFlow};
use crate::{
    plan::{Action, OWN, SendKind, Sending, as_ours},
    sends::{SendRecord, SendState},
    time::SECOND,
};

/// How long good signatures may be refused after keys or clocks change.
const UNSETTLED: u64 = 2 * 60 * SECOND;

/// The largest error of the service's clock, in seconds, with which polls still find everything.
const LARGEST_POLL_SKEW: i64 = 60;

/// The largest error of that clock, in seconds, with which no wait ends too early.
const LARGEST_WAIT_SKEW: i64 = 2;

impl Simulation {
    pub(super) fn perform(&mut self, action: Action) -> Result<(), String> {
        match action {
            Action::Write(message, times) => {
                for _ in 0..times {
                    self.write(&message)?;
                }
            }
            Action::Recall(nth) => self.recall(nth),
            Action::Act(act) => self.act(act),
            Action::Ack => self.ack(),
            Action::Send(sending) => self.send(&sending),
            Action::WriteTwin(nth) => self.write_twin(nth)?,
            Action::RecallSent => self.recall_sent(),
            Action::Sync => self.sync(false),
            Action::Confirm(nth) => self.confirm(nth),
            Action::SendTicket(nth) => self.send_nth_ticket(nth)?,
            Action::Cancel(nth) => self.cancel(nth),
            Action::Fault(rule) => {
                self.note(|| format!("fault {}", serde_json::to_string(&rule).unwrap_or_default()));
                (self.service.add_fault(rule)).map_err(|error| error.to_string())?;
            }
            Action::Unreadable(talker, duration) => {
                self.note(|| {
                    format!("the messages of {talker} cannot be fetched for {duration:?}")
                });
                let until = self.now + duration.as_micros() as u64;
                self.unreadable.insert(talker, until);
            }
            Action::ClearFaults => {
                self.note(|| "faults are cleared".to_owned());
                self.service.clear_faults();
            }
            Action::Unreachable(duration) => {
                self.note(|| format!("the network is down for {duration:?}"));
                self.unreachable_until = self.now + duration.as_micros() as u64;
            }
            Action::RotateKeys => {
                self.note(|| "the signing keys change".to_owned());
                // With keys that were fetched less than a minute before, this looks like risk
                // control.
                self.unsettled_until = self.now + UNSETTLED;
                self.service.rotate_keys();
            }
            Action::ServiceClock(seconds) => self.set_service_clock(seconds),
            Action::MachineClock(seconds) => {
                self.note(|| format!("the machine's clock is {seconds} s ahead"));
                self.ahead = seconds * SECOND as i64;
                // A signature with a wrong time looks like risk control.
                self.unsettled_until = self.now + UNSETTLED;
            }
            Action::Crash(away) => {
                self.crash();
                self.schedule(away.as_micros() as u64, Next::Start);
            }
            Action::CrashAtEvent(nth) => self.crash_at_event = Some(nth),
        }
        Ok(())
    }

    fn set_service_clock(&mut self, seconds: i64) {
        self.note(|| format!("the service's clock is {seconds} s ahead"));
        self.service.skew_clock(seconds);
        self.ledger.clock_was_set |= seconds.abs() > LARGEST_WAIT_SKEW;
        let ahead = u64::try_from(seconds).unwrap_or(0) * SECOND;
        self.ledger.ahead = ahead.max(self.ledger.ahead);
        // Messages written while the clock is behind look old once it is right again. So do the
        // first ones after it was ahead.
        self.has_long_lag |= seconds.abs() > LARGEST_POLL_SKEW;
    }

    pub(super) fn write(&mut self, message: &Message) -> Result<MsgKey, String> {
        let written = self.service.write(message.clone(), self.service_now());
        let (key, seqno) = written.map_err(|error| error.to_string())?;
        let (key, seqno) = (MsgKey(key.0), Seqno(seqno.0));
        self.ledger.arrived.insert(seqno, self.now);
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

    /// Writes the text of the program's n-th last send on the phone.
    fn write_twin(&mut self, nth: usize) -> Result<(), String> {
        let is_text = |send: &&SendRecord| !send.text.starts_with("https:");
        let Some(send) = self.ledger.sends.iter().rev().filter(is_text).nth(nth) else {
            return Ok(());
        };
        let (talker, text) = (send.talker, send.text.clone());
        let to = match talker {
            Talker::User(uid) => bili_im_sim::Talker::user(uid.0),
            Talker::Group(id) => bili_im_sim::Talker::group(id.0),
        };
        let key = self.write(&Message::text(OWN, to, &text))?;
        let mut twin = SendRecord::new(talker, text);
        twin.state = SendState::Elsewhere;
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

    /// Acts on a phone. The service may refuse: nobody can pin a session that does not exist.
    pub(super) fn act(&mut self, act: Act) {
        let before = self.newest();
        let text = serde_json::to_string(&act).unwrap_or_default();
        let done = self.service.act(act.clone(), self.service_now());
        if done.is_ok() {
            self.note_visibility(&act);
        }
        self.note(|| match &done {
            Ok(()) => format!("act {text}"),
            Err(error) => format!("act {text} is refused: {error}"),
        });
        self.note_new_messages(before, None);
    }

    /// Records which session an act hides or shows.
    fn note_visibility(&mut self, act: &Act) {
        let (visibility, now) = (&mut self.ledger.visibility, self.now);
        match *act {
            Act::Intercept { other, .. } if self.changes_options || !self.options.intercepted => {
                visibility.hide(Talker::user(other.0));
            }
            Act::Unintercept { other, .. } => visibility.show(Talker::user(other.0), now),
            Act::Remove { talker, .. } => visibility.remove(as_ours(talker), now),
            Act::Leave { uid, group } if uid.0 == OWN => visibility.hide(Talker::group(group.0)),
            Act::Join { uid, group } if uid.0 == OWN => {
                visibility.show(Talker::group(group.0), now)
            }
            _ => {}
        }
    }

    pub(super) fn send(&mut self, sending: &Sending) {
        let Some(account) = self.running.as_ref().map(|running| running.account.clone()) else {
            return;
        };
        let times = if sending.kind == SendKind::Twins {
            2
        } else {
            1
        };
        for _ in 0..times {
            let id = self.ledger.sends.len();
            let talker = sending.talker;
            let flow = match (
                sending.kind,
                Text::new(&*sending.text),
                Image::new(&sending.text),
            ) {
                (SendKind::Image, _, Ok(image)) => AnyFlow::Send(id, account.send(talker, image)),
                (SendKind::Ticket, Ok(text), _) => {
                    AnyFlow::Prepare(id, account.prepare_send(talker, text))
                }
                (_, Ok(text), _) => AnyFlow::Send(id, account.send(talker, text)),
                _ => return,
            };
            self.note(|| {
                format!(
                    "send {id}, {:?}, to {talker}: {}",
                    sending.kind, sending.text
                )
            });
            self.ledger
                .sends
                .push(SendRecord::new(talker, &*sending.text));
            self.start_flow(flow);
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
            self.start_flow(AnyFlow::Confirm(id, account.confirm(ticket)));
        }
    }

    fn send_nth_ticket(&mut self, nth: usize) -> Result<(), String> {
        let account = self.running.as_ref().map(|running| running.account.clone());
        let (Some(account), Some((id, ticket))) = (account, self.nth_ticket(nth)) else {
            return Ok(());
        };
        self.note(|| format!("send ticket of send {id}"));
        let state = self.ledger.sends.get(id).map(|send| send.state.clone());
        let may_send = matches!(
            state,
            Some(SendState::Prepared | SendState::Absent | SendState::Failed)
        );
        if may_send && !ticket.has_begun() {
            return self.send_ticket(id, ticket);
        }
        if ticket.has_begun() {
            self.start_flow(AnyFlow::SendUsed(id, account.send_ticket(ticket)));
        }
        Ok(())
    }

    pub(super) fn recall_sent(&mut self) {
        let sent = self
            .ledger
            .sends
            .iter()
            .rev()
            .find_map(|send| match send.state {
                SendState::Sent(key) => Some((send.talker, key)),
                _ => None,
            });
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let (Some(account), Some((talker, key))) = (account, sent) {
            self.note(|| format!("recall {key}"));
            self.start_flow(AnyFlow::Recall(account.recall(talker, key)));
        }
    }

    /// Drops the n-th of the running sends.
    pub(super) fn cancel(&mut self, nth: usize) {
        let Some(running) = &mut self.running else {
            return;
        };
        let ids = (running.flows.iter())
            .filter(|(_, active)| {
                matches!(
                    active.flow,
                    AnyFlow::Send(..) | AnyFlow::SendTicket(..) | AnyFlow::Prepare(..)
                )
            })
            .map(|(id, _)| *id);
        let Some(id) = ids.into_iter().nth(nth) else {
            return;
        };
        if let Some(active) = running.flows.remove(&id) {
            self.note(|| format!("{} is cancelled", active.flow.name()));
            self.abandon(&active.flow);
        }
    }
}
