//! The network between the program and the service.

use bili_im_proto::{
    Failure, Input, Outgoing, Sent, Seqno, Talker,
    http::{Response, Uri},
};
use bili_im_sim::Reply;

use super::{Next, Simulation, answers::UNREADABLE, flows::StepId};
use crate::{
    laws::SentRequest,
    time::{MILLI, SECOND},
};

/// How many of 256 requests to send are delayed for long.
const DELAYED: u8 = 24;

/// How many of 256 requests and answers are slow.
const SLOW: u8 = 3;

/// After how long the program sends an at-least-once ticket again whose message it cannot find. When
/// the first request arrives even later, the message is there twice, as it may be.
pub(super) const RESEND_AFTER: u64 = 5 * 60 * SECOND;

/// A request to send a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dispatch {
    /// The send, as an index into the ledger.
    pub(super) send: usize,
    /// When the request left the program.
    pub(super) left: u64,
}

/// What a request asks for.
pub(super) struct RequestTarget {
    /// The last segment of the path.
    pub(super) endpoint: String,
    /// The session, when the request names one.
    pub(super) talker: Option<Talker>,
    /// The page of messages ends before this one.
    pub(super) end_seqno: Option<u64>,
    /// The most items of the page; 0 when the request does not say.
    pub(super) size: u64,
}

impl RequestTarget {
    fn from_uri(uri: &Uri) -> Self {
        let number = |name: &str| {
            let mut pairs = uri
                .query()?
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name)?.1.parse::<u64>().ok()
        };
        let talker = match (number("session_type"), number("talker_id")) {
            (Some(1), Some(id)) => Some(Talker::user(id)),
            (Some(2), Some(id)) => Some(Talker::group(id)),
            _ => None,
        };
        Self {
            endpoint: uri.path().rsplit('/').next().unwrap_or_default().to_owned(),
            talker,
            end_seqno: number("end_seqno"),
            size: number("size").unwrap_or(0),
        }
    }
}

impl Simulation {
    /// A request leaves the program. Schedules its arrival, unless the network is down.
    pub(super) fn send_out(
        &mut self,
        step_id: StepId,
        send: Option<usize>,
        name: &'static str,
        outgoing: Outgoing,
    ) {
        let target = RequestTarget::from_uri(outgoing.request.uri());
        let is_send = target.endpoint == "send_msg";
        self.note_request(step_id, name, &target.endpoint, &outgoing);
        if self.is_down() {
            self.note_failed_request(&target);
            let input = Input::Failed(Failure::new(Sent::No, "connection refused"));
            return self.schedule_resume(5 * MILLI, step_id, input);
        }
        let mut latency = self.latency();
        if is_send && self.rng.u8(..) < DELAYED {
            latency = self.draw_delay();
            self.schedule_timeout(step_id, &outgoing);
        }
        let left = self.now;
        let arrive = Next::Arrive {
            step_id,
            send: send.map(|send| Dispatch { send, left }),
            target,
            outgoing,
        };
        self.schedule(latency, arrive);
    }

    /// Records a request in the history and the ledger.
    fn note_request(
        &mut self,
        step_id: StepId,
        name: &'static str,
        endpoint: &str,
        outgoing: &Outgoing,
    ) {
        let lost = if self.is_down() { " (no network)" } else { "" };
        self.note(|| {
            let query = outgoing.request.uri().query().unwrap_or_default();
            format!("{name} requests {endpoint}{lost} {}", short(query))
        });
        let request_index = self.ledger.requests.len();
        self.ledger.requests.push(SentRequest {
            at: self.now,
            endpoint: endpoint.to_owned(),
            clock_jumps: self.clock_jumps,
            is_read: outgoing.request.method() == "GET",
            too_fast: None,
        });
        if let Some(active) = (self.running.as_mut()).and_then(|r| r.flows.get_mut(&step_id.flow)) {
            active.request = Some(request_index);
        }
    }

    fn is_down(&self) -> bool {
        self.now < self.unreachable_until
    }

    /// Draws a long delay for a request.
    fn draw_delay(&mut self) -> u64 {
        let delay = match self.rng.u8(0..4) {
            0 => self.rng.u64(SECOND..15 * SECOND),
            1 | 2 => self.rng.u64(SECOND..RESEND_AFTER),
            _ => self.rng.u64(RESEND_AFTER..5 * RESEND_AFTER),
        };
        self.note(|| format!("    delayed by {} s", delay / SECOND));
        delay
    }

    /// Schedules that the call of a delayed request fails, at some time before its time-out.
    /// Whichever comes first counts: this or the answer.
    fn schedule_timeout(&mut self, step_id: StepId, outgoing: &Outgoing) {
        let timeout = outgoing.timeout.as_micros() as u64;
        let after = self.rng.u64(SECOND..=timeout);
        let input = Input::Failed(Failure::new(Sent::Maybe, "timed out"));
        self.schedule_resume(after, step_id, input);
    }

    /// Draws how long a request or an answer takes.
    pub(super) fn latency(&mut self) -> u64 {
        if self.rng.u8(..) < SLOW && !self.ledger.is_calm {
            self.rng.u64(500 * MILLI..3 * SECOND)
        } else {
            self.rng.u64(MILLI..120 * MILLI)
        }
    }

    /// A request reaches the service. Schedules what comes back to the program.
    pub(super) fn arrive(
        &mut self,
        step_id: StepId,
        send: Option<Dispatch>,
        target: &RequestTarget,
        outgoing: Outgoing,
    ) {
        let timeout = outgoing.timeout.as_micros() as u64;
        let is_send = target.endpoint == "send_msg";
        let before = if is_send { self.newest() } else { Seqno(0) };
        let request = outgoing.request.map(Vec::from);
        let faults = self.faults_fired();
        let reply = self.service.handle(request, self.service_now());
        let is_fault = self.faults_fired() > faults;
        if is_send {
            self.note_new_messages(before, send);
        }
        if is_fault {
            self.note_failed_request(target);
        }
        let failed = |cause: &str| Input::Failed(Failure::new(Sent::Maybe, cause));
        let (after, input) = match reply {
            Reply::Answer(answer) => {
                let answer = self.change_answer(step_id, target, answer, is_fault);
                (None, Input::Response(answer))
            }
            Reply::BrokenOff => (None, failed("connection reset")),
            Reply::Stalled => (Some(timeout), failed("timed out")),
            Reply::CutShort { answer, .. } => {
                let head = Some(Box::new(answer.into_parts().0));
                let cut = Failure {
                    head,
                    ..Failure::new(Sent::Maybe, "closed within the body")
                };
                (None, Input::Failed(cut))
            }
        };
        if let Input::Failed(failure) = &input {
            let cause = failure.cause.clone();
            self.note(|| format!("    {cause}"));
        }
        let latency = self.latency();
        self.schedule_resume(after.unwrap_or(latency), step_id, input);
    }

    /// Applies quirks to an answer, and records it.
    fn change_answer(
        &mut self,
        step_id: StepId,
        target: &RequestTarget,
        answer: Response<Vec<u8>>,
        is_fault: bool,
    ) -> Response<Vec<u8>> {
        let answer = if self.is_unreadable(target) {
            answer.map(|_| UNREADABLE.to_vec())
        } else {
            let is_watch = self.is_watch(step_id.flow);
            answer.map(|body| self.apply_quirks(target, is_watch, body))
        };
        self.note_answer_sent(step_id, target, &answer, is_fault);
        self.note(|| {
            let body = String::from_utf8_lossy(answer.body());
            format!("    {} {}", answer.status().as_u16(), short(&body))
        });
        answer
    }
}

fn short(text: &str) -> String {
    text.chars().take(160).collect()
}
