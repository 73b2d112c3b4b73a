//! The JSON of a message (docs/protocol.md §8).

use serde::Serialize;

use crate::{ids::Uid, state::Written};

#[derive(Debug, Serialize)]
pub(crate) struct MessageBody<'a> {
    sender_uid: Uid,
    receiver_type: u8,
    receiver_id: u64,
    msg_type: u32,
    content: &'a str,
    msg_seqno: u64,
    timestamp: u64,
    at_uids: Option<Vec<Uid>>,
    msg_key: u64,
    msg_status: u32,
    notify_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sys_cancel: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_face_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_source: Option<u32>,
}

impl<'a> From<&'a Written> for MessageBody<'a> {
    fn from(written: &'a Written) -> Self {
        let message = &written.message;
        Self {
            sender_uid: message.from,
            receiver_type: message.talker.session_type(),
            receiver_id: message.talker.id(),
            msg_type: message.msg_type,
            content: &message.content,
            msg_seqno: written.seqno.0,
            timestamp: written.sent_at.as_secs(),
            at_uids: at_uids(written),
            msg_key: written.key.0,
            msg_status: message.msg_status,
            notify_code: "",
            sys_cancel: message.is_recall().then_some(true),
            new_face_version: (!message.old).then_some(1),
            msg_source: (!message.old).then_some(message.msg_source),
        }
    }
}

/// Without mentions, the field is null on some messages and `[0]` on others.
fn at_uids(written: &Written) -> Option<Vec<Uid>> {
    if !written.message.at_uids.is_empty() {
        return Some(written.message.at_uids.clone());
    }
    (!written.message.old && written.key.0.is_multiple_of(2)).then(|| vec![Uid(0)])
}
