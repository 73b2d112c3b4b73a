//! Notifications of messages and changed sessions.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    frames::{NOTIFY, WATCH_NOTIFY, frame},
    protobuf::Writer,
};
use crate::{
    chance::Chance,
    ids::{MsgKey, Seqno, Talker, Uid},
    state::Written,
    time::UnixMicros,
    world::{Message, Options, PushParts},
};

const MESSAGE: u64 = 1;
const KICKED_OUT: u64 = 2;

/// What a user is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notification<'a> {
    pub(crate) uid: Uid,
    pub(crate) talker: Talker,
    /// The newest message of the account.
    pub(crate) latest: Seqno,
    /// The message; `None` when only the session has changed.
    pub(crate) written: Option<&'a Written>,
}

impl Notification<'_> {
    /// The frame, with the parts that the options choose.
    pub(crate) fn frame(&self, options: &Options, chance: &mut Chance, now: UnixMicros) -> Vec<u8> {
        let parts = options.push_parts.chosen(chance);
        let mut payload = Writer::default().number(1, self.latest.0);
        if let (Some(written), PushParts::All) = (self.written, parts) {
            payload = payload.message(2, msg(written));
        }
        if let (Some(written), PushParts::All | PushParts::Info) = (self.written, parts) {
            let info = Writer::default()
                .number(1, written.message.msg_type.into())
                .number(2, self.talker.id())
                .number(3, self.talker.session_type().into());
            payload = payload.message(3, info);
        }
        // The notification of a changed session has no other part.
        if parts != PushParts::Info || self.written.is_none() {
            let total = Writer::default().message(1, Writer::default());
            payload = payload.message(4, total).message(4, self.command(2));
            if self.written.is_some() {
                payload = payload.message(4, self.command(4));
            }
        }
        let is_base64 = options.push_base64.occurs(chance);
        let mut payload = payload.finish();
        if is_base64 {
            payload = BASE64_STANDARD.encode(payload).into_bytes();
        }
        let body = Writer::default()
            .number(1, self.uid.0)
            .number(2, MESSAGE)
            .bytes(3, payload)
            .number(4, is_base64.into());
        let is_ack = options.push_acks.occurs(chance);
        notify(body, is_ack, chance, now)
    }

    /// A command for the session: 2 updates the list, 4 fetches messages.
    fn command(&self, command: u32) -> Writer {
        let id = Writer::default().number(1, self.talker.id());
        let session = Writer::default().message(self.talker.session_type().into(), id);
        Writer::default().message(command, Writer::default().message(1, session))
    }
}

/// A frame that tells a user of a message which nobody wrote, in a session that does not exist.
pub(crate) fn forged(uid: Uid, options: &Options, chance: &mut Chance, now: UnixMicros) -> Vec<u8> {
    let from = Uid((1 << 40) + chance.below(1 << 40));
    let written = Written {
        key: MsgKey(chance.next()),
        seqno: Seqno((1 << 50) + chance.below(1 << 20)),
        sent_at: now,
        arrived_at: now,
        content_seed: None,
        message: Message::text(from, uid, "forged"),
    };
    let notification = Notification {
        uid,
        talker: from.into(),
        latest: written.seqno,
        written: Some(&written),
    };
    let options = Options {
        push_parts: PushParts::All,
        ..options.clone()
    };
    notification.frame(&options, chance, now)
}

/// A frame that tells a user that the connection is kicked out.
pub(crate) fn kick_out(uid: Uid, chance: &mut Chance, now: UnixMicros) -> Vec<u8> {
    let body = Writer::default().number(1, uid.0).number(2, KICKED_OUT);
    notify(body, false, chance, now)
}

fn notify(body: Writer, is_ack: bool, chance: &mut Chance, now: UnixMicros) -> Vec<u8> {
    let options = Writer::default()
        .number(1, chance.next() >> 1)
        .number(3, is_ack.into())
        .bytes(5, if is_ack { "sim" } else { "" })
        .number(6, now.as_secs());
    frame(options, WATCH_NOTIFY, NOTIFY, &body.finish())
}

fn msg(written: &Written) -> Writer {
    let message = &written.message;
    Writer::default()
        .number(1, message.from.0)
        .number(2, message.talker.session_type().into())
        .number(3, message.talker.id())
        .number(5, message.msg_type.into())
        .bytes(6, written.content().as_bytes())
        .number(7, written.seqno.0)
        .number(8, written.sent_at.as_secs())
        .numbers(9, message.at_uids.iter().map(|uid| uid.0))
        .number(11, written.key.0)
        .number(12, message.msg_status.into())
        .number(13, message.is_recall().into())
        .number(17, message.msg_source.into())
}
