//! A login that a command works with: its client, and the state on disk that it locks meanwhile.

use std::{
    convert::Infallible,
    fmt::{self, Display},
    mem,
    path::PathBuf,
    thread,
};

use bili_im_proto::{Credential, Effect, Flow, Input, Missing, Origin, Pacing, Step};
use bili_im_ureq::{Client, ClientBuilder};
use serde::Serialize;

use crate::{
    args::{DryRun, Global},
    credentials,
    curl::{self, PlannedRequest},
    failure::Failure,
    output::Output,
    private_file::Unusable,
    state::{self, StateFile},
    trace,
};

/// A client, with the state of its account locked: other processes of the account wait.
///
/// Dropping it stores the state, also after a failure.
pub(crate) struct ActiveLogin {
    client: Client,
    /// `None` when the state cannot be stored.
    state: Option<StateFile>,
    stored_revision: u64,
    out: Output,
}

/// The outcome of a change, as a command prints it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Change<T> {
    Made(T),
    /// With `--dry-run`: the request that would make the change.
    Planned {
        dry_run: PlannedRequest,
    },
}

impl<T> Change<T> {
    pub(crate) fn map<U>(self, made: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Made(value) => Change::Made(made(value)),
            Self::Planned { dry_run } => Change::Planned { dry_run },
        }
    }
}

impl<T: Display> Display for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(value) => value.fmt(f),
            Self::Planned { dry_run } => dry_run.fmt(f),
        }
    }
}

impl ActiveLogin {
    /// Opens the login that the user gave or stored. Waits for other commands of the account, and
    /// restores what the last one stored.
    pub(crate) fn open(global: &Global, out: Output) -> Result<Self, Failure> {
        Self::with(credentials::load(global, out)?, global, out)
    }

    /// As [`open`](Self::open), for a command that changes something. Fails when the cookie lacks
    /// the CSRF token.
    pub(crate) fn open_to_change(global: &Global, out: Output) -> Result<Self, Failure> {
        Self::with_to_change(credentials::load(global, out)?, global, out)
    }

    /// As [`open_to_change`](Self::open_to_change), with a given credential.
    pub(crate) fn with_to_change(
        credential: Credential,
        global: &Global,
        out: Output,
    ) -> Result<Self, Failure> {
        if credential.can_write() {
            Self::with(credential, global, out)
        } else {
            Err(Missing::CsrfToken.into())
        }
    }

    /// As [`open`](Self::open), with a given credential.
    pub(crate) fn with(
        credential: Credential,
        global: &Global,
        out: Output,
    ) -> Result<Self, Failure> {
        let endpoint = global.endpoint()?;
        let endpoint = endpoint.as_ref();
        let new = || builder(&credential, endpoint, global.paced);
        let state = match StateFile::open(credential.uid(), endpoint, out) {
            Some(state) if state.lock(state::COMMAND_PATIENCE, out)? => Some(state),
            _ => None,
        };
        let restored = state
            .as_ref()
            .and_then(|state| state.restore(|snapshot| new().restore(snapshot), out));
        let new_device_id = || new().build().account().device_id().clone();
        let device_id = match state::stored_device_id() {
            Some(id) => id,
            None if state.is_some() => state::keep_device_id(new_device_id, out)?,
            None => new_device_id(),
        };
        let client = restored.unwrap_or_else(new).device_id(device_id).build();
        let client = match trace::agent(endpoint.is_some_and(Origin::is_loopback)) {
            Some(agent) => Client::from_agent(client.account().clone(), agent),
            None => client,
        };
        Ok(Self {
            client,
            state,
            // Restoring can change the state, so it is stored at least once.
            stored_revision: 0,
            out,
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Where to store what is known of users; `None` when nothing can be stored.
    pub(crate) fn users_file(&self) -> Option<PathBuf> {
        self.state.as_ref().map(StateFile::users_file)
    }

    /// Unlocks the state, for a command that runs for long.
    pub(crate) fn share(mut self) -> SharedLogin {
        self.unlock();
        SharedLogin(self)
    }

    /// Locks the state and reads what other processes stored.
    fn lock(&mut self) {
        let out = self.out;
        // The patience of a watch has no end, so a state is given up only when locking fails.
        (self.state).take_if(|state| !matches!(state.lock(state::WATCH_PATIENCE, out), Ok(true)));
        if let Some(state) = &self.state {
            let _absorbed = state.restore(|snapshot| self.client.absorb(snapshot), out);
        }
    }

    fn unlock(&mut self) {
        self.store();
        self.try_with_state(StateFile::unlock);
    }

    fn store(&mut self) {
        let revision = self.client.account().revision();
        if mem::replace(&mut self.stored_revision, revision) != revision {
            let snapshot = self.client.snapshot();
            self.try_with_state(|state| state.store(&snapshot));
        }
    }

    /// Uses the state. After a failure and one warning, the command goes on without it.
    fn try_with_state(&mut self, act: impl FnOnce(&StateFile) -> Result<(), Unusable>) {
        if let Some(state) = &self.state
            && let Err(error) = act(state)
        {
            state.warn(&error, self.out);
            self.state = None;
        }
    }

    /// Makes a change; with `--dry-run` only finds the request that would make it.
    pub(crate) fn change<T>(
        &self,
        flow: Flow<Infallible, T>,
        DryRun { dry_run }: DryRun,
    ) -> Result<Change<T>, Failure> {
        if dry_run {
            self.plan(flow)
        } else {
            Ok(Change::Made(self.client.run(flow)?))
        }
    }

    /// Drives a flow up to the first request that changes something.
    fn plan<T>(&self, mut flow: Flow<Infallible, T>) -> Result<Change<T>, Failure> {
        let mut input = Input::Begin;
        loop {
            let now = self.client.now();
            input = match flow.resume(now, input) {
                Step::Send(outgoing) if outgoing.effect == Effect::Read => {
                    (self.client.exchange(outgoing)).map_or_else(Input::Failed, Input::Response)
                }
                Step::Send(outgoing) => {
                    return Ok(Change::Planned {
                        dry_run: curl::mask(&outgoing.request),
                    });
                }
                Step::WaitUntil(moment) => {
                    thread::sleep(moment.since(now.mono));
                    Input::Woken
                }
                Step::Item(never) => match never {},
                Step::Done(result) => return Ok(Change::Made(result?)),
            };
        }
    }
}

impl Drop for ActiveLogin {
    fn drop(&mut self) {
        self.store();
    }
}

/// The login of a command that runs for long. The state is locked only while it is used.
pub(crate) struct SharedLogin(ActiveLogin);

impl SharedLogin {
    /// The client, to make flows of its account. Drive them [with the lock](Self::with_lock).
    pub(crate) fn client(&self) -> &Client {
        self.0.client()
    }

    /// Locks the state, reads what other processes stored, does the work, and stores what changed.
    pub(crate) fn with_lock<T>(&mut self, work: impl FnOnce(&ActiveLogin) -> T) -> T {
        self.0.lock();
        let done = work(&self.0);
        self.0.unlock();
        done
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
