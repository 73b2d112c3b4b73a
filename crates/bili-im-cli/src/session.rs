//! A login at work: its client, and its state on disk for as long as the command runs.

use std::{
    convert::Infallible,
    fmt::{self, Display},
    mem, thread,
};

use bili_im_proto::{Account, Credential, Effect, Flow, Input, Missing, Origin, Pacing, Step};
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
};

/// A login at work: other processes of the account wait. What it has learnt is stored when it is
/// dropped, also after a failure.
pub(crate) struct Session {
    client: Client,
    state: Option<StateFile>,
    stored_revision: u64,
    out: Output,
}

/// What came of a change, as a command prints it.
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

impl Session {
    /// Logs in with what the user gave and goes on where the last command left off. Waits for other
    /// commands of the same account.
    pub(crate) fn open(global: &Global, out: Output) -> Result<Self, Failure> {
        let credential = credentials::load(global, out)?;
        Self::with(credential, global, out)
    }

    /// The same for a command that changes something, which not every cookie can.
    pub(crate) fn open_to_change(global: &Global, out: Output) -> Result<Self, Failure> {
        Self::with_to_change(credentials::load(global, out)?, global, out)
    }

    /// As [`open_to_change`](Self::open_to_change), with a certain login.
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

    /// As [`open`](Self::open), with a certain login.
    pub(crate) fn with(
        credential: Credential,
        global: &Global,
        out: Output,
    ) -> Result<Self, Failure> {
        let endpoint = global.endpoint()?;
        let endpoint = endpoint.as_ref();
        let new = || builder(&credential, endpoint, global.paced);
        let state = match StateFile::open(credential.uid(), endpoint, out) {
            Some(state) if state.hold(state::OF_A_COMMAND, out)? => Some(state),
            _ => None,
        };
        let restored = state.as_ref().and_then(|state| {
            let snapshot = state.load(out)?;
            match new().restore(&snapshot) {
                Ok(builder) => Some(builder),
                Err(invalid) => {
                    state.set_aside(&invalid, out);
                    None
                }
            }
        });
        let new_device_id = || new().build().account().device_id().clone();
        let device_id = match state::stored_device_id() {
            Some(id) => id,
            None if state.is_some() => state::keep_device_id(new_device_id, out)?,
            None => new_device_id(),
        };
        let client = restored.unwrap_or_else(new).device_id(device_id).build();
        Ok(Self {
            client,
            state,
            // What was restored may have to be stored anew already.
            stored_revision: 0,
            out,
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Lets other processes of the account go on whenever this one is not at work.
    pub(crate) fn share(mut self) -> SharedSession {
        self.release();
        SharedSession(self)
    }

    /// Waits for other processes and learns what they stored.
    fn hold(&mut self) {
        let out = self.out;
        // With such patience it is never given up.
        (self.state).take_if(|state| !matches!(state.hold(state::OF_A_WATCH, out), Ok(true)));
        let Some(state) = &self.state else { return };
        if let Some(snapshot) = state.load(self.out)
            && let Err(invalid) = self.client.absorb(&snapshot)
        {
            state.set_aside(&invalid, self.out);
        }
    }

    /// Stores what is new and lets other processes go on.
    fn release(&mut self) {
        self.store();
        self.keep(StateFile::release);
    }

    fn store(&mut self) {
        let revision = self.client.account().revision();
        if mem::replace(&mut self.stored_revision, revision) != revision {
            let snapshot = self.client.snapshot();
            self.keep(|state| state.store(&snapshot));
        }
    }

    /// Does something with the state. When that fails, it is told once, and nothing kept from then on.
    fn keep(&mut self, act: impl FnOnce(&StateFile) -> Result<(), Unusable>) {
        if let Some(state) = &self.state
            && let Err(error) = act(state)
        {
            state.warn(&error, self.out);
            self.state = None;
        }
    }

    /// Makes a change, or finds out which request would make it.
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

impl Drop for Session {
    fn drop(&mut self) {
        self.store();
    }
}

/// A session of a command that runs for long: other processes of the account go on while it is not at
/// work.
pub(crate) struct SharedSession(Session);

impl SharedSession {
    /// The account, to make flows of; they are driven at work.
    pub(crate) fn account(&self) -> &Account {
        self.0.client().account()
    }

    /// Does some work with the account, when no other process does, and with what they left.
    pub(crate) fn at_work<T>(&mut self, work: impl FnOnce(&Session) -> T) -> T {
        self.0.hold();
        let done = work(&self.0);
        self.0.release();
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
