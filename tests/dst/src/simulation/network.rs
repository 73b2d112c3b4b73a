//! The network and the service.

use bili_im_proto::{Failure, Input, MsgKey, Outgoing, Sent, Seqno};
use bili_im_sim::{MessageState, Reply};

use super::{MILLI, Next, SECOND, Simulation};
use crate::laws::Asked;

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
        let endpoint = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
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
        let latency = self.latency();
        let arrive = Next::Arrive {
            flow,
            ticket,
            send,
            outgoing,
        };
        self.later(latency, arrive);
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
        send: Option<usize>,
        outgoing: Outgoing,
    ) {
        let timeout = outgoing.timeout.as_micros() as u64;
        let path = outgoing.request.uri().path();
        let is_send = path.ends_with("/send_msg");
        let before = if is_send { self.newest() } else { Seqno(0) };
        let request = outgoing.request.map(Vec::from);
        let reply = self.service.handle(request, self.service_now());
        if is_send {
            self.note_new(before, send);
        }
        let failed = |cause: &str| Input::Failed(Failure::new(Sent::Maybe, cause));
        let (after, input) = match reply {
            Reply::Answer(answer) => {
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

    /// The newest message of all.
    pub(super) fn newest(&self) -> Seqno {
        let messages = self.service.snapshot(self.service_now()).messages;
        (messages.last()).map_or(Seqno(0), |message| Seqno(message.msg_seqno.0))
    }

    /// Notes the messages that a request made.
    pub(super) fn note_new(&mut self, before: Seqno, send: Option<usize>) {
        let messages = self.service.snapshot(self.service_now()).messages;
        for message in messages.iter().filter(|m| m.msg_seqno.0 > before.0) {
            self.ledger
                .came
                .insert(Seqno(message.msg_seqno.0), self.now);
            let made = (send.filter(|_| matches!(message.msg_type, 1 | 2)))
                .and_then(|id| self.ledger.sends.get_mut(id));
            if let Some(send) = made {
                send.made.push(MsgKey(message.msg_key.0));
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
