//! The program: what it does with what it is told.

use std::collections::BTreeMap;

use bili_im_proto::{
    Account, Confirmation, Credential, Cursor, Error, Event, Hosts, Input, Pacing, SendTicket,
    Seqno, Uid,
};

use super::{
    MILLI, Next, Running, SECOND, Simulation, Warnings,
    flows::{AnyFlow, Did, Flying},
};
use crate::{
    history::or_dash,
    laws::{Told, TooFast},
    plan::OWN,
    sends::End,
};

impl Simulation {
    pub(super) fn start(&mut self) -> Result<(), String> {
        if self.running.is_some() {
            return Ok(());
        }
        self.starts += 1;
        self.clock_jumps += u32::from(self.stored_ahead != self.ahead);
        let since = self.now;
        let unreadable =
            |error: serde_json::Error| format!("what was stored cannot be read: {error}");
        let login = Credential::new(&format!("sim-{OWN}"), &format!("{OWN:032}"), Uid(OWN))
            .map_err(|error| error.to_string())?;
        let origin = "http://127.0.0.1:1".parse().map_err(|_| "no origin")?;
        let mut builder = Account::builder(login, [self.starts as u8; 24])
            .hosts(Hosts::single(origin))
            .pacing(Pacing::default());
        if let Some(snapshot) = self.stored.snapshot().map_err(unreadable)? {
            builder = (builder.restore(&snapshot, self.clocks(since)))
                .map_err(|error| error.to_string())?;
        }
        let account = builder.build();
        // Its owner has been to the site meanwhile.
        account.lift_stop();
        self.running = Some(Running {
            revision: account.revision(),
            account: account.clone(),
            since,
            flows: BTreeMap::new(),
            warnings: Warnings::default(),
        });
        let starts = self.starts;
        self.note(|| format!("start {starts}"));
        if self.is_fickle && self.ledger.begun.is_some() {
            self.change_options();
        }
        let open: Vec<(usize, SendTicket)> = (self.ledger.sends.iter().enumerate())
            .filter(|(_, send)| matches!(send.end, End::Cancelled | End::Prepared))
            .filter_map(|(id, send)| Some((id, send.ticket.clone()?)))
            .collect();
        for (id, ticket) in open {
            self.fly(AnyFlow::Confirm(id, account.confirm(ticket)));
        }
        match self.stored.cursor().map_err(unreadable)? {
            Some(cursor) => self.fly(AnyFlow::Watch(account.watch(cursor, self.options))),
            None => self.fly(AnyFlow::Begin(account.cursor_now())),
        }
        Ok(())
    }

    fn change_options(&mut self) {
        let options = self.options;
        self.options = match self.rng.u8(0..8) {
            0 => options.with_own(!options.own),
            1 => options.with_automatic(!options.automatic),
            2 => options.with_system(!options.system),
            3 => options.with_groups(!options.groups),
            // Not off: an intercepted session that is pending is read on, whatever is asked for now.
            4 => options.with_intercepted(true),
            _ => options,
        };
        let options = self.options;
        self.note(|| format!("{options:?}"));
        self.ledger.options.push((self.now, options));
    }

    /// Dies, whatever it was doing.
    pub(super) fn crash(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.tally.crashes += 1;
        self.note(|| "crash".to_owned());
        for flying in running.flows.into_values() {
            self.give_up(&flying.flow);
        }
    }

    pub(super) fn give_up(&mut self, flow: &AnyFlow) {
        let (id, end) = match flow {
            AnyFlow::Send(id, _) | AnyFlow::SendTicket(id, _) => (*id, End::Cancelled),
            AnyFlow::Prepare(id, _) => (*id, End::Failed),
            _ => return,
        };
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.end = end;
        }
    }

    pub(super) fn fly(&mut self, flow: AnyFlow) {
        let Some(running) = &mut self.running else {
            return;
        };
        let id = self.next_flow;
        self.next_flow += 1;
        let flying = Flying {
            flow,
            ticket: 0,
            asked: None,
        };
        running.flows.insert(id, flying);
        let input = Input::Begin;
        let resume = Next::Resume {
            flow: id,
            ticket: 0,
            input,
        };
        self.later(0, resume);
    }

    pub(super) fn resume(&mut self, id: u64, ticket: u64, input: Input) -> Result<(), String> {
        let Some(since) = self.running.as_ref().map(|running| running.since) else {
            return Ok(());
        };
        let now = self.clocks(since);
        let heard = self.hear(id, ticket, &input);
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let Some(flying) = running.flows.get_mut(&id).filter(|f| f.ticket == ticket) else {
            return Ok(());
        };
        if let Some(asked) = flying.asked.take()
            && let Some(asked) = self.ledger.requests.get_mut(asked)
        {
            asked.too_fast = heard;
        }
        let did = flying.flow.resume(now, input);
        flying.ticket += 1;
        let ticket = flying.ticket;
        let name = flying.flow.name();
        let send = flying.flow.send();
        // What there is to store is stored before anything follows from it.
        if running.account.revision() != running.revision {
            running.revision = running.account.revision();
            let snapshot = running.account.snapshot(now);
            self.stored_ahead = self.ahead;
            (self.stored.store_snapshot(&snapshot)).map_err(|error| error.to_string())?;
        }
        let woken = Next::Resume {
            flow: id,
            ticket,
            input: Input::Woken,
        };
        match did {
            Did::Sends(outgoing) => self.send_out(id, ticket, send, name, outgoing),
            Did::Waits(moment) => {
                // Not too early by a fraction.
                let after = moment.since(now.mono).as_nanos().div_ceil(1000) as u64;
                self.later(after, woken);
            }
            Did::Tells(event) => {
                self.take(event)?;
                let after = if self.is_slow && self.rng.u8(..) < 12 {
                    self.rng.u64(SECOND..400 * SECOND)
                } else {
                    self.rng.u64(0..20 * MILLI)
                };
                self.later(after, woken);
            }
            Did::Keeps(send, ticket) => {
                self.keep(send, &ticket)?;
                self.later(0, woken);
            }
            ended => {
                if let Some(running) = &mut self.running {
                    running.flows.remove(&id);
                }
                self.end(ended)?;
            }
        }
        Ok(())
    }

    /// Notes what an answer says that the laws are about.
    pub(super) fn hear(&mut self, id: u64, ticket: u64, input: &Input) -> Option<TooFast> {
        let Input::Response(answer) = input else {
            return None;
        };
        let flying = self.running.as_ref()?.flows.get(&id)?;
        if flying.ticket != ticket {
            return None;
        }
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let code = body.get("code").and_then(serde_json::Value::as_i64);
        let is_taken = code == Some(0) && body.pointer("/data/msg_key").is_some();
        if let Some(send) = flying.flow.send().filter(|_| is_taken) {
            self.ledger.accepted.insert(send);
        }
        let retry_after = answer.headers().get("retry-after");
        let asked = retry_after.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let is_too_fast =
            answer.status() == 429 || answer.status() == 200 && matches!(code, Some(-799 | -509));
        is_too_fast.then(|| TooFast {
            heard_at: self.now,
            asked: asked.unwrap_or(0) * SECOND,
        })
    }

    /// Handles an event, and stores that it did.
    pub(super) fn take(&mut self, event: Event) -> Result<(), String> {
        let dies = self.dies_at_event == Some(0) && event.id().is_some();
        let known_sent = self.is_known_sent(&event);
        self.note(|| {
            let died = if dies {
                ", and dies before storing that"
            } else {
                ""
            };
            format!("  told {}: {:?}{died}", or_dash(event.id()), event.kind)
        });
        if let Some(position) = event.position.filter(|_| !dies) {
            (self.stored.append(&position)).map_err(|error| error.to_string())?;
            if self.rng.u8(..) < 12 {
                self.stored.compact().map_err(|error| error.to_string())?;
            }
        }
        self.ledger.told.push(Told {
            event,
            at: self.now,
            start: self.starts,
            stored: !dies,
            known_sent,
        });
        if !dies {
            self.dies_at_event = self.dies_at_event.map(|left| left.saturating_sub(1));
        } else {
            self.dies_at_event = None;
            self.crash();
            let after = self.rng.u64(SECOND..20 * SECOND);
            self.later(after, Next::Start);
        }
        Ok(())
    }

    pub(super) fn is_known_sent(&self, event: &Event) -> bool {
        let bili_im_proto::EventKind::Message { message, .. } = &event.kind else {
            return false;
        };
        (self.ledger.sends.iter()).any(|send| {
            let is_out = send.end == End::Running && send.made.contains(&message.key);
            send.end == End::Sent(message.key) || is_out
        })
    }

    pub(super) fn end(&mut self, ended: Did) -> Result<(), String> {
        match ended {
            Did::Began(Ok(cursor)) => self.begin(cursor),
            Did::Began(Err(error)) => {
                self.note(|| format!("no cursor: {error}"));
                self.try_again_later(&error)
            }
            Did::Ended(error) => {
                self.note(|| format!("the watch ended: {error}"));
                self.try_again_later(&error)
            }
            Did::Prepared(id, Ok(ticket)) => {
                let is_at_least_once = self.rng.u8(..) < 80;
                if let Some(send) = self.ledger.sends.get_mut(id) {
                    send.is_at_least_once = is_at_least_once;
                }
                let ticket = if is_at_least_once {
                    ticket.at_least_once()
                } else {
                    ticket
                };
                if self.rng.u8(..) < 64 {
                    // It is sent later, or never.
                    self.set_end(id, End::Prepared);
                    return self.store_ticket(id, &ticket);
                }
                self.send_ticket(id, ticket)
            }
            Did::Prepared(id, Err(error)) => {
                self.note(|| format!("send {id} was not prepared: {error}"));
                self.set_end(id, End::Failed);
                Ok(())
            }
            Did::Sent(id, result) => {
                self.note(|| format!("send {id}: {result:?}"));
                let end = match result {
                    Ok(sent) => End::Sent(sent.msg_key),
                    Err(Error::Unconfirmed(_)) => End::Unconfirmed,
                    Err(_) => End::Failed,
                };
                self.set_end(id, end);
                Ok(())
            }
            Did::Confirmed(id, result) => {
                self.note(|| format!("send {id} is confirmed: {result:?}"));
                match result {
                    Ok(confirmation) => self.note_confirmation(id, confirmation),
                    Err(_) => Ok(()),
                }
            }
            Did::SentAgain(id) => Err(format!("send {id} may leave again with a used ticket")),
            _ => Ok(()),
        }
    }

    pub(super) fn begin(&mut self, cursor: Cursor) -> Result<(), String> {
        let cursor = match self.capacity {
            Some(capacity) => cursor.with_capacity(capacity),
            None => cursor,
        };
        (self.stored.store_cursor(&cursor)).map_err(|error| error.to_string())?;
        let messages = self.service.snapshot(self.service_now()).messages;
        let newest = messages.last().map(|message| Seqno(message.msg_seqno.0));
        let first_list = self.ledger.first_list.clone();
        let forgets = self.capacity.is_some();
        self.ledger.begun = Some(first_list.with(newest.unwrap_or_default(), forgets));
        self.note(|| format!("the watch begins after message {}", or_dash(newest)));
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let Some(account) = account {
            self.fly(AnyFlow::Watch(account.watch(cursor, self.options)));
        }
        Ok(())
    }

    /// Only what its owner must see to ends a watch.
    pub(super) fn try_again_later(&mut self, error: &Error) -> Result<(), String> {
        let is_right = (self.running.as_ref())
            .is_some_and(|running| running.warnings.explain(error, self.now));
        if self.ledger.begun.is_some() && !is_right {
            return Err(format!("the watch ended: {error}"));
        }
        self.crash();
        self.later(60 * SECOND, Next::Start);
        Ok(())
    }

    pub(super) fn set_end(&mut self, id: usize, end: End) {
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.end = end;
        }
    }

    fn note_confirmation(&mut self, id: usize, found: Confirmation) -> Result<(), String> {
        let before = self.ledger.sends.get(id).map(|send| send.end.clone());
        match (before, found) {
            (Some(End::Sent(key)), found) if found != Confirmation::Sent(key) => {
                Err(format!("send {id} was {key} and is {found:?} now"))
            }
            (Some(End::Running), Confirmation::Absent(_)) => {
                Err(format!("send {id} is absent while its flow is at work"))
            }
            // What it comes to is told by its flow.
            (Some(End::Running), _) => Ok(()),
            (_, Confirmation::Sent(key)) => {
                self.set_end(id, End::Sent(key));
                Ok(())
            }
            (_, Confirmation::Absent(ticket)) => {
                self.set_end(id, End::Absent);
                if self.rng.bool() {
                    return self.send_ticket(id, *ticket);
                }
                self.store_ticket(id, &ticket)
            }
            // What is certain stays so.
            (Some(End::Failed | End::Prepared | End::Absent), _) => Ok(()),
            _ => {
                self.set_end(id, End::CannotTell);
                Ok(())
            }
        }
    }

    /// Stores a ticket and sends it.
    pub(super) fn send_ticket(&mut self, id: usize, ticket: SendTicket) -> Result<(), String> {
        self.store_ticket(id, &ticket)?;
        self.set_end(id, End::Running);
        let account = self.running.as_ref().map(|running| running.account.clone());
        if let Some(account) = account {
            self.fly(AnyFlow::SendTicket(id, account.send_ticket(ticket)));
        }
        Ok(())
    }

    /// Stores a ticket as its flow hands it out, and may die before or after that.
    fn keep(&mut self, id: usize, ticket: &SendTicket) -> Result<(), String> {
        let dies = self.rng.u8(..);
        if dies >= 4 {
            self.store_ticket(id, ticket)?;
        }
        if dies < 12 {
            self.crash();
            let after = self.rng.u64(SECOND..20 * SECOND);
            self.later(after, Next::Start);
        }
        Ok(())
    }

    fn store_ticket(&mut self, id: usize, ticket: &SendTicket) -> Result<(), String> {
        let stored = serde_json::to_string(ticket).map_err(|error| error.to_string())?;
        let ticket = serde_json::from_str(&stored).map_err(|error| error.to_string())?;
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.ticket = Some(ticket);
        }
        Ok(())
    }
}
