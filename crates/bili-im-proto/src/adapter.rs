//! What the clients of both adapters have in common.

use std::marker::PhantomData;

use crate::{
    account::{Account, AccountBuilder, InvalidSnapshot, Pacing, Snapshot},
    context::{Hosts, Origin, UserAgent},
    credential::Credential,
    ids::DeviceId,
    time::Now,
};

/// Builds the client of an adapter.
#[derive(Debug)]
pub struct ClientBuilder<Client> {
    account: AccountBuilder,
    loopback: bool,
    roots: Option<Vec<Vec<u8>>>,
    client: PhantomData<fn() -> Client>,
}

/// How an adapter makes its client.
#[doc(hidden)]
pub trait AdapterClient: Sized {
    /// The current time.
    fn now() -> Now;

    /// A client that may speak plain http, without a proxy, when `loopback` is set. It trusts the
    /// certificate authorities `roots`, by default Mozilla's.
    fn connect(account: Account, loopback: bool, roots: Option<Vec<Vec<u8>>>) -> Self;
}

impl<Client: AdapterClient> ClientBuilder<Client> {
    /// Starts building a client. `entropy` must be random bytes.
    #[doc(hidden)]
    pub fn new(credential: Credential, entropy: [u8; 24]) -> Self {
        Self {
            account: Account::builder(credential, entropy),
            loopback: false,
            roots: None,
            client: PhantomData,
        }
    }

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
        self.account = self.account.restore(snapshot, Client::now())?;
        Ok(self)
    }

    /// Builds the client. It follows no redirects and speaks https only. For a loopback address it
    /// also speaks plain http, and uses no proxy.
    pub fn build(self) -> Client {
        Client::connect(self.account.build(), self.loopback, self.roots)
    }
}

/// The methods that the clients of both adapters have, for an `impl Client`. The async one gives
/// `[async] [.await]`, the blocking one `[] []`. The client has a field `account`, methods `run` and
/// `items`, and `Items` in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! client_methods {
    ([$($async:tt)?] [$($await:tt)*]) => {
        $crate::client_flows! { [$($async)?] [$($await)*]
            run profile() -> Profile;
            run send(talker: impl Into<Talker>, content: impl Into<SendContent>) -> SentMessage;
            try_run send_image_file(talker: impl Into<Talker>, file: Vec<u8>) -> SentMessage;
            run prepare_send(talker: impl Into<Talker>, content: impl Into<SendContent>) -> SendTicket;
            run confirm(ticket: SendTicket) -> Confirmation;
            run recall(talker: impl Into<Talker>, msg_key: MsgKey) -> ();
            items messages(history: History) -> Message;
            items history(history: History) -> SessionMsgs;
            items sessions() -> Vec<Session>;
            items sessions_of(filter: SessionFilter) -> Vec<Session>;
            run people(uids: impl IntoIterator<Item = Uid>) -> Vec<UserCard>;
            run cursor_now() -> Cursor;
        }

        /// As [`Account::watch`], with a push connection unless the options say otherwise or the
        /// feature `push` is off.
        pub fn watch(&self, cursor: Cursor, options: WatchOptions) -> Items<Event> {
            self.items_pushed(options.push, |hints| {
                self.account.watch_pushed(cursor, options, hints)
            })
        }

        /// As [`Account::watch_unread`], with a push connection as [`watch`](Self::watch) has.
        pub fn watch_unread(&self, options: WatchOptions) -> Items<Event> {
            self.items_pushed(options.push, |hints| {
                self.account.watch_unread_pushed(options, hints)
            })
        }

        /// Reads what `store` does not have yet: see [`Account::sync`].
        ///
        /// # Errors
        /// When all reading ends: see [`Account::sync`]. Also the errors of the store.
        pub $($async)? fn sync<S: SyncStore>(
            &self,
            store: &mut S,
            options: SyncOptions,
        ) -> Result<SyncReport, S::Error> {
            let flow = self.account.sync(store.state()?, options);
            self.run_with(flow, |step| {
                let saved = store.save(step);
                $($async move)? { saved }
            })$($await)*
        }

        /// How many messages of users are unread.
        ///
        /// # Errors
        /// As every call: see [`Error`].
        pub $($async)? fn unread(&self) -> Result<Unread, Error> {
            self.call(SingleUnread::new())$($await)*
        }

        /// Sends a text, once.
        ///
        /// # Errors
        /// As [`send`](Self::send). Also when the text is empty or too long.
        pub $($async)? fn send_text(
            &self,
            talker: impl Into<Talker>,
            text: impl Into<String>,
        ) -> Result<SentMessage, Error> {
            self.send(talker, Text::new(text)?)$($await)*
        }

        /// Sends an image, given by its address. Never sends it twice.
        ///
        /// # Errors
        /// As [`send`](Self::send).
        pub $($async)? fn send_image(
            &self,
            talker: impl Into<Talker>,
            image: Image,
        ) -> Result<SentMessage, Error> {
            self.send(talker, image)$($await)*
        }

        /// Calls any endpoint.
        ///
        /// # Errors
        /// As every call: see [`Error`].
        pub $($async)? fn call<E>(&self, endpoint: E) -> Result<E::Response, Error>
        where
            E: Endpoint + Send + Sync + 'static,
            E::Response: Send,
        {
            self.run(self.account.call(endpoint))$($await)*
        }

        /// The current time, for a flow that the caller runs.
        pub fn now(&self) -> Now {
            <Self as AdapterClient>::now()
        }

        /// The client's account.
        pub fn account(&self) -> &Account {
            &self.account
        }

        /// The state to store for other processes of this account: see [`Account::snapshot`].
        pub fn snapshot(&self) -> Snapshot {
            self.account.snapshot(self.now())
        }

        /// Merges a snapshot that another process of this account stored: see [`Account::absorb`].
        ///
        /// # Errors
        /// When the snapshot belongs to another account or was written by an unknown version.
        pub fn absorb(&self, snapshot: &Snapshot) -> Result<(), InvalidSnapshot> {
            self.account.absorb(snapshot, self.now())
        }
    };
}

/// A method for each flow of the account: `run` drives it to its end, `try_run` too when it can be
/// begun, `items` returns what it gives on the way.
#[doc(hidden)]
#[macro_export]
macro_rules! client_flows {
    ([$($async:tt)?] [$($await:tt)*]) => {};
    ([$($async:tt)?] [$($await:tt)*]
        run $name:ident($($argument:ident: $type:ty),*) -> $output:ty; $($rest:tt)*
    ) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].\n\n# Errors\nSee [`Error`].")]
        pub $($async)? fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
            self.run(self.account.$name($($argument),*))$($await)*
        }
        $crate::client_flows! { [$($async)?] [$($await)*] $($rest)* }
    };
    ([$($async:tt)?] [$($await:tt)*]
        try_run $name:ident($($argument:ident: $type:ty),*) -> $output:ty; $($rest:tt)*
    ) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].\n\n# Errors\nSee [`Error`].")]
        pub $($async)? fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
            self.run(self.account.$name($($argument),*)?)$($await)*
        }
        $crate::client_flows! { [$($async)?] [$($await)*] $($rest)* }
    };
    ([$($async:tt)?] [$($await:tt)*]
        items $name:ident($($argument:ident: $type:ty),*) -> $item:ty; $($rest:tt)*
    ) => {
        #[doc = concat!("As [`Account::", stringify!($name), "`].")]
        pub fn $name(&self, $($argument: $type),*) -> Items<$item> {
            self.items(self.account.$name($($argument),*))
        }
        $crate::client_flows! { [$($async)?] [$($await)*] $($rest)* }
    };
}
