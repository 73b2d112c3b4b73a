//! Logs in with a QR code that a client shows.

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Login, LoginOutcome, LoginStep, Origin, Uid};
use bili_im_reqwest::qr_login;
use tokio::task::spawn_blocking;

use crate::{
    account::{State, same_user},
    core::Core,
    error::{ServeError, error, panicked},
    lock::lock,
    logins::{LoginJson, LoginState, Updates},
};

impl Core {
    /// Begins a login, unless one is under way for this name. Gives how it is once there is a code.
    pub(crate) async fn log_in(&self, name: &str) -> Result<LoginJson, ErrorJson> {
        let (core, wanted) = (self.clone(), name.to_owned());
        let endpoint = spawn_blocking(move || core.profiles()?.login_at(&wanted));
        let endpoint = endpoint.await.map_err(|_| panicked())??;
        let (mut state, updates) = self.logins().begin(name)?;
        if let Some(updates) = updates {
            let core = self.clone();
            tokio::spawn(async move {
                core.until_end(run(&core, endpoint, &updates)).await;
            });
        }
        let has_code = |login: &LoginJson| login.state != LoginState::Starting;
        match state.wait_for(has_code).await {
            Ok(login) => Ok(login.clone()),
            Err(_) => Err(ServeError::Ending.into()),
        }
    }
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
