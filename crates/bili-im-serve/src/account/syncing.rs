//! Fills an account's archive when a client asks for it.

use std::{
    future::ready,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Mutex,
};

use bili_im_archive::Archive;
use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{SyncOptions, SyncProgress, SyncReport, SyncStep, SyncStore};
use bili_im_reqwest::Client;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::{
    runtime::Handle,
    select,
    sync::{oneshot, watch},
};

use crate::{
    error::{archive_error, panicked},
    lock::lock,
};

/// The synchronisation of an account: the one under way, or the last one.
#[derive(Debug, Default)]
pub(crate) struct Syncing {
    state: watch::Sender<SyncJson>,
    /// Stops the one under way when it is dropped.
    stop: Mutex<Option<oneshot::Sender<()>>>,
}

/// What to fill, and from where.
pub(crate) struct Filling {
    pub(crate) client: Client,
    pub(crate) archive: PathBuf,
    pub(crate) options: SyncOptions,
}

/// How a synchronisation is.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct SyncJson {
    /// The number of this one among those of the account.
    #[serde(skip)]
    number: u64,
    is_running: bool,
    /// Whether it has read all that was asked for. Not while it runs, nor when it was stopped or
    /// failed, or when a conversation could not be read.
    is_whole: bool,
    /// How many conversations it is done with.
    sessions: usize,
    /// How many it has still to read, once that is known.
    sessions_left: Option<usize>,
    /// How many of `sessions` could not be read.
    failed: usize,
    messages: u64,
    /// How many of `messages` lack fields, and are kept as they came.
    unreadable: u64,
    /// Why it waits before its next request.
    waits: Option<ErrorJson>,
    /// Why it failed.
    error: Option<ErrorJson>,
}

impl Syncing {
    /// Begins one. Gives false when one is under way.
    pub(super) fn begin(&self, filling: Filling) -> bool {
        let mut stop = lock(&self.stop);
        let begun = self.state.send_if_modified(|state| {
            let begins = !state.is_running;
            if begins {
                *state = SyncJson {
                    number: state.number + 1,
                    is_running: true,
                    ..SyncJson::default()
                };
            }
            begins
        });
        if begun {
            let (sender, stopped) = oneshot::channel();
            *stop = Some(sender);
            let (state, runtime) = (self.state.clone(), Handle::current());
            // A thread of its own, since storing a page blocks, and it takes hours.
            let started = std::thread::Builder::new().spawn(move || {
                let show =
                    |progress, step: &_| state.send_modify(|state| state.show(progress, step));
                let run = AssertUnwindSafe(|| filling.run(&runtime, stopped, show));
                let ended = catch_unwind(run).unwrap_or_else(|_| Err(panicked()));
                state.send_modify(|state| state.end(ended));
            });
            if let Err(failed) = started {
                let failed = ErrorJson::new(Exit::Other, "Other", failed.to_string());
                self.state.send_modify(|state| state.end(Err(failed)));
            }
        }
        begun
    }

    /// Stops it after the page that it is storing. The next one goes on from there.
    pub(crate) async fn stop(&self) {
        self.abandon();
        // Its sender lives as long as this.
        let mut state = self.state.subscribe();
        let number = state.borrow().number;
        let has_ended = |state: &SyncJson| !state.is_running || state.number > number;
        let _ended = state.wait_for(has_ended).await;
    }

    /// Stops it, and does not wait.
    pub(super) fn abandon(&self) {
        drop(lock(&self.stop).take());
    }

    pub(crate) fn json(&self) -> SyncJson {
        self.state.borrow().clone()
    }
}

impl Filling {
    /// `None` when it was stopped.
    fn run(
        self,
        runtime: &Handle,
        stopped: oneshot::Receiver<()>,
        show: impl Fn(SyncProgress, &SyncStep),
    ) -> Result<Option<SyncReport>, ErrorJson> {
        let mut archive = Archive::create(self.archive).map_err(archive_error)?;
        let state = archive.state().map_err(archive_error)?;
        let flow = self.client.account().sync(state, self.options);
        let mut progress = SyncProgress::default();
        let read = self.client.run_with(flow, |step| {
            progress.take(&step);
            show(progress, &step);
            ready(archive.save(step).map_err(archive_error))
        });
        runtime.block_on(async {
            select! {
                report = read => report.map(Some),
                _ = stopped => Ok(None),
            }
        })
    }
}

impl SyncJson {
    fn show(&mut self, progress: SyncProgress, step: &SyncStep) {
        self.sessions_left = progress.left();
        self.count(progress.report);
        self.waits = match step {
            SyncStep::Waiting { cause, .. } => Some(cause.clone().into()),
            _ => None,
        };
    }

    fn count(&mut self, report: SyncReport) {
        self.sessions = report.sessions;
        self.failed = report.failed;
        self.messages = report.messages;
        self.unreadable = report.unreadable;
    }

    fn end(&mut self, ended: Result<Option<SyncReport>, ErrorJson>) {
        (self.is_running, self.waits) = (false, None);
        match ended {
            Ok(Some(report)) => {
                self.count(report);
                (self.is_whole, self.sessions_left) = (report.failed == 0, Some(0));
            }
            Ok(None) => {}
            Err(error) => self.error = Some(error),
        }
    }
}
