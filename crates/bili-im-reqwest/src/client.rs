use std::{convert::Infallible, fmt, future::ready, time::Duration};

use bili_im_proto::{
    self as proto, Account, AccountBuilder, Confirmation, Context, Credential, Cursor, DeviceId,
    Endpoint, Error, Event, Failure, Flow, History, Hosts, Image, InvalidSnapshot, LoginOutcome,
    LoginStep, MsgKey, Now, Origin, Outgoing, Pacing, Profile, SendContent, SendTicket,
    SentMessage, Session, SessionFilter, SessionMsgs, SingleUnread, Snapshot, Talker, Text, Uid,
    Unread, UserAgent, UserCard, WatchOptions,
};
use http::Response;

use crate::{
    driver::{Driver, Items, now},
    exchange::new_client,
};

/// An async client of one account. Copies share the account and the connections.
#[derive(Clone)]
pub struct Client {
    account: Account,
    driver: Driver,
}

/// Makes a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    account: AccountBuilder,
    loopback: bool,
    roots: Option<Vec<Vec<u8>>>,
}

impl ClientBuilder {
    /// The service elsewhere, all three hosts at one address.
    #[must_use]
    pub fn endpoint(mut self, origin: Origin) -> Self {
        let hosts = Hosts::single(origin);
        self.loopback = hosts.are_loopback();
        self.account = self.account.hosts(hosts);
        self
    }

    /// Another name for the client.
    #[must_use]
    pub fn user_agent(mut self, user_agent: UserAgent) -> Self {
        self.account = self.account.user_agent(user_agent);
        self
    }

    /// Another pace. Without this the service's own is kept, and none on this machine.
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.account = self.account.pacing(pacing);
        self
    }

    /// The sending installation, instead of a new one.
    #[must_use]
    pub fn device_id(mut self, device_id: DeviceId) -> Self {
        self.account = self.account.device_id(device_id);
        self
    }

    /// Trusts these certificate authorities (DER) instead of the ones that Mozilla trusts, which are
    /// built in: a machine's own store is not asked and need not exist.
    #[must_use]
    pub fn roots(mut self, certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.roots = Some(certificates.into_iter().collect());
        self
    }

    /// Goes on where an earlier client left off, as the same installation.
    ///
    /// # Errors
    /// When the snapshot is another account's, or of a version not known here.
    pub fn restore(mut self, snapshot: &Snapshot) -> Result<Self, InvalidSnapshot> {
        self.account = self.account.restore(snapshot, now())?;
        Ok(self)
    }

    /// The client: https only but for this machine, no redirects, no proxy to this machine.
    pub fn build(self) -> Client {
        let http = new_client(self.loopback, self.roots);
        Client::from_client(self.account.build(), http)
    }
}

/// The methods of a client, a line for each flow of the account: `run` drives it to its end, `try_run`
/// too when it can be begun, `items` returns what it gives on the way.
macro_rules! flows {
    () => {};
    (run $name:ident($($argument:ident: $type:ty),*) -> $output:ty; $($rest:tt)*) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].\n\n# Errors\nSee [`Error`].")]
        pub async fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
            self.run(self.account.$name($($argument),*)).await
        }
        flows! { $($rest)* }
    };
    (try_run $name:ident($($argument:ident: $type:ty),*) -> $output:ty; $($rest:tt)*) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].\n\n# Errors\nSee [`Error`].")]
        pub async fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
            self.run(self.account.$name($($argument),*)?).await
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
    /// Starts a client of the real service.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    pub fn builder(credential: Credential) -> ClientBuilder {
        let mut entropy = [0; 24];
        #[expect(clippy::expect_used, reason = "nothing can go on without")]
        getrandom::fill(&mut entropy).expect("the operating system gives random numbers");
        ClientBuilder {
            account: Account::builder(credential, entropy),
            loopback: false,
            roots: None,
        }
    }

    /// A client over a ready-made HTTP client.
    ///
    /// Not checked then: that it follows no redirects (they would carry the cookie along), takes
    /// https only, and goes around proxies to this machine.
    pub fn from_client(account: Account, http: reqwest::Client) -> Self {
        let driver = Driver::new(http);
        Self { account, driver }
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
    pub async fn unread(&self) -> Result<Unread, Error> {
        self.call(SingleUnread::new()).await
    }

    /// Sends a text, once.
    ///
    /// # Errors
    /// As [`send`](Self::send); also when the text is empty or too long.
    pub async fn send_text(
        &self,
        talker: impl Into<Talker>,
        text: impl Into<String>,
    ) -> Result<SentMessage, Error> {
        self.send(talker, Text::new(text)?).await
    }

    /// Sends an image by its address, once.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_image(
        &self,
        talker: impl Into<Talker>,
        image: Image,
    ) -> Result<SentMessage, Error> {
        self.send(talker, image).await
    }

    /// Sends a ticket's message, once. `store` gets the ticket as it must be stored, before the
    /// request may leave: see [`Account::send_ticket`]. When `store` fails nothing is sent.
    ///
    /// # Errors
    /// As [`send`](Self::send); also when the ticket was used before, and those of `store`.
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

    /// Calls any endpoint.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn call<E>(&self, endpoint: E) -> Result<E::Response, Error>
    where
        E: Endpoint + Send + Sync + 'static,
        E::Response: Send,
    {
        self.run(self.account.call(endpoint)).await
    }

    /// Drives a flow to its end.
    ///
    /// # Errors
    /// What the flow ends with.
    pub async fn run<Output>(&self, flow: Flow<Infallible, Output>) -> Result<Output, Error> {
        self.driver.run(flow).await
    }

    /// Drives a flow to its end, and gives its items to `take` on the way.
    ///
    /// # Errors
    /// What the flow ends with, or the first error of `take`, which ends the flow.
    pub async fn run_with<Item, Output, E: From<Error>, F>(
        &self,
        flow: Flow<Item, Output>,
        take: impl FnMut(Item) -> F,
    ) -> Result<Output, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        self.driver.run_with(flow, take).await
    }

    /// The items of a flow, one after the other.
    pub fn items<Item>(&self, flow: Flow<Item, ()>) -> Items<Item> {
        Items::new(self.driver.clone(), flow)
    }

    /// Sends one request of a flow that the caller drives.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn exchange(&self, outgoing: Outgoing) -> Result<Response<Vec<u8>>, Failure> {
        self.driver.exchange(outgoing).await
    }

    /// What the clocks show, for a flow that the caller drives.
    pub fn now(&self) -> Now {
        now()
    }

    /// The account behind it.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What another process of this account should know: see [`Account::snapshot`].
    pub fn snapshot(&self) -> Snapshot {
        self.account.snapshot(now())
    }

    /// Learns what another process of this account stored meanwhile: see [`Account::absorb`].
    ///
    /// # Errors
    /// When the snapshot is another account's, or of a version not known here.
    pub fn absorb(&self, snapshot: &Snapshot) -> Result<(), InvalidSnapshot> {
        self.account.absorb(snapshot, now())
    }
}

/// Logs in with a QR code: shows it through `show`, and the login is made by scanning it.
///
/// The service is at `endpoint` when one is given.
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

/// As [`qr_login`], over a ready-made HTTP client, of which the same is not checked as in
/// [`Client::from_client`].
///
/// # Errors
/// As every call: see [`Error`].
pub async fn qr_login_with(
    http: reqwest::Client,
    hosts: Hosts,
    mut show: impl FnMut(LoginStep),
) -> Result<LoginOutcome, Error> {
    let driver = Driver::new(http);
    let device_id = DeviceId::from_random([0; 16]);
    let context = Context::new(device_id, now().unix).with_hosts(hosts);
    let show = |step| {
        show(step);
        ready(Ok(()))
    };
    driver.run_with(proto::qr_login(context), show).await
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
