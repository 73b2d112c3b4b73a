//! The laws of sending.

use std::collections::BTreeMap;

use bili_im_proto::{MsgKey, SendTicket, Talker};

/// The state of one send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendState {
    /// It has a ticket that was never used.
    Prepared,
    /// Its flow is running.
    Running,
    /// Its flow reported it as sent.
    Sent(MsgKey),
    /// Its flow reported an error which means that it was not sent.
    Failed,
    /// Its flow reported that it may have been sent.
    Unconfirmed,
    /// Its flow was dropped.
    Cancelled,
    /// Confirming its ticket found no message.
    Absent,
    /// Confirming its ticket could not tell its message from those of other sends.
    CannotTell,
    /// The account's owner wrote the same text on the phone; the program did not send it.
    Elsewhere,
}

impl SendState {
    /// Whether the program knows that the message may or may not exist.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Unconfirmed | Self::Cancelled | Self::CannotTell)
    }
}

/// One send of a run.
#[derive(Debug)]
pub struct SendRecord {
    /// The receiver.
    pub talker: Talker,
    /// The text, or the address of the image.
    pub text: String,
    /// Its ticket, if it has one.
    pub ticket: Option<SendTicket>,
    /// The reported state.
    pub state: SendState,
    /// The messages that its requests created.
    pub made: Vec<MsgKey>,
    /// Whether its ticket may create two messages rather than none.
    pub is_at_least_once: bool,
    /// How many of the messages arrived after an at-least-once ticket stops waiting.
    pub late: usize,
}

impl SendRecord {
    /// A send that has just started.
    pub fn new(talker: Talker, text: impl Into<String>) -> Self {
        Self {
            talker,
            text: text.into(),
            ticket: None,
            state: SendState::Running,
            made: Vec::new(),
            is_at_least_once: false,
            late: 0,
        }
    }
}

/// Checks what is reported about all sends against the messages that exist.
///
/// The program cannot always tell which of several identical sends a message belongs to. For those,
/// the number of messages must lie between the reported and the possible ones.
///
/// # Errors
/// The broken law and the send that breaks it.
pub fn check_laws(sends: &[SendRecord], existing: &[MsgKey]) -> Result<(), String> {
    let mut reported = BTreeMap::new();
    for (index, send) in sends.iter().enumerate() {
        let alike = |other: &&SendRecord| other.talker == send.talker && other.text == send.text;
        let is_alone = sends.iter().filter(alike).count() == 1;
        if send.made.len() > 1 + send.late && is_alone {
            return Err(format!("send {index} went out twice: {send:?}"));
        }
        let is_said = matches!(send.state, SendState::Sent(_) | SendState::Elsewhere)
            || send.state.is_uncertain();
        let may_belong_to_another = send.state == SendState::Absent && !is_alone;
        if send.made.len() > send.late && !is_said && !may_belong_to_another {
            return Err(format!("send {index} exists and is not said to: {send:?}"));
        }
        if let SendState::Sent(key) = send.state {
            let is_there = |send: &SendRecord| send.made.contains(&key);
            if !existing.contains(&key) || !sends.iter().filter(alike).any(is_there) {
                return Err(format!("send {index} is said to exist: {send:?}"));
            }
            if let Some(other) = reported.insert(key, index) {
                return Err(format!("{key} is said to be of {other} and of {index}"));
            }
        }
        let said = (sends.iter().filter(alike))
            .filter(|send| matches!(send.state, SendState::Sent(_)))
            .count();
        let may_be_there =
            |send: &&SendRecord| send.state.is_uncertain() || send.state == SendState::Elsewhere;
        let uncertain = (sends.iter().filter(alike)).filter(may_be_there).count();
        let there: usize = sends.iter().filter(alike).map(|send| send.made.len()).sum();
        let late: usize = sends.iter().filter(alike).map(|send| send.late).sum();
        if said > there || there > said + uncertain + late {
            return Err(format!(
                "{there} exist, {said} are said to, {uncertain} are uncertain: {send:?}"
            ));
        }
    }
    let mut made: Vec<MsgKey> = sends.iter().flat_map(|send| send.made.clone()).collect();
    made.sort();
    let mut existing = existing.to_vec();
    existing.sort();
    if made != existing {
        return Err(format!(
            "the sends created {made:?}, but {existing:?} exist"
        ));
    }
    Ok(())
}
