//! Sending, so that nothing is sent twice and nothing sent is reported as failed
//! (docs/protocol.md §5).

use std::{convert::Infallible, time::Duration};

use crate::{
    account::Registration,
    endpoints::{FetchSessionMsgs, SendContent, SendMsg, SentMessage},
    error::{Invalid, Missing, NotSent, RefusalKind},
    flow::{
        call::{Exchanged, Signing},
        prelude::*,
        read_back::read_back,
    },
    ticket::SendTicket,
};

/// How often to look whether a send of the same content is over.
const TWIN_POLL: Duration = Duration::from_millis(50);

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

    /// Sends a ticket's message as [`send`](Self::send) does, once.
    ///
    /// Each item is the ticket as it must be stored before the flow goes on: begun, before the
    /// request may leave; not begun again, after the service has certainly refused it.
    pub fn send_ticket(&self, ticket: SendTicket) -> Flow<SendTicket, SentMessage> {
        Flow::of(self, async move |io| send_ticket(&io, ticket).await)
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

pub(super) async fn prepare<I>(io: &Io<I>, message: SendMsg) -> Result<SendTicket, Error> {
    ready(io, &message).await?;
    let newest = newest(io, message.talker).await?;
    let account = &io.account;
    Ok(account.ticket(message, newest, account.nonce(), io.now())?)
}

pub(super) async fn send_ticket<I>(io: &Io<I>, ticket: SendTicket) -> Result<SentMessage, Error>
where
    Io<I>: KeepTicket,
{
    ready(io, &ticket.message).await?;
    io.account.check_owner(&ticket)?;
    io.account.check_unused(&ticket, io.now())?;
    let registration = register(io, &ticket.message, ticket.nonce).await;
    dispatch(io, registration, &ticket).await
}

/// What is done with the ticket of a send.
pub(super) trait KeepTicket {
    /// Hands the ticket out to be stored.
    async fn keep(&self, ticket: SendTicket);

    /// Marks the ticket as used, unless another flow has used it.
    fn claim(&self, ticket: &SendTicket) -> Result<(), Invalid>;
}

impl KeepTicket for Io<SendTicket> {
    async fn keep(&self, ticket: SendTicket) {
        self.emit(ticket).await;
    }

    fn claim(&self, ticket: &SendTicket) -> Result<(), Invalid> {
        self.account.claim_ticket(ticket)
    }
}

/// Nobody else has the ticket.
impl KeepTicket for Io<Infallible> {
    async fn keep(&self, _: SendTicket) {}

    fn claim(&self, _: &SendTicket) -> Result<(), Invalid> {
        Ok(())
    }
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
            if registration.mark_unsent() {
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

/// Makes one attempt. The ticket is handed out before each request that may leave, and when that
/// request certainly had no effect: the program may die while the next one is prepared.
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
        let begun = ticket.begun_at(io.account.service_time(io.now()));
        io.keep(begun.clone()).await;
        io.claim(&begun)?;
        registration.begin(io.now());
        match io.exchange_signed(&ticket.message, signing).await {
            Exchanged::Done(result) => return result,
            Exchanged::MayBeStale(refusal, basis) => {
                registration.mark_unsent();
                io.keep(ticket.clone()).await;
                io.sign_anew(refusal, &basis).await?;
            }
        }
        signing = Signing::Anew;
    }
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

/// The tries of a read that a send or its confirmation needs.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// After a failure: waits, and says whether to try again.
    pub(super) async fn go_on<I>(&mut self, io: &Io<I>, error: &Error) -> bool {
        self.0 += 1;
        // A page of HTML is usually a block, which repeating makes worse.
        let is_page = matches!(error, Error::Unreadable(unreadable) if unreadable.is_html);
        let goes_on = self.0 < READ_TRIES && may_pass(error) && !is_page;
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

/// Whether the same read may succeed when it is made again soon.
pub(super) fn may_pass(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => !refusal.is_certain(),
        Error::Invalid(invalid) => *invalid == Invalid::Missing(Missing::SigningKeys),
        Error::Transport(_) | Error::Unreadable(_) => true,
        _ => false,
    }
}
