use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
};

use bili_im_proto::{self as proto, *};
use http::Response;

#[cfg(feature = "push")]
use crate::push::Push;
use crate::{
    clock::now,
    driver::{Items, run_with},
    exchange::{exchange, new_client},
};

/// An async client of one account. Clones share the account and the connections.
#[derive(Clone)]
pub struct Client {
    account: Account,
    http: reqwest::Client,
}

/// Builds a [`Client`].
pub type ClientBuilder = proto::ClientBuilder<Client>;

impl AdapterClient for Client {
    fn now() -> Now {
        now()
    }

    fn connect(account: Account, loopback: bool, roots: Option<Vec<Vec<u8>>>) -> Self {
        Self::from_client(account, new_client(loopback, roots))
    }
}

impl Client {
    /// Starts building a client, by default for the real service.
    ///
    /// # Panics
    /// When the operating system cannot provide random numbers.
    pub fn builder(credential: Credential) -> ClientBuilder {
        let mut entropy = [0; 24];
        #[expect(clippy::expect_used, reason = "no client works without random numbers")]
        getrandom::fill(&mut entropy).expect("the operating system gives random numbers");
        ClientBuilder::new(credential, entropy)
    }

    /// Makes a client from an HTTP client of the caller's.
    ///
    /// The HTTP client is not checked. It must follow no redirects, since they would carry the
    /// cookie along. It must speak https only, and use no proxy for loopback addresses. Push needs
    /// HTTP/1.1: with a client that prefers HTTP/2 it may never connect, and watches poll.
    pub fn from_client(account: Account, http: reqwest::Client) -> Self {
        Self { account, http }
    }

    proto::client_methods! { [async] [.await] }

    /// Sends a ticket's message, once. `store` gets the ticket as it must be stored, before the
    /// request may leave: see [`Account::send_ticket`]. When `store` fails nothing is sent.
    ///
    /// # Errors
    /// As [`send`](Self::send), and the errors of `store`. Also when the ticket was used before.
    pub async fn send_ticket<E: From<Error>, F>(
        &self,
        ticket: SendTicket,
        store: impl FnMut(SendTicket) -> F,
    ) -> Result<SentMessage, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        self.run_with(self.account.send_ticket(ticket), store).await
    }

    /// Answers a message: see [`Account::answer`]. `store` gets the ticket as it must be stored,
    /// before the request may leave. When `store` fails nothing is sent.
    ///
    /// # Errors
    /// When all sending ends: see [`Account::answer`]. Also the errors of `store`.
    pub async fn answer<E: From<Error>, F>(
        &self,
        event: &Event,
        content: impl Into<SendContent>,
        store: impl FnMut(SendTicket) -> F,
    ) -> Result<Answered, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        let answer = self.account.answer(event, content).map_err(Error::from)?;
        self.run_answer(answer, store).await
    }

    /// Finishes the answer of an earlier run: see [`Account::settle_answer`].
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub async fn settle_answer<E: From<Error>, F>(
        &self,
        ticket: SendTicket,
        store: impl FnMut(SendTicket) -> F,
    ) -> Result<Answered, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        self.run_answer(self.account.settle_answer(ticket), store)
            .await
    }

    async fn run_answer<E: From<Error>, F>(
        &self,
        answer: Flow<AnswerStep, Answered>,
        mut store: impl FnMut(SendTicket) -> F,
    ) -> Result<Answered, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        let take = |step| {
            let stored = match step {
                AnswerStep::Store(ticket) => Some(store(*ticket)),
                _ => None,
            };
            async move {
                match stored {
                    Some(stored) => stored.await,
                    None => Ok(()),
                }
            }
        };
        self.run_with(answer, take).await
    }

    /// Runs a flow to its end.
    ///
    /// # Errors
    /// The error that the flow ends with.
    pub async fn run<Output>(&self, flow: Flow<Infallible, Output>) -> Result<Output, Error> {
        let no_item = |never| -> Ready<_> { match never {} };
        run_with(&self.http, flow, no_item).await
    }

    /// Runs a flow to its end and passes its items to `take`.
    ///
    /// # Errors
    /// The error that the flow ends with, or the first error of `take`, which ends the flow.
    pub async fn run_with<Item, Output, E: From<Error>, F>(
        &self,
        flow: Flow<Item, Output>,
        take: impl FnMut(Item) -> F,
    ) -> Result<Output, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        run_with(&self.http, flow, take).await
    }

    /// Runs a flow item by item.
    pub fn items<Item>(&self, flow: Flow<Item, ()>) -> Items<Item> {
        Items::new(self.http.clone(), flow)
    }

    /// Runs a watcher item by item, if wanted with a push connection of its own.
    fn items_pushed<Item>(
        &self,
        push: bool,
        flow: impl FnOnce(Hints) -> Flow<Item, ()>,
    ) -> Items<Item> {
        #[cfg(feature = "push")]
        if push {
            let session = self.account.push_session();
            return self.items(flow(session.hints())).pushed(session);
        }
        let _no_push = push;
        self.items(flow(Hints::new()))
    }

    /// Opens a push connection, for a watcher that the caller runs with its
    /// [hints](Push::hints). `tell` gets what happens on it; resume the watcher then.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[cfg(feature = "push")]
    pub fn open_push(&self, tell: impl Fn(PushEvent) + Send + 'static) -> Push {
        Push::open(self.http.clone(), self.account.push_session(), tell)
    }

    /// Sends one request of a flow that the caller runs.
    ///
    /// # Errors
    /// When no complete answer arrived.
    pub async fn exchange(&self, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
        exchange(&self.http, outgoing).await
    }
}

/// Logs in with a QR code. `show` gets each step, among them the code to display. The user scans it
/// and confirms the login on the phone.
///
/// The service is at `endpoint`, by default the real one.
///
/// # Errors
/// As every call: see [`Error`].
pub async fn qr_login(
    endpoint: Option<Origin>,
    show: impl FnMut(LoginStep),
) -> Result<LoginOutcome, Error> {
    let hosts = endpoint.map_or_else(Hosts::default, Hosts::single);
    let http = new_client(hosts.are_loopback(), None);
    qr_login_with(http, hosts, show).await
}

/// As [`qr_login`], with an HTTP client of the caller's. It must fulfil what
/// [`Client::from_client`] asks for.
///
/// # Errors
/// As every call: see [`Error`].
pub async fn qr_login_with(
    http: reqwest::Client,
    hosts: Hosts,
    mut show: impl FnMut(LoginStep),
) -> Result<LoginOutcome, Error> {
    let device_id = DeviceId::from_random([0; 16]);
    let context = Context::new(device_id, now().unix).with_hosts(hosts);
    let show = |step| {
        show(step);
        ready(Ok(()))
    };
    run_with(&http, proto::qr_login(context), show).await
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
