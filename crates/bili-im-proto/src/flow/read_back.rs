//! Looking for a message that may have been sent (docs/protocol.md §5).

use std::time::Duration;

use crate::{
    account::Found,
    endpoints::SentMessage,
    error::RefusalKind,
    flow::{pages::Range, prelude::*},
    message::Message,
    ticket::SendTicket,
};

/// How long a send may read the conversation back, however slow the answers are.
const LONGEST_READ_BACK: Duration = Duration::from_secs(60);

/// How many pages of how many messages are read back at most.
const PAGES: usize = 20;
const PAGE_SIZE: u32 = 100;

/// Looks for a message of unknown outcome, several times over some seconds.
pub(super) async fn read_back<I>(io: &Io<I>, ticket: &SendTicket) -> Option<SentMessage> {
    let deadline = io.now().mono.after(LONGEST_READ_BACK);
    for gap in io.account.read_back_gaps() {
        io.sleep(gap).await;
        if io.now().mono >= deadline {
            break;
        }
        let found = look(io, ticket, None).await;
        // A confirmation of the ticket may have taken the message meanwhile.
        if let Some(key) = io.account.used(ticket).and_then(|used| used.key) {
            return Some(SentMessage::read_back(key));
        }
        match found {
            Ok(Found::Message(key)) => return Some(SentMessage::read_back(key)),
            Err(error) if is_hopeless(&error) => break,
            Ok(_) | Err(_) => {}
        }
    }
    None
}

/// Looks for a ticket's message once. It was written by `latest`, if that is given.
pub(super) async fn look<I>(
    io: &Io<I>,
    ticket: &SendTicket,
    latest: Option<UnixSeconds>,
) -> Result<Found, Error> {
    let (mut messages, is_all) = messages_from(io, ticket.talker(), ticket.newest).await?;
    let is_late = |message: &Message| latest.is_some_and(|latest| message.timestamp > latest);
    messages.retain(|message| ticket.matches(message) && !is_late(message));
    // A session that seemed empty may not have been.
    let is_older = |message: &Message| message.timestamp < ticket.earliest();
    let is_doubtful = match ticket.newest {
        None => !messages.is_empty(),
        Some(Seqno(0)) => messages.iter().any(is_older),
        Some(_) => false,
    };
    if !is_all || is_doubtful {
        // It may be further back, or an older one may look the same.
        return Ok(Found::Doubtful);
    }
    Ok(io.account.attribute(ticket, &messages, io.now()))
}

/// The messages of a session from one on, and whether they are all that there are. Without a lower
/// bound the newest page must do.
async fn messages_from<I>(
    io: &Io<I>,
    talker: Talker,
    known: Option<Seqno>,
) -> Result<(Vec<Message>, bool), Error> {
    let mut range = Range::from(talker, known, PAGE_SIZE);
    let mut messages = Vec::new();
    let mut is_all = true;
    for _ in 0..if known.is_some() { PAGES } else { 1 } {
        let page = match range.read(io).await {
            Err(error) if error.kind() == Some(RefusalKind::NoSuchSession) => {
                return Ok((messages, is_all));
            }
            other => other?,
        };
        if let (None, Some(newest)) = (range.before, page.msgs.newest()) {
            io.account.learn_newest(talker, newest, io.now());
        }
        let unreadable = page.msgs.unreadable.iter();
        is_all &= !page.is_doubtful && unreadable.max().copied() <= known;
        let reaches = known.is_some() && page.msgs.oldest() <= known;
        messages.extend(page.msgs.messages);
        match page.older.filter(|_| !reaches) {
            Some(older) => range = older,
            None => return Ok((messages, is_all)),
        }
    }
    Ok((messages, false))
}

/// Whether reading again soon is out of the question.
pub(super) fn is_hopeless(error: &Error) -> bool {
    match error {
        Error::Refused(_) => error.ends_login(),
        Error::Transport(_) | Error::Unreadable(_) => false,
        _ => true,
    }
}
