//! Which events the messages of a page become.

use std::time::Duration;

use crate::{
    content::Content,
    endpoints::SessionMsgs,
    flow::prelude::*,
    message::Message,
    msg_type::MsgType,
    session::{Session, SystemAccount},
    time::Now,
    watch::{Direction, EventKind, WatchOptions},
};

/// A message dated further ahead of the service's clock than this has no usable time. A clock that
/// was set back since explains smaller differences.
pub(super) const FAR_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether anything with this talker is wanted, as far as the talker alone says.
pub(super) fn wants_talker(options: WatchOptions, talker: Talker) -> bool {
    options.groups || matches!(talker, Talker::User(_))
}

/// Whether anything in a session is wanted.
pub(super) fn wants_session(options: WatchOptions, session: &Session) -> bool {
    session.talker.id() != 0
        && wants_talker(options, session.talker)
        && (options.intercepted || !session.is_intercepted)
        && (options.system || session.system_account == SystemAccount::None)
}

/// A message as a page lists it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) seqno: Seqno,
    /// When it was written, as far as can be known.
    pub(super) time: Option<UnixSeconds>,
    /// `None` when it cannot be read.
    message: Option<Message>,
}

impl Listed {
    /// The messages of some pages, oldest first, each once.
    pub(super) fn all(pages: Vec<SessionMsgs>) -> Vec<Self> {
        let mut all = Vec::new();
        for page in pages {
            all.extend(page.messages.into_iter().map(|message| Self {
                seqno: message.msg_seqno,
                time: None,
                message: Some(message),
            }));
            all.extend(page.unreadable.into_iter().map(|seqno| Self {
                seqno,
                time: None,
                message: None,
            }));
        }
        all.sort_by_key(|one| (one.seqno, one.message.is_none()));
        all.dedup_by_key(|one| one.seqno);
        all
    }

    /// Dates messages that are sorted oldest first. A message without a usable time gets that of
    /// the nearest older one, else of the nearest newer one. When no message has a time, the
    /// session's newest message gets the time at which the session changed, as the list says.
    pub(super) fn date(
        all: &mut [Self],
        latest: UnixMicros,
        newest: Option<Seqno>,
        changed: Option<UnixSeconds>,
    ) {
        let latest = latest.seconds();
        for one in &mut *all {
            one.time = (one.message.as_ref()).and_then(|message| usable(message.timestamp, latest));
        }
        if all.iter().all(|one| one.time.is_none())
            && let Some(last) = all.last_mut().filter(|last| Some(last.seqno) >= newest)
        {
            last.time = changed.and_then(|changed| usable(changed, latest));
            return;
        }
        let mut nearest = all.iter().find_map(|one| one.time);
        for one in all {
            one.time = one.time.or(nearest);
            nearest = one.time;
        }
    }
}

/// Whether a page goes back to messages written before a time. A page without any time is taken to,
/// since nothing says how far back to go.
pub(super) fn reaches_before(page: &SessionMsgs, floor: UnixSeconds, latest: UnixMicros) -> bool {
    let mut times = (page.messages.iter())
        .filter_map(|message| usable(message.timestamp, latest.seconds()))
        .peekable();
    floor != UnixSeconds(0) && (times.peek().is_none() || times.any(|time| time < floor))
}

/// A time, if it is usable.
fn usable(time: UnixSeconds, latest: UnixSeconds) -> Option<UnixSeconds> {
    (time != UnixSeconds(0) && time <= latest).then_some(time)
}

/// The event that a message becomes; `None` when it is never shown or not wanted.
pub(super) fn told_as(
    account: &Account,
    now: Now,
    own: Uid,
    options: WatchOptions,
    talker: Talker,
    listed: Listed,
) -> Option<EventKind> {
    let Some(message) = listed.message else {
        return Some(EventKind::Unreadable { talker });
    };
    if !message.msg_type.is_shown() {
        return None;
    }
    let direction = if message.sender_uid != own {
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
