//! Logging in with a QR code that a client shows.

use std::{collections::BTreeMap, sync::Mutex};

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
    account::{State, same_user},
    core::Core,
    error::{ServeError, error, panicked},
    lock::lock,
};

/// How many logins are under way at once.
const MOST: usize = 16;

/// The logins of a process: of each profile the one under way, or the last one.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<BTreeMap<String, Receiver<LoginJson>>>);

/// The sending half of how a login is. The login is under way until it is dropped.
type Updates = Sender<LoginJson>;

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
    /// It was confirmed; the account is being started with it.
    Confirmed,
    /// It is kept, and the account works with it, or is still starting after a while.
    Done,
    /// Nobody confirmed in time.
    Expired,
    Failed,
}

impl Core {
    /// Begins a login, unless one is under way for this name. Gives how it is once there is a code.
    pub(crate) async fn log_in(&self, name: &str) -> Result<LoginJson, ErrorJson> {
        let (core, wanted) = (self.clone(), name.to_owned());
        let endpoint = spawn_blocking(move || core.profiles()?.login_at(&wanted));
        let endpoint = endpoint.await.map_err(|_| panicked())??;
        let (mut state, updates) = self.shared().logins.begin(name)?;
        if let Some(updates) = updates {
            let core = self.clone();
            tokio::spawn(async move {
                let mut ends = core.ends();
                select! {
                    () = run(&core, endpoint, &updates) => {}
                    _ = ends.wait_for(|ends| *ends) => {}
                }
            });
        }
        let has_code = |login: &LoginJson| login.state != LoginState::Starting;
        match state.wait_for(has_code).await {
            Ok(login) => Ok(login.clone()),
            Err(_) => Err(ServeError::Ending.into()),
        }
    }
}

impl Logins {
    /// How the login of this name is. Also gives where to say so, if none was under way.
    fn begin(&self, name: &str) -> Result<(Receiver<LoginJson>, Option<Updates>), ErrorJson> {
        let mut logins = lock(&self.0);
        if let Some(state) = logins.get(name).filter(|state| is_under_way(state)) {
            return Ok((state.clone(), None));
        }
        if logins.len() >= MOST {
            logins.retain(|_, state| is_under_way(state));
        }
        if logins.len() >= MOST {
            let (words, advice) = (
                "too many logins are under way",
                "try again in three minutes",
            );
            return Err(error(Exit::Other, "TooMany", words, advice));
        }
        let (updates, state) = tokio::sync::watch::channel(LoginJson {
            account: name.to_owned(),
            state: LoginState::Starting,
            link: None,
            uid: None,
            error: None,
        });
        logins.insert(name.to_owned(), state.clone());
        Ok((state, Some(updates)))
    }

    /// How the login of this name is: the one under way, or the last one.
    pub(crate) fn get(&self, name: &str) -> Option<LoginJson> {
        let logins = lock(&self.0);
        logins.get(name).map(|state| state.borrow().clone())
    }
}

/// The task of a login owns the sending half, so the channel is closed once that has ended.
fn is_under_way(state: &Receiver<LoginJson>) -> bool {
    state.has_changed().is_ok()
}

async fn run(core: &Core, endpoint: Option<Origin>, updates: &Updates) {
    let name = updates.borrow().account.clone();
    let outcome = qr_login(endpoint, |step| {
        updates.send_modify(|json| match step {
            LoginStep::Code(link) => {
                json.state = LoginState::Code;
                json.link = Some(link);
            }
            LoginStep::Scanned => json.state = LoginState::Scanned,
            _ => {}
        });
    });
    let (state, error) = match outcome.await {
        Ok(LoginOutcome::Done(login)) => {
            updates.send_modify(|json| {
                (json.state, json.link) = (LoginState::Confirmed, None);
                json.uid = login.credential.uid();
            });
            let served = match keep(core, &name, *login).await {
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
    updates.send_modify(|json| {
        (json.state, json.error) = (state, error);
        json.link = None;
    });
}

/// Keeps a login, unless the account is another user's, or the user has another account.
async fn keep(core: &Core, name: &str, login: Login) -> Result<(), ErrorJson> {
    if let Some(user) = login.credential.uid() {
        check_user(core, name, user)?;
    }
    let (core, name) = (core.clone(), name.to_owned());
    let kept = spawn_blocking(move || core.profiles()?.keep(&name, login));
    kept.await.unwrap_or_else(|_| Err(panicked()))
}

fn check_user(core: &Core, name: &str, user: Uid) -> Result<(), ErrorJson> {
    let owner = core.account(name).and_then(|account| account.uid());
    if let Some(owner) = owner.filter(|owner| *owner != user) {
        let message = format!(
            "profile {name} is of user {owner}, but user {user} confirmed; nothing was changed"
        );
        let advice = "use another name for this user";
        return Err(error(Exit::WrongUse, "OtherUser", message, advice));
    }
    match lock(&core.shared().users).get(&user) {
        Some((_, other)) if other != name => Err(same_user(other)),
        _ => Ok(()),
    }
}

/// Starts an account with its new login, and gives it some time. Fails when it is held then.
async fn serve(core: &Core, name: &str) -> Result<(), ErrorJson> {
    let before = match core.account(name) {
        Some(account) => {
            let before = account.attempts();
            account.restart();
            before
        }
        None => {
            core.add_named(name).await?;
            0
        }
    };
    let Some(account) = core.account(name) else {
        return Ok(());
    };
    let patience = core.shared().limits.patience;
    account.attempt_after(before, patience).await;
    match account.state() {
        State::Held(held) => Err(held.error.clone()),
        State::Starting | State::Working | State::Removed => Ok(()),
    }
}

fn exposed<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(to)
}
