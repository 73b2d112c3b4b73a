use std::{convert::Infallible, fmt, time::Duration};

use bili_im_proto::{
    self as proto, Account, AccountBuilder, Confirmation, Context, Credential, Cursor, DeviceId,
    Endpoint, Error, Event, Failure, Flow, History, Hosts, Image, InvalidSnapshot, LoginOutcome,
    LoginStep, MsgKey, Now, Origin, Outgoing, Pacing, Profile, SendContent, SendTicket,
    SentMessage, Session, SessionFilter, SessionMsgs, SingleUnread, Snapshot, Talker, Text, Uid,
    Unread, UserAgent, UserCard, WatchOptions,
};
use http::Response;
use ureq::Agent;

use crate::{
    driver::{Driver, Items, now},
    exchange::new_agent,
};

/// A blocking client of one account. Clones share the account and the connections.
#[derive(Clone)]
pub struct Client {
    account: Account,
    driver: Driver,
}

/// Builds a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    account: AccountBuilder,
    loopback: bool,
    roots: Option<Vec<Vec<u8>>>,
}

impl ClientBuilder {
    /// Sets where the service is: all three hosts at one address. Default: the real service.
    #[must_use]
    pub fn endpoint(mut self, origin: Origin) -> Self {
        let hosts = Hosts::single(origin);
        self.loopback = hosts.are_loopback();
        self.account = self.account.hosts(hosts);
        self
    }

    /// Sets the `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, user_agent: UserAgent) -> Self {
        self.account = self.account.user_agent(user_agent);
        self
    }

    /// Sets the pacing. Default: [`Pacing::default`], or [`Pacing::off`] for a loopback address.
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.account = self.account.pacing(pacing);
        self
    }

    /// Sets the device id. Default: a new random one.
    #[must_use]
    pub fn device_id(mut self, device_id: DeviceId) -> Self {
        self.account = self.account.device_id(device_id);
        self
    }

    /// Trusts these certificate authorities (DER) instead of Mozilla's list, which is built in. The
    /// machine's own certificate store is never used.
    #[must_use]
    pub fn roots(mut self, certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.roots = Some(certificates.into_iter().collect());
        self
    }

    /// Restores the state stored in a snapshot, including the device id.
    ///
    /// # Errors
    /// When the snapshot belongs to another account or was written by an unknown version.
    pub fn restore(mut self, snapshot: &Snapshot) -> Result<Self, InvalidSnapshot> {
        self.account = self.account.restore(snapshot, now())?;
        Ok(self)
    }

    /// Builds the client. It follows no redirects and speaks https only. For a loopback address it
    /// also speaks plain http, and uses no proxy.
    pub fn build(self) -> Client {
        let agent = new_agent(self.loopback, self.roots);
        Client {
            account: self.account.build(),
            driver: Driver::new(agent),
        }
    }
}

/// The methods of a client, a line for each flow of the account: `run` drives it to its end,
/// `try_run` too when it can be begun, `items` returns what it gives on the way.
macro_rules! flows {
    () => {};
    (run $name:ident($($argument:ident: $type:ty),*) -> $output:ty; $($rest:tt)*) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].\n\n# Errors\nSee [`Error`].")]
        pub fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
            self.run(self.account.$name($($argument),*))
        }
        flows! { $($rest)* }
    };
    (try_run $name:ident($($argument:ident: $type:ty),*) -> $output:ty; $($rest:tt)*) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].\n\n# Errors\nSee [`Error`].")]
        pub fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
            self.run(self.account.$name($($argument),*)?)
        }
        flows! { $($rest)* }
    };
    (items $name:ident($($argument:ident: $type:ty),*) -> $item:ty; $($rest:tt)*) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].")]
        pub fn $name(&self, $($argument: $type),*) -> Items<$item> {
            self.items(self.account.$name($($argument),*))
        }
        flows! { $($rest)* }
    };
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
        ClientBuilder {
            account: Account::builder(credential, entropy),
            loopback: false,
            roots: None,
        }
    }

    /// Makes a client from an agent of the caller's.
    ///
    /// The agent is not checked. It must follow no redirects, since they would carry the cookie
    /// along. It must speak https only, use no proxy for loopback addresses, and return HTTP error
    /// statuses as answers.
    pub fn from_agent(account: Account, agent: Agent) -> Self {
        Self {
            account,
            driver: Driver::new(agent),
        }
    }

    flows! {
        run profile() -> Profile;
        run send(talker: impl Into<Talker>, content: impl Into<SendContent>) -> SentMessage;
        try_run send_image_file(talker: impl Into<Talker>, file: Vec<u8>) -> SentMessage;
        run prepare_send(talker: impl Into<Talker>, content: impl Into<SendContent>) -> SendTicket;
        try_run prepare_answer(event: &Event, content: impl Into<SendContent>) -> SendTicket;
        run confirm(ticket: SendTicket) -> Confirmation;
        run recall(talker: impl Into<Talker>, msg_key: MsgKey) -> ();
        items history(history: History) -> SessionMsgs;
        items sessions() -> Vec<Session>;
        items sessions_of(filter: SessionFilter) -> Vec<Session>;
        run people(uids: impl IntoIterator<Item = Uid>) -> Vec<UserCard>;
        run cursor_now() -> Cursor;
        items watch(cursor: Cursor, options: WatchOptions) -> Event;
        items watch_unread(interval: Option<Duration>) -> Event;
    }

    /// How many messages of users are unread.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub fn unread(&self) -> Result<Unread, Error> {
        self.call(SingleUnread::new())
    }

    /// Sends a text, once.
    ///
    /// # Errors
    /// As [`send`](Self::send). Also when the text is empty or too long.
    pub fn send_text(
        &self,
        talker: impl Into<Talker>,
        text: impl Into<String>,
    ) -> Result<SentMessage, Error> {
        self.send(talker, Text::new(text)?)
    }

    /// Sends an image, given by its address. Never sends it twice.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_image(
        &self,
        talker: impl Into<Talker>,
        image: Image,
    ) -> Result<SentMessage, Error> {
        self.send(talker, image)
    }

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

    /// Calls any endpoint.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub fn call<E>(&self, endpoint: E) -> Result<E::Response, Error>
    where
        E: Endpoint + Send + Sync + 'static,
        E::Response: Send,
    {
        self.run(self.account.call(endpoint))
    }

    /// Runs a flow to its end.
    ///
    /// # Errors
    /// The error that the flow ends with.
    pub fn run<Output>(&self, flow: Flow<Infallible, Output>) -> Result<Output, Error> {
        self.driver.run(flow)
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
        self.driver.run_with(flow, take)
    }

    /// Runs a flow item by item.
    pub fn items<Item>(&self, flow: Flow<Item, ()>) -> Items<Item> {
        Items::new(self.driver.clone(), flow)
    }

    /// Sends one request of a flow that the caller runs.
    ///
    /// # Errors
    /// When no complete answer arrived.
    pub fn exchange(&self, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
        self.driver.exchange(outgoing)
    }

    /// The current time, for a flow that the caller runs.
    pub fn now(&self) -> Now {
        now()
    }

    /// The client's account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The state to store for other processes of this account: see [`Account::snapshot`].
    pub fn snapshot(&self) -> Snapshot {
        self.account.snapshot(now())
    }

    /// Merges a snapshot that another process of this account stored: see [`Account::absorb`].
    ///
    /// # Errors
    /// When the snapshot belongs to another account or was written by an unknown version.
    pub fn absorb(&self, snapshot: &Snapshot) -> Result<(), InvalidSnapshot> {
        self.account.absorb(snapshot, now())
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
    Driver::new(agent).run_with(proto::qr_login(context), |step| {
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
