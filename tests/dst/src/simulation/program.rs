//! The program: how it starts, crashes and resumes its flows.

use std::collections::BTreeMap;

use bili_im_proto::{Account, Credential, Event, Hosts, Input, Now, Pacing, PushInput, SendTicket};

use super::{
    Next, Running, Simulation, Warnings,
    flows::{ActiveFlow, AnyFlow, Progress, StepId},
    push::PushLine,
};
use crate::{
    history::or_dash,
    laws::{Told, TooFast},
    plan::OWN,
    sends::SendState,
    time::{MILLI, SECOND},
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
            |error: serde_json::Error| format!("the stored state cannot be read: {error}");
        let cookie = bili_im_sim::Account::new(OWN).cookie();
        let login = Credential::parse(&cookie).map_err(|error| error.to_string())?;
        let origin = "http://127.0.0.1:1".parse().map_err(|_| "no origin")?;
        let mut builder = Account::builder(login, [self.starts as u8; 24])
            .hosts(Hosts::single(origin))
            .pacing(Pacing::default());
        if let Some(snapshot) = self.stored.snapshot().map_err(unreadable)? {
            builder = (builder.restore(&snapshot, self.clocks(since)))
                .map_err(|error| error.to_string())?;
        }
        let account = builder.build();
        // The account's owner has passed risk control's check meanwhile.
        account.lift_stop();
        let push = self.has_push.then(|| PushLine::new(&account));
        self.running = Some(Running {
            push,
            revision: account.revision(),
            account: account.clone(),
            since,
            flows: BTreeMap::new(),
            warnings: Warnings::default(),
        });
        let starts = self.starts;
        self.note(|| format!("start {starts}"));
        if self.changes_options && self.ledger.baseline.is_some() {
            self.change_options();
        }
        let open: Vec<(usize, SendTicket)> = (self.ledger.sends.iter().enumerate())
            .filter(|(_, send)| matches!(send.state, SendState::Cancelled | SendState::Prepared))
            .filter_map(|(id, send)| Some((id, send.ticket.clone()?)))
            .collect();
        for (id, ticket) in open {
            let flow = if self.rng.bool() {
                AnyFlow::Confirm(id, account.confirm(ticket))
            } else {
                AnyFlow::Settle(id, account.settle_answer(ticket))
            };
            self.start_flow(flow);
        }
        match self.stored.cursor().map_err(unreadable)? {
            Some(cursor) => self.start_flow(self.watch(&account, cursor)),
            None => self.start_flow(AnyFlow::Begin(account.cursor_now())),
        }
        self.resume_push(PushInput::Begin);
        Ok(())
    }

    /// Begins to read what the store lacks, unless the program does that already.
    pub(super) fn sync(&mut self, full: bool) {
        let Some(running) = &self.running else { return };
        let mut flows = running.flows.values();
        if flows.any(|active| matches!(active.flow, AnyFlow::Sync(_))) {
            return;
        }
        let account = running.account.clone();
        let (state, options) = self.kept.begin(full);
        self.note(|| format!("sync after {:?}", state.mark));
        self.start_flow(AnyFlow::Sync(account.sync(state, options)));
    }

    fn change_options(&mut self) {
        let options = self.options;
        self.options = match self.rng.u8(0..8) {
            0 => options.with_own(!options.own),
            1 => options.with_automatic(!options.automatic),
            2 => options.with_system(!options.system),
            3 => options.with_groups(!options.groups),
            // Never turned off: the watch still reads a pending intercepted session then.
            4 => options.with_intercepted(true),
            _ => options,
        };
        let options = self.options;
        self.note(|| format!("the options change: {options:?}"));
        self.ledger.options.push((self.now, options));
    }

    /// Crashes the program, if it runs.
    pub(super) fn crash(&mut self) {
        if self.running.is_some() {
            self.tally.crashes += 1;
            self.note(|| "crash".to_owned());
            self.stop();
        }
    }

    /// Stops the program at once. Its flows are lost.
    pub(super) fn stop(&mut self) {
        let running = self.running.take();
        for active in running
            .into_iter()
            .flat_map(|running| running.flows.into_values())
        {
            self.abandon(&active.flow);
        }
    }

    /// Records the state of a send whose flow is dropped.
    pub(super) fn abandon(&mut self, flow: &AnyFlow) {
        let (id, state) = match flow {
            AnyFlow::Send(id, _) | AnyFlow::SendTicket(id, _) => (*id, SendState::Cancelled),
            // Before that it only looked for its message.
            AnyFlow::Settle(id, _) if self.is_running(*id) => (*id, SendState::Cancelled),
            AnyFlow::Prepare(id, _) => (*id, SendState::Failed),
            _ => return,
        };
        if let Some(send) = self.ledger.sends.get_mut(id) {
            send.state = state;
        }
    }

    fn is_running(&self, id: usize) -> bool {
        let send = self.ledger.sends.get(id);
        send.is_some_and(|send| send.state == SendState::Running)
    }

    pub(super) fn start_flow(&mut self, flow: AnyFlow) {
        let Some(running) = &mut self.running else {
            return;
        };
        let id = self.next_flow;
        self.next_flow += 1;
        let active = ActiveFlow {
            flow,
            step: 0,
            request: None,
            waits: false,
        };
        running.flows.insert(id, active);
        self.schedule_resume(0, StepId { flow: id, step: 0 }, Input::Begin);
    }

    pub(super) fn resume(&mut self, step_id: StepId, input: Input) -> Result<(), String> {
        let Some(since) = self.running.as_ref().map(|running| running.since) else {
            return Ok(());
        };
        let now = self.clocks(since);
        let too_fast = self.note_answer_received(step_id, &input);
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let Some(active) = running
            .flows
            .get_mut(&step_id.flow)
            .filter(|f| f.step == step_id.step)
        else {
            return Ok(());
        };
        if let Some(request) = active.request.take()
            && let Some(request) = self.ledger.requests.get_mut(request)
        {
            request.too_fast = too_fast;
        }
        let progress = active.flow.resume(now, input);
        active.step += 1;
        active.waits = matches!(progress, Progress::WaitUntil(_));
        // The account is stored before the program acts on the flow's progress.
        if running.account.revision() != running.revision {
            running.revision = running.account.revision();
            let snapshot = running.account.snapshot(now);
            self.stored_ahead = self.ahead;
            (self.stored.store_snapshot(&snapshot)).map_err(|error| error.to_string())?;
        }
        self.act_on(progress, step_id.flow, now)
    }

    /// Does what a flow asks for after it was resumed.
    fn act_on(&mut self, progress: Progress, flow: u64, now: Now) -> Result<(), String> {
        let Some(active) = (self.running.as_ref()).and_then(|running| running.flows.get(&flow))
        else {
            return Ok(());
        };
        let (name, send) = (active.flow.name(), active.flow.send());
        let step_id = StepId {
            flow,
            step: active.step,
        };
        let wake_after = match progress {
            Progress::Send(outgoing) => {
                self.send_out(step_id, send, name, outgoing);
                return Ok(());
            }
            // Rounded up, since a flow must not be woken too early.
            Progress::WaitUntil(moment) => moment.since(now.mono).as_nanos().div_ceil(1000) as u64,
            Progress::Event(event) => {
                self.handle_event(event)?;
                if self.handles_slowly && self.rng.u8(..) < 12 {
                    self.rng.u64(SECOND..400 * SECOND)
                } else {
                    self.rng.u64(0..20 * MILLI)
                }
            }
            Progress::StoreTicket(send, ticket) => {
                self.store_ticket_or_crash(send, &ticket)?;
                0
            }
            Progress::Keep(step) => {
                self.kept.save(*step);
                0
            }
            Progress::Waits => 0,
            ended => {
                if let Some(running) = &mut self.running {
                    running.flows.remove(&flow);
                }
                return self.finish_flow(ended);
            }
        };
        self.schedule_resume(wake_after, step_id, Input::Woken);
        Ok(())
    }

    /// Records what the laws need from an answer that reached the program.
    fn note_answer_received(&mut self, step_id: StepId, input: &Input) -> Option<TooFast> {
        let Input::Response(answer) = input else {
            return None;
        };
        let active = self.running.as_ref()?.flows.get(&step_id.flow)?;
        if active.step != step_id.step {
            return None;
        }
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let code = body.get("code").and_then(serde_json::Value::as_i64);
        let is_accepted = code == Some(0) && body.pointer("/data/msg_key").is_some();
        if let Some(send) = active.flow.send().filter(|_| is_accepted) {
            self.ledger.accepted.insert(send);
        }
        let retry_after = answer.headers().get("retry-after");
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let is_too_fast =
            answer.status() == 429 || answer.status() == 200 && matches!(code, Some(-799 | -509));
        is_too_fast.then(|| TooFast {
            received_at: self.now,
            retry_after: seconds.unwrap_or(0) * SECOND,
        })
    }

    /// Handles an event and stores its position, or crashes before it stores it.
    pub(super) fn handle_event(&mut self, event: Event) -> Result<(), String> {
        let crashes = self.crash_at_event == Some(0) && event.id().is_some();
        let known_sent = self.is_known_sent(&event);
        self.note(|| {
            let crash = if crashes {
                " (crashes before storing it)"
            } else {
                ""
            };
            format!("  told {}: {:?}{crash}", or_dash(event.id()), event.kind)
        });
        if let Some(position) = event.position.filter(|_| !crashes) {
            (self.stored.append(&position)).map_err(|error| error.to_string())?;
            if self.rng.u8(..) < 12 {
                self.stored.compact().map_err(|error| error.to_string())?;
            }
        }
        self.ledger.told.push(Told {
            event,
            at: self.now,
            start: self.starts,
            stored: !crashes,
            known_sent,
        });
        if !crashes {
            self.crash_at_event = self.crash_at_event.map(|left| left.saturating_sub(1));
        } else {
            self.crash_at_event = None;
            self.crash();
            let after = self.rng.u64(SECOND..20 * SECOND);
            self.schedule(after, Next::Start);
        }
        Ok(())
    }

    /// Whether the program has sent the event's message, or is sending it.
    pub(super) fn is_known_sent(&self, event: &Event) -> bool {
        let bili_im_proto::EventKind::Message { message, .. } = &event.kind else {
            return false;
        };
        (self.ledger.sends.iter()).any(|send| {
            let is_being_sent =
                send.state == SendState::Running && send.made.contains(&message.msg_key);
            send.state == SendState::Sent(message.msg_key) || is_being_sent
        })
    }
}
