//! The login of an account that is served.

use bili_im_proto::{Credential, Origin, Pacing};
use bili_im_reqwest::{Client, ClientBuilder};
use bili_im_serve::{Login, LoginError};

use crate::{
    args::Global,
    credentials,
    failure::{Exit, Failure},
    output::Output,
    state::{self, StateFile},
};

/// The login that the arguments name, and the state on disk that it shares with other commands.
pub(super) struct KeptLogin {
    pub(super) global: Global,
    /// A cookie that was given for this run, and cannot be read again.
    pub(super) given: Option<Credential>,
    pub(super) out: Output,
}

impl Login for KeptLogin {
    fn open(&self) -> Result<Client, LoginError> {
        self.client().map_err(|failure| LoginError {
            is_logged_out: failure.exit() == Exit::NotLoggedIn,
            error: Box::new(failure.into()),
        })
    }

    /// Gives what is stored to the account, and stores what both know.
    fn keep(&self, client: &Client) {
        let Some(state) = self.lock(client.account().credential()) else {
            return;
        };
        let _absorbed = state.restore(|snapshot| client.absorb(snapshot), self.out);
        let stored = state.store(&client.snapshot());
        if let Err(error) = stored.and_then(|()| state.unlock()) {
            state.warn(&error, self.out);
        }
    }
}

impl KeptLogin {
    fn client(&self) -> Result<Client, Failure> {
        let credential = match &self.given {
            Some(credential) => credential.clone(),
            None => credentials::load(&self.global, self.out)?,
        };
        let endpoint = self.global.endpoint()?;
        let new = || builder(&credential, endpoint.as_ref(), self.global.paced);
        let state = self.lock(&credential);
        let restored = state
            .as_ref()
            .and_then(|state| state.restore(|snapshot| new().restore(snapshot), self.out));
        if let Some(state) = &state
            && let Err(error) = state.unlock()
        {
            state.warn(&error, self.out);
        }
        let new_device_id = || new().build().account().device_id().clone();
        let device_id = match state::stored_device_id() {
            Some(id) => id,
            None => state::keep_device_id(new_device_id, self.out)?,
        };
        Ok(restored.unwrap_or_else(new).device_id(device_id).build())
    }

    /// The state on disk, locked; `None` when it cannot be used.
    fn lock(&self, credential: &Credential) -> Option<StateFile> {
        let endpoint = self.global.endpoint().ok()?;
        let state = StateFile::open(credential.uid(), endpoint.as_ref(), self.out)?;
        let is_locked = state.lock(state::COMMAND_PATIENCE, self.out);
        is_locked.is_ok_and(|is_locked| is_locked).then_some(state)
    }
}

fn builder(credential: &Credential, endpoint: Option<&Origin>, paced: bool) -> ClientBuilder {
    let mut builder = Client::builder(credential.clone());
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint(endpoint.clone());
    }
    if paced {
        builder = builder.pacing(Pacing::default());
    }
    builder
}
