//! Logging in with a QR code that a client shows.

use std::{collections::BTreeMap, sync::Mutex};

use bili_im_archive::ArchiveError;
use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Login, LoginOutcome, LoginStep, Origin, Secret, Uid};
use bili_im_reqwest::qr_login;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use tokio::{
    select,
    sync::watch::{Receiver, Sender},
    task::spawn_blocking,
};

use crate::{
    account::lock,
    core::Core,
    error::{ServeError, archive_error, error, panicked},
};

/// How many logins are under way at once.
const MOST: usize = 16;

/// The logins of a process: of each profile the one under way, or the last one.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<BTreeMap<String, Receiver<LoginJson>>>);

/// A login that has to be made.
type Beginning = Sender<LoginJson>;

/// How a login is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct LoginJson {
    account: String,
    state: LoginState,
    /// What to show as a QR code, within 180 s. Whoever knows it can take the login.
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "Option<String>")]
    link: Option<Secret>,
    /// Who has logged in.
    uid: Option<Uid>,
    /// Why it failed.
    error: Option<ErrorJson>,
}

/// How a login is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LoginState {
    /// The service is asked for a code.
    Starting,
    /// The code is to be scanned.
    Code,
    /// It was scanned; the login is to be confirmed on the phone.
    Scanned,
    /// It is kept, and the account was started with it.
    Done,
    /// Nobody confirmed in time.
    Expired,
    Failed,
}

impl Core {
    /// Begins a login, unless one is under way for this name. Gives it once there is a code.
    pub(crate) async fn log_in(&self, name: &str) -> Result<LoginJson, ErrorJson> {
        let (core, wanted) = (self.clone(), name.to_owned());
        let endpoint = spawn_blocking(move || core.profiles()?.login_at(&wanted));
        let endpoint = endpoint.await.map_err(|_| panicked())??;
        let (mut login, begun) = self.shared().logins.begin(name)?;
        if let Some(begun) = begun {
            let core = self.clone();
            tokio::spawn(async move {
                let mut ends = core.ends();
                select! {
                    () = run(&core, endpoint, &begun) => {}
                    _ = ends.wait_for(|ends| *ends) => {}
                }
            });
        }
        let has_code = |login: &LoginJson| login.state != LoginState::Starting;
        let login = login.wait_for(has_code).await;
        let login = login.map_err(|_| ErrorJson::from(ServeError::Ending))?;
        Ok(login.clone())
    }
}

impl Logins {
    /// The login of this name. The sender is there when it is a new one.
    fn begin(&self, name: &str) -> Result<(Receiver<LoginJson>, Option<Beginning>), ErrorJson> {
        let mut logins = lock(&self.0);
        if let Some(login) = logins.get(name).filter(|login| is_under_way(login)) {
            return Ok((login.clone(), None));
        }
        if logins.len() >= MOST {
            logins.retain(|_, login| is_under_way(login));
        }
        if logins.len() >= MOST {
            let words = "too many logins are under way";
            return Err(error(
                Exit::Other,
                "TooMany",
                words,
                "try again in three minutes",
            ));
        }
        let (sender, login) = tokio::sync::watch::channel(LoginJson {
            account: name.to_owned(),
            state: LoginState::Starting,
            link: None,
            uid: None,
            error: None,
        });
        logins.insert(name.to_owned(), login.clone());
        Ok((login, Some(sender)))
    }

    /// The login of this name: the one under way, or the last one.
    pub(crate) fn get(&self, name: &str) -> Option<LoginJson> {
        let logins = lock(&self.0);
        logins.get(name).map(|login| login.borrow().clone())
    }
}

/// Its sender lives as long as it is under way.
fn is_under_way(login: &Receiver<LoginJson>) -> bool {
    login.has_changed().is_ok()
}

async fn run(core: &Core, endpoint: Option<Origin>, login: &Sender<LoginJson>) {
    let name = login.borrow().account.clone();
    let outcome = qr_login(endpoint, |step| {
        login.send_modify(|login| match step {
            LoginStep::Code(link) => {
                login.state = LoginState::Code;
                login.link = Some(link);
            }
            LoginStep::Scanned => login.state = LoginState::Scanned,
            _ => {}
        });
    });
    let (state, error) = match outcome.await {
        Ok(LoginOutcome::Done(done)) => {
            login.send_modify(|login| login.uid = done.credential.uid());
            let served = match keep(core, &name, *done).await {
                Ok(()) => serve(core, &name).await,
                Err(error) => Err(error),
            };
            match served {
                Ok(()) => (LoginState::Done, None),
                Err(error) => (LoginState::Failed, Some(error)),
            }
        }
        Ok(LoginOutcome::WithoutCookies(error)) | Err(error) => {
            (LoginState::Failed, Some(error.into()))
        }
        Ok(_) => (LoginState::Expired, None),
    };
    tracing::info!(account = name, ?state, "login");
    login.send_modify(|login| {
        (login.state, login.error) = (state, error);
        login.link = None;
    });
}

async fn keep(core: &Core, name: &str, login: Login) -> Result<(), ErrorJson> {
    let owner = core.account(name).and_then(|account| account.uid());
    if let (Some(owner), Some(login)) = (owner, login.credential.uid())
        && owner != login
    {
        return Err(archive_error(ArchiveError::Foreign { owner, login }));
    }
    let (core, name) = (core.clone(), name.to_owned());
    let kept = spawn_blocking(move || core.profiles()?.keep(&name, login));
    kept.await.unwrap_or_else(|_| Err(panicked()))
}

/// Starts an account with its new login.
async fn serve(core: &Core, name: &str) -> Result<(), ErrorJson> {
    if core.restart(name).is_err() {
        core.add_named(name).await?;
    }
    if let Some(account) = core.account(name) {
        account.works_within(core.shared().limits.patience).await;
    }
    Ok(())
}

fn exposed<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(to)
}
