//! The network between the program and the service.

use bili_im_proto::{Failure, Input, Outgoing, Sent, Seqno, Talker, http::Uri};
use bili_im_sim::Reply;

use super::{Next, Simulation, answers::UNREADABLE};
use crate::{
    laws::SentRequest,
    time::{MILLI, SECOND},
};

/// How many of 256 requests to send are delayed for long.
const DELAYED: u8 = 24;

/// How long an at-least-once ticket waits for a late request.
pub(super) const LATEST_ARRIVAL: u64 = 5 * 60 * SECOND;

/// A request to send a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dispatch {
    pub(super) send: usize,
    /// When the request left the program.
    pub(super) left: u64,
}

/// What a request asks for.
pub(super) struct RequestTarget {
    pub(super) endpoint: String,
    pub(super) talker: Option<Talker>,
    pub(super) end_seqno: Option<u64>,
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
    pub(super) fn send_out(
        &mut self,
        flow: u64,
        step: u64,
        send: Option<usize>,
        name: &'static str,
        outgoing: Outgoing,
    ) {
        let uri = outgoing.request.uri();
        let endpoint = RequestTarget::from_uri(uri).endpoint;
        let query = uri.query().unwrap_or_default().to_owned();
        let (is_nav, is_send) = (endpoint == "nav", endpoint == "send_msg");
        let is_down = self.now < self.unreachable_until;
        self.note(|| {
            let lost = if is_down { " (no network)" } else { "" };
            format!("{name} requests {endpoint}{lost} {}", short(&query))
        });
        let request = self.ledger.requests.len();
        self.ledger.requests.push(SentRequest {
            at: self.now,
            endpoint,
            clock_jumps: self.clock_jumps,
            is_read: outgoing.request.method() == "GET",
            too_fast: None,
        });
        if let Some(active) = (self.running.as_mut()).and_then(|r| r.flows.get_mut(&flow)) {
            active.request = Some(request);
        }
        if is_down {
            if is_nav {
                self.note_no_keys();
            }
            let input = Input::Failed(Failure::new(Sent::No, "connection refused"));
            return self.schedule_resume(5 * MILLI, flow, step, input);
        }
        let mut latency = self.latency();
        if is_send && self.rng.u8(..) < DELAYED {
            latency = self.delay(flow, step, &outgoing);
        }
        let left = self.now;
        let arrive = Next::Arrive {
            flow,
            step,
            send: send.map(|send| Dispatch { send, left }),
            outgoing,
        };
        self.schedule(latency, arrive);
    }

    /// Delays a request for long; the program's call times out meanwhile. Returns the delay.
    fn delay(&mut self, flow: u64, step: u64, outgoing: &Outgoing) -> u64 {
        let delay = match self.rng.u8(0..4) {
            0 => self.rng.u64(SECOND..15 * SECOND),
            1 | 2 => self.rng.u64(SECOND..LATEST_ARRIVAL),
            _ => self.rng.u64(LATEST_ARRIVAL..5 * LATEST_ARRIVAL),
        };
        self.note(|| format!("    delayed by {} s", delay / SECOND));
        let timeout = outgoing.timeout.as_micros() as u64;
        let timed_out = self.rng.u64(SECOND..=timeout);
        let input = Input::Failed(Failure::new(Sent::Maybe, "timed out"));
        self.schedule_resume(timed_out, flow, step, input);
        delay
    }

    pub(super) fn latency(&mut self) -> u64 {
        if self.rng.u8(..) < 3 && !self.ledger.is_calm {
            self.rng.u64(500 * MILLI..3 * SECOND)
        } else {
            self.rng.u64(MILLI..120 * MILLI)
        }
    }

    pub(super) fn arrive(
        &mut self,
        flow: u64,
        step: u64,
        send: Option<Dispatch>,
        outgoing: Outgoing,
    ) {
        let timeout = outgoing.timeout.as_micros() as u64;
        let target = RequestTarget::from_uri(outgoing.request.uri());
        let is_send = target.endpoint == "send_msg";
        let before = if is_send { self.newest() } else { Seqno(0) };
        let request = outgoing.request.map(Vec::from);
        let faults = self.faults_fired();
        let reply = self.service.handle(request, self.service_now());
        let is_fault = self.faults_fired() > faults;
        if is_send {
            self.note_new_messages(before, send);
        }
        if is_fault && target.endpoint == "nav" {
            self.note_no_keys();
        }
        let failed = |cause: &str| Input::Failed(Failure::new(Sent::Maybe, cause));
        let (after, input) = match reply {
            Reply::Answer(answer) => {
                let answer = if self.is_unreadable(&target) {
                    answer.map(|_| UNREADABLE.to_vec())
                } else {
                    let is_watch = self.is_watch(flow);
                    answer.map(|body| self.apply_quirks(&target, is_watch, body))
                };
                self.note_answer_sent(flow, step, &target, &answer, is_fault);
                self.note(|| {
                    let body = String::from_utf8_lossy(answer.body());
                    format!("    {} {}", answer.status().as_u16(), short(&body))
                });
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
        self.schedule_resume(after.unwrap_or(latency), flow, step, input);
    }
}

fn short(text: &str) -> String {
    text.chars().take(160).collect()
}
