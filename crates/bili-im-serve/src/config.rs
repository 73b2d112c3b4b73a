//! What a process serves, and its bounds.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Login as NewLogin, Origin, WatchOptions};
use bili_im_reqwest::Client;

use crate::{outlets::OutletLimits, rights::Tokens};

/// Where the login of an account comes from. It is asked anew after each failure, so that a new
/// login is found.
pub trait Login: Send + Sync + 'static {
    /// Makes a client. This may block.
    ///
    /// # Errors
    /// When there is no login that can be used.
    fn open(&self) -> Result<Client, LoginError>;

    /// Stores the state of the client's account for other processes. This may block.
    fn keep(&self, _client: &Client) {}
}

/// There is no login that can be used.
#[derive(Debug)]
pub struct LoginError {
    /// Why.
    pub error: Box<ErrorJson>,
    /// Whether a person has to log in.
    pub is_logged_out: bool,
}

/// Where accounts come from that clients add by name.
pub trait Profiles: Send + Sync + 'static {
    /// The account of this name. This may block.
    ///
    /// # Errors
    /// Why there is none.
    fn setup(&self, name: &str) -> Result<AccountSetup, ErrorJson>;

    /// The service at which a login of this name is made; `None` is the real one. This may block.
    ///
    /// # Errors
    /// Why none can be kept under this name. By default, none is kept.
    fn login_at(&self, _name: &str) -> Result<Option<Origin>, ErrorJson> {
        Err(keeps_no_logins())
    }

    /// Keeps a login under this name, in place of the last one. This may block.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn keep(&self, _name: &str, _login: NewLogin) -> Result<(), ErrorJson> {
        Err(keeps_no_logins())
    }
}

fn keeps_no_logins() -> ErrorJson {
    ErrorJson::new(Exit::WrongUse, "Usage", "this process keeps no logins")
}

/// An account to serve.
#[derive(Clone)]
#[non_exhaustive]
pub struct AccountSetup {
    /// The account's name, as in `account` of methods and events.
    pub name: String,
    /// Its archive, which also holds its queue. It is created if there is none.
    pub archive: PathBuf,
    /// Its login.
    pub login: Arc<dyn Login>,
    /// What is told of it.
    pub watch: WatchOptions,
}

impl AccountSetup {
    /// An account.
    pub fn new(name: impl Into<String>, archive: impl Into<PathBuf>, login: impl Login) -> Self {
        Self {
            name: name.into(),
            archive: archive.into(),
            login: Arc::new(login),
            watch: WatchOptions::default(),
        }
    }
}

impl fmt::Debug for AccountSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountSetup")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The bounds of a process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// How many events of an account are kept. Default: 100,000.
    pub events: u64,
    /// For how long events are kept. Default: a week.
    pub age: Duration,
    /// For how long the outcome of a send is kept under its key, and the position of a consumer
    /// that does not come. Default: 30 days.
    pub memory: Duration,
    /// How often what is too old is dropped. Default: a minute.
    pub trim: Duration,
    /// The wait before a held account is first tried again. Each wait is twice as long as the last.
    /// Default: 5 seconds.
    pub first_wait: Duration,
    /// The longest of these waits. Default: an hour.
    pub longest_wait: Duration,
    /// How long a call waits for the outcome of its send. Default: two minutes.
    pub send: Duration,
    /// How many sends of an account are under way at once. Default: 64.
    pub sends: usize,
    /// The largest body of a request. Default: 1 MiB.
    pub body: usize,
    /// The largest body with an image in Base64. Default: 8 MiB.
    pub image_body: usize,
    /// The largest body with files. Default: 21 MiB, since the service takes images of 20 MiB.
    pub upload: usize,
    /// How many calls a batch can have. Default: 50.
    pub batch: usize,
    /// How many connections there are at once. Default: 256.
    pub connections: usize,
    /// How many of them are streams of events. Default: 64.
    pub streams: usize,
    /// How long a client may take to send a request, and to read what is written to it. Default: 30
    /// seconds.
    pub patience: Duration,
    /// The time between heartbeats of a stream. Default: 15 seconds.
    pub heartbeat: Duration,
    /// How long sends under way are waited for at the end. Default: 20 seconds.
    pub shutdown: Duration,
    /// The bounds of outlets.
    pub outlets: OutletLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: 100_000,
            age: Duration::from_secs(7 * 86_400),
            memory: Duration::from_secs(30 * 86_400),
            trim: Duration::from_secs(60),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(3600),
            send: Duration::from_secs(120),
            sends: 64,
            body: 1 << 20,
            image_body: 8 << 20,
            upload: 21 << 20,
            batch: 50,
            connections: 256,
            streams: 64,
            patience: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            shutdown: Duration::from_secs(20),
            outlets: OutletLimits::default(),
        }
    }
}

/// How a process is reached.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether other machines may reach it. Then there must be tokens.
    pub expose: bool,
    /// Who may do what. Without tokens, everyone on this machine may do everything.
    pub tokens: Option<Tokens>,
    /// Further names under which clients reach it, as a reverse proxy has one.
    pub hosts: Vec<String>,
}

impl Config {
    /// For this machine alone, without tokens.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            expose: false,
            tokens: None,
            hosts: Vec::new(),
        }
    }
}
