//! The program's push connection, and the network between it and the service.

use bili_im_proto::{Account, Cursor, Hints, PushEvent, PushInput, PushSession, PushStep};
use bili_im_sim::{PushEnd, PushId, UnixMicros};

use super::{
    Next, Simulation,
    flows::{AnyFlow, StepId},
};
use crate::time::{EPOCH, MILLI};

/// How many of 256 breaks of the network the program is not told of.
const UNTOLD: u8 = 128;

/// The push session of the running program, and its connection.
pub(super) struct PushLine {
    session: PushSession,
    /// The connection at the service, once it is open.
    id: Option<PushId>,
    /// How often a wait or an attempt to connect began. Its end counts only for the latest.
    step: u64,
    /// When the last frame reaches the other side: frames do not overtake each other.
    last_sent: u64,
    last_received: u64,
    /// When the service is looked at next for a frame that is due then.
    looks_at: Option<u64>,
}

/// What happens on a push connection.
pub(super) enum OnPush {
    /// A wait is over.
    Woken(u64),
    /// The handshake reaches the service.
    Handshake(u64, bili_im_proto::http::Request<()>),
    Connected(u64, PushId),
    /// A frame reaches the service.
    Sent(PushId, Vec<u8>),
    /// A frame reaches the program.
    Received(PushId, Vec<u8>),
    Closed(Option<PushId>, &'static str),
    /// The service may have a frame that was late.
    Look,
}

impl PushLine {
    pub(super) fn new(account: &Account) -> Self {
        Self {
            session: account.push_session(),
            id: None,
            step: 0,
            last_sent: 0,
            last_received: 0,
            looks_at: None,
        }
    }
}

impl Simulation {
    /// A watch of the running program.
    pub(super) fn watch(&self, account: &Account, cursor: Cursor) -> AnyFlow {
        let push = (self.running.as_ref()).and_then(|running| running.push.as_ref());
        let hints = push.map_or_else(Hints::new, |push| push.session.hints());
        AnyFlow::Watch(account.watch_pushed(cursor, self.options, hints))
    }

    pub(super) fn on_push(&mut self, event: OnPush) {
        let Some(push) = self
            .running
            .as_mut()
            .and_then(|running| running.push.as_mut())
        else {
            return;
        };
        let input = match event {
            OnPush::Woken(step) if step == push.step => PushInput::Woken,
            OnPush::Handshake(step, request) if step == push.step => {
                return self.handshake(step, request);
            }
            OnPush::Connected(step, id) if step == push.step => {
                push.id = Some(id);
                PushInput::Connected
            }
            OnPush::Sent(id, frame) => {
                let now = self.service_now();
                return self.service.push_receive(id, &frame, now);
            }
            OnPush::Received(id, frame) if push.id == Some(id) => {
                return self.resume_push(PushInput::Frame(&frame));
            }
            OnPush::Closed(id, cause) if push.id == id => {
                push.id = None;
                PushInput::Closed(cause.to_owned())
            }
            OnPush::Look => {
                push.looks_at = None;
                return;
            }
            _ => return,
        };
        self.resume_push(input);
    }

    /// Resumes the session until it waits.
    pub(super) fn resume_push(&mut self, input: PushInput<'_>) {
        let Some(running) = &mut self.running else {
            return;
        };
        let (Some(mut push), since) = (running.push.take(), running.since) else {
            return;
        };
        let now = self.clocks(since);
        let mut step = push.session.resume(now, input);
        loop {
            match step {
                PushStep::Connect(request) => {
                    push.step += 1;
                    let latency = self.latency();
                    let event = OnPush::Handshake(push.step, request);
                    self.schedule(latency, Next::Push(event));
                    break;
                }
                PushStep::WaitUntil(moment) => {
                    push.step += 1;
                    let wait = moment.since(now.mono).as_nanos().div_ceil(1000);
                    let wait = u64::try_from(wait).unwrap_or(u64::MAX / 2);
                    self.schedule(wait, Next::Push(OnPush::Woken(push.step)));
                    break;
                }
                PushStep::Send(frame) => {
                    if let Some(id) = push.id {
                        push.last_sent = self.after_last(push.last_sent);
                        let after = push.last_sent - self.now;
                        self.schedule(after, Next::Push(OnPush::Sent(id, frame)));
                    }
                }
                PushStep::Event(event) => self.note_push(&event),
                PushStep::Close => {
                    if let Some(id) = push.id.take() {
                        self.service.push_close(id);
                    }
                }
            }
            step = push.session.resume(now, PushInput::Woken);
        }
        if let Some(running) = &mut self.running {
            running.push = Some(push);
        }
    }

    fn after_last(&mut self, last: u64) -> u64 {
        (self.now + self.latency()).max(last)
    }

    /// Records what a session says, and wakes the watch.
    fn note_push(&mut self, event: &PushEvent) {
        self.note(|| format!("push: {event:?}"));
        self.tally.pushes += 1;
        let is_live = *event == PushEvent::Live;
        if is_live || matches!(event, PushEvent::Changed(_) | PushEvent::UnreadChanged) {
            self.ledger.hints.push(self.now);
        }
        if let PushEvent::Closed { .. } = event {
            self.ledger.push_lost.get_or_insert(self.now);
        }
        let Some(running) = &self.running else { return };
        let waiting: Vec<StepId> = (running.flows.iter())
            .filter(|(_, active)| active.waits && matches!(active.flow, AnyFlow::Watch(_)))
            .map(|(&flow, active)| StepId {
                flow,
                step: active.step,
            })
            .collect();
        for step_id in waiting {
            self.schedule_resume(0, step_id, bili_im_proto::Input::Woken);
        }
    }

    fn handshake(&mut self, step: u64, request: bili_im_proto::http::Request<()>) {
        let latency = self.latency();
        let event = if self.now < self.unreachable_until {
            OnPush::Closed(None, "no network")
        } else {
            match self.service.push_connect(request, self.service_now()) {
                Ok(id) => OnPush::Connected(step, id),
                Err(_) => OnPush::Closed(None, "refused"),
            }
        };
        self.schedule(latency, Next::Push(event));
    }

    /// Takes what the service sends now.
    pub(super) fn take_pushed(&mut self) {
        let now = self.service_now();
        let is_down = self.now < self.unreachable_until;
        let Some(push) = self
            .running
            .as_mut()
            .and_then(|running| running.push.as_mut())
        else {
            return;
        };
        let Some(id) = push.id else { return };
        let reply = self.service.push_take(id, now);
        if is_down && !reply.frames.is_empty() {
            // What is sent now is lost, and with it the connection.
            self.service.push_close(id);
            if self.rng.u8(..) >= UNTOLD {
                self.schedule(0, Next::Push(OnPush::Closed(Some(id), "no network")));
            }
            return;
        }
        let mut last = push.last_received;
        for frame in reply.frames {
            last = self.after_last(last);
            let event = OnPush::Received(id, frame);
            self.schedule(last - self.now, Next::Push(event));
        }
        if let Some(end) = reply.end {
            last = self.after_last(last);
            let cause = match end {
                PushEnd::Closed(_) => "closed",
                PushEnd::BrokenOff => "broken off",
                PushEnd::CutShort { .. } => "cut short",
            };
            let event = OnPush::Closed(Some(id), cause);
            self.schedule(last - self.now, Next::Push(event));
        }
        let next = self.service.push_next(id);
        self.look_at(last, next);
    }

    /// Looks again when the service has something that is late.
    fn look_at(&mut self, last: u64, next: Option<UnixMicros>) {
        let now = self.now;
        let Some(push) = self
            .running
            .as_mut()
            .and_then(|running| running.push.as_mut())
        else {
            return;
        };
        push.last_received = last;
        let Some(next) = next.map(|next| next.0.saturating_sub(EPOCH).max(now + MILLI)) else {
            return;
        };
        if push.looks_at.is_none_or(|at| next < at) {
            push.looks_at = Some(next);
            self.schedule(next - now, Next::Push(OnPush::Look));
        }
    }
}
