//! The service's answers: what the laws need from them, and how quirks change them.

use bili_im_proto::{MsgKey, Seqno, http::Response};
use bili_im_sim::{MessageState, faults::What};
use serde_json::Value;

use super::{
    Simulation,
    flows::{AnyFlow, StepId},
    network::{Dispatch, RESEND_AFTER, RequestTarget},
    warnings::Warning,
};
use crate::{baseline::Baseline, plan::faults::PUSH_FRAMES, time::SECOND};

/// The answer for a session whose messages cannot be fetched.
pub(super) const UNREADABLE: &[u8] = br#"{"code":-500,"message":"-500","ttl":1}"#;

impl Simulation {
    /// Records what the laws need from an answer, if its flow still waits for it.
    pub(super) fn note_answer_sent(
        &mut self,
        step_id: StepId,
        target: &RequestTarget,
        answer: &Response<Vec<u8>>,
        is_fault: bool,
    ) {
        let now = self.service_now();
        let Some(running) = &mut self.running else {
            return;
        };
        let Some(active) =
            (running.flows.get(&step_id.flow)).filter(|active| active.step == step_id.step)
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
        let is_messages = target.endpoint == "fetch_session_msgs";
        match (&active.flow, target.talker, &mut self.ledger.baseline) {
            (AnyFlow::Begin(_), ..) if target.endpoint == "new_sessions" => {
                let clock = self.service.clock(now);
                self.ledger.pending_baseline = Baseline::from_list(&body, clock.now.as_secs());
            }
            (AnyFlow::Watch(_), Some(talker), Some(baseline)) if is_messages => {
                baseline.note_page(talker, &body);
            }
            _ => {}
        }
    }

    /// Records that a request failed, when it was to fetch the signing keys.
    pub(super) fn note_failed_request(&mut self, target: &RequestTarget) {
        if target.endpoint == "nav"
            && let Some(running) = &mut self.running
        {
            running.warnings.note_keys_not_fetched(self.now);
        }
    }

    pub(super) fn is_watch(&self, flow: u64) -> bool {
        let active = self
            .running
            .as_ref()
            .and_then(|running| running.flows.get(&flow));
        active.is_some_and(|active| matches!(active.flow, AnyFlow::Watch(_)))
    }

    /// Applies the quirks of this run to the body of an answer.
    pub(super) fn apply_quirks(
        &mut self,
        target: &RequestTarget,
        is_watch: bool,
        body: Vec<u8>,
    ) -> Vec<u8> {
        const LATE: u64 = 50 * SECOND;
        let is_page = target.endpoint == "fetch_session_msgs";
        let is_list = matches!(&*target.endpoint, "new_sessions" | "get_sessions");
        if self.quirks.are_none() || !is_page && !is_list {
            return body;
        }
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            return body;
        };
        if is_page {
            let baseline = self.ledger.baseline.as_ref();
            let is_known = |talker| baseline.is_some_and(|baseline| baseline.knows(talker));
            let quirks = &mut self.quirks;
            quirks.change_page(target, &mut answer, is_watch, is_known, self.now);
        } else {
            let (arrived, now) = (&self.ledger.arrived, self.now);
            let is_fresh = |seqno| {
                arrived
                    .get(&Seqno(seqno))
                    .is_some_and(|arrived| now < arrived + LATE)
            };
            self.quirks.change_list(&mut answer, is_fresh);
        }
        answer.to_string().into_bytes()
    }

    /// How often the faults that are set have fired.
    pub(super) fn faults_fired(&self) -> u64 {
        let faults = self.service.faults().iter();
        (faults.filter(|fault| !is_of_push(&fault.rule.what)))
            .map(|fault| fault.fired)
            .sum()
    }

    /// Whether a request is for the messages of a session that cannot be fetched now.
    pub(super) fn is_unreadable(&self, target: &RequestTarget) -> bool {
        let until = target
            .talker
            .and_then(|talker| self.unreadable.get(&talker));
        target.endpoint == "fetch_session_msgs" && until.is_some_and(|until| self.now < *until)
    }

    /// The service's newest message.
    pub(super) fn newest(&self) -> Seqno {
        let messages = self.service.snapshot(self.service_now()).messages;
        (messages.last()).map_or(Seqno(0), |message| Seqno(message.msg_seqno.0))
    }

    /// Records the messages that a request created.
    pub(super) fn note_new_messages(&mut self, before: Seqno, sending: Option<Dispatch>) {
        let messages = self.service.snapshot(self.service_now()).messages;
        for message in messages.iter().filter(|m| m.msg_seqno.0 > before.0) {
            self.ledger
                .arrived
                .insert(Seqno(message.msg_seqno.0), self.now);
            let sending = sending.filter(|_| matches!(message.msg_type, 1 | 2));
            if let Some(Dispatch { send, left }) = sending
                && let Some(send) = self.ledger.sends.get_mut(send)
            {
                send.made.push(MsgKey(message.msg_key.0));
                let is_late = self.now >= left + RESEND_AFTER || self.ledger.clock_was_set;
                send.late += usize::from(is_late && send.is_at_least_once);
            }
            self.note(|| format!("    new message {}", shown(message)));
        }
    }
}

/// Whether a fault is one of frames of push connections.
fn is_of_push(what: &What) -> bool {
    matches!(what, What::Path(path) if PUSH_FRAMES.contains(&&**path))
}

fn shown(message: &MessageState) -> String {
    format!(
        "{} from {} to {:?}, type {}: {}",
        message.msg_seqno, message.from, message.talker, message.msg_type, message.content
    )
}
