//! Sending, so that nothing is sent twice and nothing sent is reported as failed
//! (docs/protocol.md §5).

use std::time::Duration;

use crate::{
    account::{Account, Boarding},
    endpoints::{FetchSessionMsgs, SendMsg, SentMessage},
    error::{Error, RefusalKind},
    flow::{
        call,
        history::{History, next_page},
        io::Io,
    },
    ids::{Seqno, Talker},
    message::Message,
    planted::planted,
    ticket::{Confirmation, SendTicket},
};

/// How often to look whether a twin has landed.
const TWIN_POLL: Duration = Duration::from_millis(50);

/// How long reading back may take, however slow the answers are.
const LONGEST_READ_BACK: Duration = Duration::from_secs(60);

/// How many pages of how many messages are read back at most.
const PAGES: usize = 20;
const PAGE_SIZE: u32 = 100;

/// Sends a message.
pub(crate) async fn send<I>(
    account: &Account,
    io: &Io<I>,
    message: SendMsg,
) -> Result<SentMessage, Error> {
    call::ready(account, io, &message).await?;
    let nonce = account.nonce();
    let boarding = board(account, io, &message, nonce).await;
    let newest = match account.newest(message.talker, io.now()) {
        Some(newest) if !boarding.has_unresolved_twin() => Some(newest),
        _ => read_newest(account, io, message.talker).await?,
    };
    let ticket = account.ticket(message, newest, nonce, io.now())?;
    dispatch(account, io, boarding, &ticket).await
}

/// Makes a ticket for a message.
pub(crate) async fn prepare<I>(
    account: &Account,
    io: &Io<I>,
    message: SendMsg,
) -> Result<SendTicket, Error> {
    call::ready(account, io, &message).await?;
    let newest = read_newest(account, io, message.talker).await?;
    Ok(account.ticket(message, newest, account.nonce(), io.now())?)
}

/// Sends a ticket's message.
pub(crate) async fn send_ticket<I>(
    account: &Account,
    io: &Io<I>,
    ticket: SendTicket,
) -> Result<SentMessage, Error> {
    let message = SendMsg::new(ticket.talker, ticket.content.clone());
    call::ready(account, io, &message).await?;
    account.check_owner(&ticket)?;
    account.use_ticket(&ticket)?;
    let boarding = board(account, io, &message, ticket.nonce).await;
    dispatch(account, io, boarding, &ticket).await
}

/// Finds out what became of a ticket's message.
pub(crate) async fn confirm<I>(
    account: &Account,
    io: &Io<I>,
    ticket: SendTicket,
) -> Result<Confirmation, Error> {
    call::ready(account, io, &FetchSessionMsgs::new(ticket.talker)).await?;
    account.check_owner(&ticket)?;
    if let Some(key) = account.sent_by(&ticket) {
        return Ok(Confirmation::Sent(key));
    }
    // Its time tells when it was made, not when it was sent: that may have been just now.
    let mut found = Confirmation::CannotTell;
    for gap in account.read_back_gaps() {
        io.sleep(gap).await;
        found = look(account, io, &ticket).await?;
        if matches!(found, Confirmation::Sent(_)) {
            break;
        }
    }
    Ok(account.note_confirmation(&ticket, found, io.now()))
}

/// Waits until no send of the same content is in flight.
async fn board<I>(account: &Account, io: &Io<I>, message: &SendMsg, nonce: u64) -> Boarding {
    loop {
        match account.board(message, nonce, io.now()) {
            Some(boarding) => return boarding,
            None => io.sleep(TWIN_POLL).await,
        }
    }
}

async fn dispatch<I>(
    account: &Account,
    io: &Io<I>,
    mut boarding: Boarding,
    ticket: &SendTicket,
) -> Result<SentMessage, Error> {
    boarding.take_off();
    let message = SendMsg::new(ticket.talker, ticket.content.clone());
    match call::ask(account, io, &message).await {
        Ok(sent) => {
            boarding.landed(sent.msg_key);
            Ok(sent)
        }
        Err(error) if error.took_no_effect() || planted!(DoubtfulIsCertain) => {
            boarding.never_left();
            Err(error)
        }
        Err(_) if planted!(Resend) => {
            let sent = call::ask(account, io, &message).await?;
            boarding.landed(sent.msg_key);
            Ok(sent)
        }
        Err(error) => match read_back(account, io, ticket).await {
            Some(sent) => {
                boarding.landed(sent.msg_key);
                Ok(sent)
            }
            None => Err(ticket.unconfirmed(error)),
        },
    }
}

/// Looks for a message of unknown outcome, several times over some seconds.
async fn read_back<I>(account: &Account, io: &Io<I>, ticket: &SendTicket) -> Option<SentMessage> {
    let deadline = io.now().mono.after(LONGEST_READ_BACK);
    for gap in account.read_back_gaps() {
        io.sleep(gap).await;
        if io.now().mono >= deadline {
            break;
        }
        match look(account, io, ticket).await {
            Ok(Confirmation::Sent(key)) => return Some(SentMessage::read_back(key)),
            Err(error) if !matches!(error, Error::Transport(_)) && is_hopeless(&error) => break,
            Ok(_) | Err(_) => {}
        }
    }
    None
}

/// Looks for a ticket's message once.
async fn look<I>(
    account: &Account,
    io: &Io<I>,
    ticket: &SendTicket,
) -> Result<Confirmation, Error> {
    let (mut messages, is_all) = messages_from(account, io, ticket.talker, ticket.newest).await?;
    messages.retain(|message| ticket.matches(message));
    // A session that seemed empty may not have been.
    let is_older = |message: &Message| message.timestamp < ticket.earliest();
    let is_doubtful = match ticket.newest {
        None => !messages.is_empty(),
        Some(Seqno(0)) => messages.iter().any(is_older),
        Some(_) => false,
    };
    if !is_all || is_doubtful {
        // It may be further back, or an older one may look the same.
        return Ok(Confirmation::CannotTell);
    }
    Ok(account.attribute(ticket, &messages, io.now()))
}

/// The messages of a session from one on, and whether they are all that there are. Without a lower
/// bound the newest page must do.
async fn messages_from<I>(
    account: &Account,
    io: &Io<I>,
    talker: Talker,
    after: Option<Seqno>,
) -> Result<(Vec<Message>, bool), Error> {
    let mut range = (History::new(talker).with_page_size(PAGE_SIZE)).from(after);
    let mut messages = Vec::new();
    let mut is_all = true;
    for _ in 0..if after.is_some() { PAGES } else { 1 } {
        let request = range.page(range.before);
        let page = match call::call(account, io, &request).await {
            Err(error) if error.kind() == Some(RefusalKind::NoSuchSession) => {
                return Ok((messages, is_all));
            }
            other => other?,
        };
        if let (None, Some(newest)) = (range.before, page.newest()) {
            account.learn_newest(talker, newest, io.now());
        }
        // Where there is a message an empty page proves nothing, nor does one that cannot be read later on.
        let is_hiccup = page.oldest().is_none() && after > Some(Seqno(0));
        let is_readable = (page.unreadable.iter()).all(|&seqno| Some(seqno) <= after);
        is_all &= is_readable && !is_hiccup;
        let reaches = after.is_some() && page.oldest() <= after;
        range.before = next_page(&request, &page).filter(|_| !reaches);
        messages.extend(page.messages);
        if range.before.is_none() {
            return Ok((messages, is_all));
        }
    }
    Ok((messages, false))
}

/// The newest message of a session now; 0 for a session without any. `None` when that cannot be
/// read although the service can be reached: then sending goes on, with one safeguard less.
async fn read_newest<I>(
    account: &Account,
    io: &Io<I>,
    talker: Talker,
) -> Result<Option<Seqno>, Error> {
    let newest = match call::call(account, io, &FetchSessionMsgs::new(talker)).await {
        Ok(page) => page.newest().unwrap_or_default(),
        Err(error) if error.kind() == Some(RefusalKind::NoSuchSession) => Seqno(0),
        Err(error) if is_hopeless(&error) => return Err(error),
        Err(_) => return Ok(None),
    };
    account.learn_newest(talker, newest, io.now());
    Ok(Some(newest))
}

/// Whether trying anything else with this login right now is out of the question.
fn is_hopeless(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => matches!(
            refusal.kind,
            RefusalKind::NotLoggedIn | RefusalKind::RiskControl | RefusalKind::AccountBanned
        ),
        Error::Unreadable(_) => false,
        _ => true,
    }
}
