//! What must hold of sends, whatever happened.

use std::collections::BTreeMap;

use bili_im_proto::{MsgKey, SendTicket, Talker};

/// How one of the sends of a history stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Its ticket was never used.
    Prepared,
    /// Its flow is at work.
    Running,
    /// It was reported sent.
    Sent(MsgKey),
    /// A plain error: certainly not sent.
    Failed,
    /// Nobody knows.
    Unconfirmed,
    /// Its flow was dropped.
    Cancelled,
    /// Its ticket was confirmed so.
    Absent,
    /// Its ticket could not be told from others.
    CannotTell,
    /// It is none of the program's: its owner wrote the same on another device.
    Elsewhere,
}

impl End {
    /// Whether the program that sent knows that it does not know.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Unconfirmed | Self::Cancelled | Self::CannotTell)
    }
}

/// One send of a history.
#[derive(Debug)]
pub struct OneSend {
    /// To whom.
    pub talker: Talker,
    /// What; the address of an image.
    pub text: String,
    /// Its ticket, if it has one.
    pub ticket: Option<SendTicket>,
    /// How it stands.
    pub end: End,
    /// The messages that its requests really made.
    pub made: Vec<MsgKey>,
    /// Whether its ticket prefers two messages to none.
    pub is_at_least_once: bool,
    /// How many of the messages came later than such a ticket waits for.
    pub late: usize,
}

impl OneSend {
    /// A send that begins.
    pub fn new(talker: Talker, text: impl Into<String>) -> Self {
        Self {
            talker,
            text: text.into(),
            ticket: None,
            end: End::Running,
            made: Vec::new(),
            is_at_least_once: false,
            late: 0,
        }
    }
}

/// What must hold of all sends together, whatever happened.
///
/// Which of several identical sends a message belongs to cannot always be told, and need not be: there
/// must be as many as are reported, or may be there.
///
/// # Errors
/// The law that is broken, and by which send.
pub fn check_laws(sends: &[OneSend], existing: &[MsgKey]) -> Result<(), String> {
    let mut reported = BTreeMap::new();
    for (index, send) in sends.iter().enumerate() {
        let alike = |other: &&OneSend| other.talker == send.talker && other.text == send.text;
        let is_alone = sends.iter().filter(alike).count() == 1;
        if send.made.len() > 1 + send.late && is_alone {
            return Err(format!("send {index} went out twice: {send:?}"));
        }
        let is_said = matches!(send.end, End::Sent(_) | End::Elsewhere) || send.end.is_open();
        let may_be_anothers = send.end == End::Absent && !is_alone;
        if send.made.len() > send.late && !is_said && !may_be_anothers {
            return Err(format!("send {index} exists and is not said to: {send:?}"));
        }
        if let End::Sent(key) = send.end {
            let is_there = |send: &OneSend| send.made.contains(&key);
            if !existing.contains(&key) || !sends.iter().filter(alike).any(is_there) {
                return Err(format!("send {index} is said to exist: {send:?}"));
            }
            if let Some(other) = reported.insert(key, index) {
                return Err(format!("{key} is said to be of {other} and of {index}"));
            }
        }
        let said = (sends.iter().filter(alike))
            .filter(|send| matches!(send.end, End::Sent(_)))
            .count();
        let may_be_there = |send: &&OneSend| send.end.is_open() || send.end == End::Elsewhere;
        let open = (sends.iter().filter(alike)).filter(may_be_there).count();
        let there: usize = sends.iter().filter(alike).map(|send| send.made.len()).sum();
        let late: usize = sends.iter().filter(alike).map(|send| send.late).sum();
        if said > there || there > said + open + late {
            return Err(format!(
                "{there} exist, {said} are said to, {open} are open: {send:?}"
            ));
        }
    }
    let mut made: Vec<MsgKey> = sends.iter().flat_map(|send| send.made.clone()).collect();
    made.sort();
    let mut existing = existing.to_vec();
    existing.sort();
    if made != existing {
        return Err(format!("made were {made:?}, and there are {existing:?}"));
    }
    Ok(())
}
