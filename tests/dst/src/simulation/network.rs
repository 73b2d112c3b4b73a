//! The network and the service.

use bili_im_proto::{
    Failure, Input, MsgKey, Outgoing, Sent, Seqno, Talker,
    http::{Response, Uri},
};
use bili_im_sim::{MessageState, Reply};
use serde_json::Value;

use super::{EPOCH, MILLI, Next, SECOND, Simulation, flows::AnyFlow, warnings::Warning};
use crate::{begun::Begun, laws::Asked};

/// Of how many requests of 256 to send something on the way keeps one for long.
const HELD_BACK: u8 = 24;

/// How long after it left a request counts as one that may arrive.
const LATEST_ARRIVAL: u64 = 5 * 60 * SECOND;

/// A request to send a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dispatch {
    pub(super) send: usize,
    /// When it left.
    left: u64,
}

/// What a session that cannot be read answers.
const REFUSED: &[u8] = br#"{"code":-500,"message":"-500","ttl":1}"#;

/// What a request is for.
pub(super) struct AskedFor {
    endpoint: String,
    pub(super) talker: Option<Talker>,
    pub(super) end_seqno: Option<u64>,
    pub(super) size: u64,
}

impl AskedFor {
    fn by_uri(uri: &Uri) -> Self {
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
        ticket: u64,
        send: Option<usize>,
        name: &'static str,
        outgoing: Outgoing,
    ) {
        let uri = outgoing.request.uri();
        let endpoint = AskedFor::by_uri(uri).endpoint;
        let query = uri.query().unwrap_or_default().to_owned();
        let is_down = self.now < self.unreachable_until;
        self.note(|| {
            let lost = if is_down {
                ", which does not get out"
            } else {
                ""
            };
            format!("{name} asks {endpoint}{lost} {}", short(&query))
        });
        let asked = self.ledger.requests.len();
        self.ledger.requests.push(Asked {
            at: self.now,
            name: endpoint,
            clock_jumps: self.clock_jumps,
            is_read: outgoing.request.method() == "GET",
            too_fast: None,
        });
        if let Some(flying) = (self.running.as_mut()).and_then(|r| r.flows.get_mut(&flow)) {
            flying.asked = Some(asked);
        }
        if is_down {
            if self
                .ledger
                .requests
                .last()
                .is_some_and(|asked| asked.name == "nav")
            {
                self.note_no_keys();
            }
            let input = Input::Failed(Failure::new(Sent::No, "connection refused"));
            self.later(
                5 * MILLI,
                Next::Resume {
                    flow,
                    ticket,
                    input,
                },
            );
            return;
        }
        let mut latency = self.latency();
        let is_send = AskedFor::by_uri(outgoing.request.uri()).endpoint == "send_msg";
        if is_send && self.rng.u8(..) < HELD_BACK {
            latency = self.hold_back(flow, ticket, &outgoing);
        }
        let left = self.now;
        let arrive = Next::Arrive {
            flow,
            ticket,
            send: send.map(|send| Dispatch { send, left }),
            outgoing,
        };
        self.later(latency, arrive);
    }

    /// Something on the way keeps a request for long, whatever becomes of the program that made it. The
    /// program gives it up meanwhile. Gives for how long.
    fn hold_back(&mut self, flow: u64, ticket: u64, outgoing: &Outgoing) -> u64 {
        let held = match self.rng.u8(0..4) {
            0 => self.rng.u64(SECOND..15 * SECOND),
            1 | 2 => self.rng.u64(SECOND..LATEST_ARRIVAL),
            _ => self.rng.u64(LATEST_ARRIVAL..5 * LATEST_ARRIVAL),
        };
        self.note(|| format!("    held back for {} s", held / SECOND));
        let timeout = outgoing.timeout.as_micros() as u64;
        let given_up = self.rng.u64(SECOND..=timeout);
        let input = Input::Failed(Failure::new(Sent::Maybe, "timed out"));
        let resume = Next::Resume {
            flow,
            ticket,
            input,
        };
        self.later(given_up, resume);
        held
    }

    pub(super) fn latency(&mut self) -> u64 {
        if self.rng.u8(..) < 3 {
            self.rng.u64(500 * MILLI..3 * SECOND)
        } else {
            self.rng.u64(MILLI..120 * MILLI)
        }
    }

    pub(super) fn arrive(
        &mut self,
        flow: u64,
        ticket: u64,
        send: Option<Dispatch>,
        outgoing: Outgoing,
    ) {
        let timeout = outgoing.timeout.as_micros() as u64;
        let asked = AskedFor::by_uri(outgoing.request.uri());
        let is_send = asked.endpoint == "send_msg";
        let before = if is_send { self.newest() } else { Seqno(0) };
        let request = outgoing.request.map(Vec::from);
        let faults = self.faults_fired();
        let reply = self.service.handle(request, self.service_now());
        let is_fault = self.faults_fired() > faults;
        if is_send {
            self.note_new(before, send);
        }
        if is_fault && asked.endpoint == "nav" {
            self.note_no_keys();
        }
        let failed = |cause: &str| Input::Failed(Failure::new(Sent::Maybe, cause));
        let (after, input) = match reply {
            Reply::Answer(answer) => {
                let answer = if self.is_sick(&asked) {
                    answer.map(|_| REFUSED.to_vec())
                } else {
                    let is_watch = self.is_watch(flow);
                    answer.map(|body| self.changed(&asked, is_watch, body))
                };
                self.heed(flow, ticket, &asked, &answer, is_fault);
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
        let resume = Next::Resume {
            flow,
            ticket,
            input,
        };
        self.later(after.unwrap_or(latency), resume);
    }

    /// Notes what an answer says that the laws depend on, if anybody waits for it still.
    fn heed(
        &mut self,
        flow: u64,
        ticket: u64,
        asked: &AskedFor,
        answer: &Response<Vec<u8>>,
        is_fault: bool,
    ) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Some(flying) = (running.flows.get(&flow)).filter(|flying| flying.ticket == ticket)
        else {
            return;
        };
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let has_voucher = answer.headers().contains_key("x-bili-gaia-vvoucher");
        match Warning::of(&body, has_voucher) {
            Some(warning) if is_fault || self.now < self.unsettled_until => {
                running.warnings.note(warning, self.now);
            }
            Some(Warning::Risk) => running.warnings.note_wrong_signature(self.now),
            _ => {}
        }
        let is_messages = asked.endpoint == "fetch_session_msgs";
        match (&flying.flow, asked.talker, &mut self.ledger.begun) {
            (AnyFlow::Begin(_), ..) if asked.endpoint == "new_sessions" => {
                let clock = self
                    .service
                    .clock(bili_im_sim::UnixMicros(EPOCH + self.now));
                self.ledger.first_list = Begun::by_list(&body, clock.now.as_secs());
            }
            (AnyFlow::Watch(_), Some(talker), Some(begun)) if is_messages => {
                begun.sight(talker, &body);
            }
            _ => {}
        }
    }

    fn note_no_keys(&mut self) {
        if let Some(running) = &mut self.running {
            running.warnings.note_no_keys(self.now);
        }
    }

    fn is_watch(&self, flow: u64) -> bool {
        let flying = self
            .running
            .as_ref()
            .and_then(|running| running.flows.get(&flow));
        flying.is_some_and(|flying| matches!(flying.flow, AnyFlow::Watch(_)))
    }

    /// The body of an answer, with the quirks of this run.
    fn changed(&mut self, asked: &AskedFor, is_watch: bool, body: Vec<u8>) -> Vec<u8> {
        const LATE: u64 = 50 * SECOND;
        let is_page = asked.endpoint == "fetch_session_msgs";
        let is_list = matches!(&*asked.endpoint, "new_sessions" | "get_sessions");
        if self.quirks.are_none() || !is_page && !is_list {
            return body;
        }
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            return body;
        };
        if is_page {
            let begun = self.ledger.begun.as_ref();
            let is_known = |talker| begun.is_some_and(|begun| begun.knows(talker));
            let quirks = &mut self.quirks;
            quirks.change_page(asked, &mut answer, is_watch, is_known, self.now);
        } else {
            let (came, now) = (&self.ledger.came, self.now);
            let is_fresh = |seqno| {
                came.get(&Seqno(seqno))
                    .is_some_and(|came| now < came + LATE)
            };
            self.quirks.change_list(&mut answer, is_fresh);
        }
        answer.to_string().into_bytes()
    }

    fn faults_fired(&self) -> u64 {
        self.service.faults().iter().map(|fault| fault.fired).sum()
    }

    /// Whether it is the messages of a session that cannot be read now.
    fn is_sick(&self, asked: &AskedFor) -> bool {
        let until = asked.talker.and_then(|talker| self.sick.get(&talker));
        asked.endpoint == "fetch_session_msgs" && until.is_some_and(|until| self.now < *until)
    }

    /// The newest message of all.
    pub(super) fn newest(&self) -> Seqno {
        let messages = self.service.snapshot(self.service_now()).messages;
        (messages.last()).map_or(Seqno(0), |message| Seqno(message.msg_seqno.0))
    }

    /// Notes the messages that a request made.
    pub(super) fn note_new(&mut self, before: Seqno, sending: Option<Dispatch>) {
        let messages = self.service.snapshot(self.service_now()).messages;
        for message in messages.iter().filter(|m| m.msg_seqno.0 > before.0) {
            self.ledger
                .came
                .insert(Seqno(message.msg_seqno.0), self.now);
            let sending = sending.filter(|_| matches!(message.msg_type, 1 | 2));
            if let Some(Dispatch { send, left }) = sending
                && let Some(send) = self.ledger.sends.get_mut(send)
            {
                send.made.push(MsgKey(message.msg_key.0));
                let is_late = self.now >= left + LATEST_ARRIVAL || self.ledger.clock_was_set;
                send.late += usize::from(is_late && send.is_at_least_once);
            }
            self.note(|| format!("    there is message {}", shown(message)));
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(160).collect()
}

fn shown(message: &MessageState) -> String {
    format!(
        "{} from {} to {:?}, type {}: {}",
        message.msg_seqno, message.from, message.talker, message.msg_type, message.content
    )
}
