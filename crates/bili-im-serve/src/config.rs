//! What a process serves, and where.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc};

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Login as NewLogin, Origin, WatchOptions};
use bili_im_reqwest::Client;

use crate::rights::Tokens;

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
