//! What is told of what there is.

use crate::{
    account::Account,
    content::Content,
    ids::{Seqno, Talker, Uid},
    message::{Message, MsgType},
    session::{Session, SystemAccount},
    time::{Now, UnixSeconds},
    watch::{Direction, EventKind, WatchOptions},
};

/// A session's newest message, as far as the list says.
pub(super) fn newest(session: &Session) -> Option<Seqno> {
    let last = session.last_msg.as_ref().map(|message| message.seqno);
    session.max_seqno.max(last)
}

/// Whether anything in a session can be told.
pub(super) fn wants_session(options: WatchOptions, session: &Session) -> bool {
    session.talker.id() != 0
        && (options.groups || matches!(session.talker, Talker::User(_)))
        && (options.intercepted || !session.is_intercepted)
        && (options.system || session.system_account == SystemAccount::None)
}

/// What a message is told as, if it is told.
pub(super) fn told_as(
    account: &Account,
    now: Now,
    own: Uid,
    options: WatchOptions,
    talker: Talker,
    message: Message,
) -> Option<EventKind> {
    let direction = if message.sender != own {
        Direction::Incoming
    } else if account.has_sent(talker, &message, now) {
        Direction::Sent
    } else {
        Direction::Own
    };
    if direction != Direction::Incoming && !options.own {
        return None;
    }
    if message.msg_type == MsgType::Recall {
        let msg_key = match message.content_even_if_recalled() {
            Content::Recall(key) => Some(key),
            _ => None,
        };
        return Some(EventKind::Recalled { talker, msg_key });
    }
    let is_wanted = (options.automatic || !message.is_automatic())
        && (options.system || !message.is_by_the_service());
    is_wanted.then(|| EventKind::Message {
        talker,
        message: Box::new(message),
        direction,
    })
}

/// Whether a message was surely written before a time.
pub(super) fn is_before(message: &Message, floor: UnixSeconds) -> bool {
    message.timestamp != UnixSeconds(0) && message.timestamp < floor
}
