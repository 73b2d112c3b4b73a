use std::{convert::Infallible, fmt};

use bili_im_proto::{self as proto, *};
use http::Response;
use ureq::Agent;

#[cfg(feature = "push")]
use crate::push::Push;
use crate::{
    clock::now,
    driver::{Items, run_with},
    exchange::{exchange, new_agent},
};

/// A blocking client of one account. Clones share the account and the connections.
#[derive(Clone)]
pub struct Client {
    account: Account,
    agent: Agent,
}

/// Builds a [`Client`].
pub type ClientBuilder = proto::ClientBuilder<Client>;

impl AdapterClient for Client {
    fn now() -> Now {
        now()
    }

    fn connect(account: Account, loopback: bool, roots: Option<Vec<Vec<u8>>>) -> Self {
        Self::from_agent(account, new_agent(loopback, roots))
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

    /// Makes a client from an agent of the caller's.
    ///
    /// The agent is not checked. It must follow no redirects, since they would carry the cookie
    /// along. It must speak https only, use no proxy for loopback addresses, and return HTTP error
    /// statuses as answers.
    ///
    /// Push uses the agent's TLS and proxy, but not its connector and resolver. Where these matter,
    /// watch without: [`WatchOptions::with_push`].
    pub fn from_agent(account: Account, agent: Agent) -> Self {
        Self { account, agent }
    }

    proto::client_methods! { [] [] }

    /// Sends a ticket's message, once. `store` gets the ticket as it must be stored, before the
    /// request may leave: see [`Account::send_ticket`]. When `store` fails nothing is sent.
    ///
    /// # Errors
    /// As [`send`](Self::send), and the errors of `store`. Also when the ticket was used before.
    pub fn send_ticket<E: From<Error>>(
        &self,
        ticket: SendTicket,
        store: impl FnMut(SendTicket) -> Result<(), E>,
    ) -> Result<SentMessage, E> {
        self.run_with(self.account.send_ticket(ticket), store)
    }

    /// Answers a message: see [`Account::answer`]. `store` gets the ticket as it must be stored,
    /// before the request may leave. When `store` fails nothing is sent.
    ///
    /// # Errors
    /// When all sending ends: see [`Account::answer`]. Also the errors of `store`.
    pub fn answer<E: From<Error>>(
        &self,
        event: &Event,
        content: impl Into<SendContent>,
        store: impl FnMut(SendTicket) -> Result<(), E>,
    ) -> Result<Answered, E> {
        let answer = self.account.answer(event, content).map_err(Error::from)?;
        self.run_answer(answer, store)
    }

    /// Finishes the answer of an earlier run: see [`Account::settle_answer`].
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn settle_answer<E: From<Error>>(
        &self,
        ticket: SendTicket,
        store: impl FnMut(SendTicket) -> Result<(), E>,
    ) -> Result<Answered, E> {
        self.run_answer(self.account.settle_answer(ticket), store)
    }

    fn run_answer<E: From<Error>>(
        &self,
        answer: Flow<AnswerStep, Answered>,
        mut store: impl FnMut(SendTicket) -> Result<(), E>,
    ) -> Result<Answered, E> {
        self.run_with(answer, |step| match step {
            AnswerStep::Store(ticket) => store(*ticket),
            _ => Ok(()),
        })
    }

    /// Runs a flow to its end.
    ///
    /// # Errors
    /// The error that the flow ends with.
    pub fn run<Output>(&self, flow: Flow<Infallible, Output>) -> Result<Output, Error> {
        run_with(&self.agent, flow, |never| match never {})
    }

    /// Runs a flow to its end and passes its items to `take`.
    ///
    /// # Errors
    /// The error that the flow ends with, or the first error of `take`, which ends the flow.
    pub fn run_with<Item, Output, E: From<Error>>(
        &self,
        flow: Flow<Item, Output>,
        take: impl FnMut(Item) -> Result<(), E>,
    ) -> Result<Output, E> {
        run_with(&self.agent, flow, take)
    }

    /// Runs a flow item by item.
    pub fn items<Item>(&self, flow: Flow<Item, ()>) -> Items<Item> {
        Items::new(self.agent.clone(), flow)
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
    #[cfg(feature = "push")]
    pub fn open_push(&self, tell: impl Fn(PushEvent) + Send + 'static) -> Push {
        Push::open(self.agent.clone(), self.account.push_session(), tell)
    }

    /// Sends one request of a flow that the caller runs.
    ///
    /// # Errors
    /// When no complete answer arrived.
    pub fn exchange(&self, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
        exchange(&self.agent, outgoing)
    }
}

/// Logs in with a QR code. `show` gets each step, among them the code to display. The user scans it
/// and confirms the login on the phone.
///
/// The service is at `endpoint`, by default the real one.
///
/// # Errors
/// As every call: see [`Error`].
pub fn qr_login(
    endpoint: Option<Origin>,
    show: impl FnMut(LoginStep),
) -> Result<LoginOutcome, Error> {
    let hosts = endpoint.map_or_else(Hosts::default, Hosts::single);
    let agent = new_agent(hosts.are_loopback(), None);
    qr_login_with(agent, hosts, show)
}

/// As [`qr_login`], with an agent of the caller's. It must fulfil what [`Client::from_agent`] asks
/// for.
///
/// # Errors
/// As every call: see [`Error`].
pub fn qr_login_with(
    agent: Agent,
    hosts: Hosts,
    mut show: impl FnMut(LoginStep),
) -> Result<LoginOutcome, Error> {
    let device_id = DeviceId::from_random([0; 16]);
    let context = Context::new(device_id, now().unix).with_hosts(hosts);
    run_with(&agent, proto::qr_login(context), |step| {
        show(step);
        Ok(())
    })
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
