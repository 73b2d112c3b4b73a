//! Sending, so that nothing is sent twice and nothing sent is reported as failed
//! (docs/protocol.md §5).

use std::{convert::Infallible, time::Duration};

use crate::{
    account::{Account, Found, Registration},
    endpoints::{FetchSessionMsgs, SendContent, SendMsg, SentMessage},
    error::{Error, Invalid, NotSent, RefusalKind},
    flow::{call::Signing, io::Io, pages::Range, run::Flow},
    ids::{Seqno, Talker},
    message::Message,
    ticket::{Confirmation, SendTicket},
    time::{Now, UnixMicros},
    watch::Event,
};

/// How often to look whether a send of the same content is over.
const TWIN_POLL: Duration = Duration::from_millis(50);

/// How long a send may read the conversation back, however slow the answers are.
const LONGEST_READ_BACK: Duration = Duration::from_secs(60);

/// How many pages of how many messages are read back at most.
const PAGES: usize = 20;
const PAGE_SIZE: u32 = 100;

/// How often a read that a send needs is tried.
const READ_TRIES: u32 = 3;

impl Account {
    /// Sends a message, once. When the answer is lost, the conversation is read back to find out;
    /// [`Error::Unconfirmed`] when that does not tell whether it was sent.
    pub fn send(
        &self,
        talker: impl Into<Talker>,
        content: impl Into<SendContent>,
    ) -> Flow<Infallible, SentMessage> {
        let message = SendMsg::new(talker, content);
        Flow::of(self, async move |io| send(&io, message).await)
    }

    /// Prepares a send for a program that may die: see [`SendTicket`].
    pub fn prepare_send(
        &self,
        talker: impl Into<Talker>,
        content: impl Into<SendContent>,
    ) -> Flow<Infallible, SendTicket> {
        let message = SendMsg::new(talker, content);
        Flow::of(self, async move |io| prepare(&io, message).await)
    }

    /// Prepares an answer to a message as [`prepare_send`](Self::prepare_send) does.
    ///
    /// # Errors
    /// [`Invalid::NotAnswerable`] when the event is not someone else's message that a person wrote
    /// (docs/protocol.md §8).
    pub fn prepare_answer(
        &self,
        event: &Event,
        content: impl Into<SendContent>,
    ) -> Result<Flow<Infallible, SendTicket>, Invalid> {
        let (talker, _) = event.answerable().ok_or(Invalid::NotAnswerable)?;
        Ok(self.prepare_send(talker, content))
    }

    /// Sends a ticket's message as [`send`](Self::send) does, once.
    ///
    /// Each item is the ticket as it must be stored before the flow goes on: begun, before the
    /// request may leave; not begun again, after the service has certainly refused it.
    pub fn send_ticket(&self, ticket: SendTicket) -> Flow<SendTicket, SentMessage> {
        Flow::of(self, async move |io| send_ticket(&io, ticket).await)
    }

    /// Finds out what became of a ticket's message, after a restart for example.
    ///
    /// A request that has begun may still be under way: the conversation is read again and again
    /// until the message is found, for as long as
    /// [`Pacing::latest_arrival`](crate::Pacing::latest_arrival) after it began.
    pub fn confirm(&self, ticket: SendTicket) -> Flow<Infallible, Confirmation> {
        Flow::of(self, async move |io| confirm(&io, ticket).await)
    }
}

pub(super) async fn send(io: &Io<Infallible>, message: SendMsg) -> Result<SentMessage, Error> {
    let account = &io.account;
    ready(io, &message).await?;
    let nonce = account.nonce();
    let registration = register(io, &message, nonce).await;
    let newest = match account.newest(message.talker, io.now()) {
        Some(newest) if !registration.has_unknown_twin() => Some(newest),
        _ => newest(io, message.talker).await?,
    };
    let ticket = account.ticket(message, newest, nonce, io.now())?;
    dispatch(io, registration, &ticket).await
}

async fn prepare<I>(io: &Io<I>, message: SendMsg) -> Result<SendTicket, Error> {
    ready(io, &message).await?;
    let newest = newest(io, message.talker).await?;
    let account = &io.account;
    Ok(account.ticket(message, newest, account.nonce(), io.now())?)
}

async fn send_ticket(io: &Io<SendTicket>, ticket: SendTicket) -> Result<SentMessage, Error> {
    ready(io, &ticket.message).await?;
    io.account.check_owner(&ticket)?;
    io.account.check_unused(&ticket, io.now())?;
    let registration = register(io, &ticket.message, ticket.nonce).await;
    dispatch(io, registration, &ticket).await
}

/// What is done with a ticket before its request may leave, and after it certainly had no effect.
trait KeepTicket {
    async fn keep(&self, ticket: SendTicket);
}

/// The ticket is handed out to be stored.
impl KeepTicket for Io<SendTicket> {
    async fn keep(&self, ticket: SendTicket) {
        if let Some(begun) = ticket.begun {
            self.account.use_ticket(&ticket, begun);
        }
        self.emit(ticket).await;
    }
}

/// Nobody has the ticket.
impl KeepTicket for Io<Infallible> {
    async fn keep(&self, _: SendTicket) {}
}

/// Waits until no send of the same content is at work.
async fn register<I>(io: &Io<I>, message: &SendMsg, nonce: u64) -> Registration {
    loop {
        match io.account.register(message, nonce, io.now()) {
            Some(registration) => return registration,
            None => io.sleep(TWIN_POLL).await,
        }
    }
}

/// Sends a registered message.
async fn dispatch<I>(
    io: &Io<I>,
    mut registration: Registration,
    ticket: &SendTicket,
) -> Result<SentMessage, Error>
where
    Io<I>: KeepTicket,
{
    let sent = attempt(io, &mut registration, ticket).await;
    match sent {
        Ok(sent) => {
            registration.mark_sent(sent.msg_key);
            Ok(sent)
        }
        Err(error) if error.took_no_effect() => {
            let has_begun = registration.has_begun();
            registration.mark_unsent();
            if has_begun {
                io.keep(ticket.clone()).await;
            }
            Err(error)
        }
        Err(error) => match read_back(io, ticket).await {
            Some(sent) => {
                registration.mark_sent(sent.msg_key);
                Ok(sent)
            }
            None => Err(ticket.unconfirmed(error)),
        },
    }
}

/// Makes one attempt. The ticket is kept before each request that may leave.
async fn attempt<I>(
    io: &Io<I>,
    registration: &mut Registration,
    ticket: &SendTicket,
) -> Result<SentMessage, Error>
where
    Io<I>: KeepTicket,
{
    let mut signing = Signing::First;
    loop {
        io.take_turn::<SendMsg>().await?;
        registration.begin();
        let time = io.account.service_time(io.now());
        io.keep(ticket.begun_at(time)).await;
        let result = io.exchange_signed(&ticket.message, &mut signing).await;
        if let Some(result) = result {
            return result;
        }
    }
}

/// Looks for a message of unknown outcome, several times over some seconds.
async fn read_back<I>(io: &Io<I>, ticket: &SendTicket) -> Option<SentMessage> {
    let deadline = io.now().mono.after(LONGEST_READ_BACK);
    for gap in io.account.read_back_gaps() {
        io.sleep(gap).await;
        if io.now().mono >= deadline {
            break;
        }
        match look(io, ticket).await {
            Ok(Found::Message(key)) => return Some(SentMessage::read_back(key)),
            Err(error) if is_hopeless(&error) => break,
            Ok(_) | Err(_) => {}
        }
    }
    None
}

async fn confirm<I>(io: &Io<I>, ticket: SendTicket) -> Result<Confirmation, Error> {
    let account = &io.account;
    io.ready(&FetchSessionMsgs::new(ticket.talker())).await?;
    account.check_owner(&ticket)?;
    // However the wall clock goes, it is over by then.
    let deadline = io.now().mono.after(account.latest_arrival());
    let left = || match begun(account, &ticket) {
        Some(begun) => (account.may_arrive_for(begun, io.now())).min(deadline.since(io.now().mono)),
        None => Duration::ZERO,
    };
    let mut gaps = account.read_back_gaps().into_iter();
    let mut gap = Duration::ZERO;
    loop {
        gap = gaps.next().unwrap_or(gap.saturating_mul(2));
        io.sleep(gap.min(left())).await;
        if let Some(key) = account.used(&ticket).and_then(|used| used.key) {
            return Ok(Confirmation::Sent(key));
        }
        // What is not there by now will not come.
        let is_last = left().is_zero();
        match look(io, &ticket).await {
            Ok(Found::Message(key)) => {
                account.mark_ticket_sent(&ticket, key);
                return Ok(Confirmation::Sent(key));
            }
            Err(error) if is_last || is_hopeless(&error) => return Err(error),
            // The answer may have told that our clock is wrong, and that there is time left.
            Ok(found) if is_last && left().is_zero() => {
                return Ok(conclude(account, ticket, found, io.now()));
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// When a ticket's request may have left; `None` when it has not.
fn begun(account: &Account, ticket: &SendTicket) -> Option<UnixMicros> {
    let used = account.used(ticket).map(|used| used.begun);
    ticket.begun.max(used)
}

/// What a last look says of a ticket whose message was not found.
fn conclude(account: &Account, ticket: SendTicket, found: Found, now: Now) -> Confirmation {
    let has_begun = begun(account, &ticket).is_some();
    if found != Found::Nothing
        || has_begun && !ticket.at_least_once
        || account.is_at_work(&ticket, now)
    {
        return Confirmation::CannotTell;
    }
    // The one that has begun sends no more.
    let nonce = if has_begun {
        account.nonce()
    } else {
        ticket.nonce
    };
    Confirmation::Absent(Box::new(SendTicket {
        begun: None,
        nonce,
        ..ticket
    }))
}

/// Looks for a ticket's message once.
async fn look<I>(io: &Io<I>, ticket: &SendTicket) -> Result<Found, Error> {
    let (mut messages, is_all) = messages_from(io, ticket.talker(), ticket.newest).await?;
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

/// Sees to it that a message can be signed.
async fn ready<I>(io: &Io<I>, message: &SendMsg) -> Result<(), Error> {
    let mut tries = Tries::default();
    loop {
        match io.ready(message).await {
            Err(error) if tries.go_on(io, &error).await => {}
            result => return result.map_err(|error| not_sent(message.talker, error)),
        }
    }
}

/// The newest message of a session now; 0 for a session without any. `None` when the service
/// refuses to show the session: then sending goes on, with one safeguard less.
async fn newest<I>(io: &Io<I>, talker: Talker) -> Result<Option<Seqno>, Error> {
    let request = FetchSessionMsgs::new(talker);
    let mut tries = Tries::default();
    let newest = loop {
        match io.call(&request).await {
            Ok(page) => break page.newest().unwrap_or_default(),
            Err(error) if tries.go_on(io, &error).await => {}
            Err(error) if error.kind() == Some(RefusalKind::NoSuchSession) => break Seqno(0),
            Err(error @ Error::Refused(_)) if !may_pass(&error) && !error.ends_login() => {
                return Ok(None);
            }
            Err(error) => return Err(not_sent(talker, error)),
        }
    };
    io.account.learn_newest(talker, newest, io.now());
    Ok(Some(newest))
}

/// The tries of a read that a send needs first.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    /// After a failure: waits, and says whether to try again.
    async fn go_on<I>(&mut self, io: &Io<I>, error: &Error) -> bool {
        self.0 += 1;
        let goes_on = self.0 < READ_TRIES && may_pass(error);
        if goes_on {
            io.sleep(io.account.repeat_gap().saturating_mul(self.0))
                .await;
        }
        goes_on
    }
}

fn not_sent(talker: Talker, cause: Error) -> Error {
    if may_pass(&cause) {
        Error::NotSent(Box::new(NotSent { talker, cause }))
    } else {
        cause
    }
}

/// Whether reading again soon is out of the question.
fn is_hopeless(error: &Error) -> bool {
    match error {
        Error::Refused(_) => error.ends_login(),
        Error::Transport(_) | Error::Unreadable(_) => false,
        _ => true,
    }
}

/// Whether the same read may succeed when it is made again soon.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => !refusal.is_certain(),
        Error::Transport(_) | Error::Unreadable(_) => true,
        _ => false,
    }
}
