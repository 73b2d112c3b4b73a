//! Fills an account's archive when a client asks for it.

use std::{
    future::ready,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use bili_im_archive::Archive;
use bili_im_json::ErrorJson;
use bili_im_proto::{SyncOptions, SyncProgress, SyncReport, SyncStep, SyncStore};
use bili_im_reqwest::Client;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::{
    runtime::Handle,
    select,
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

use super::handle::lock;
use crate::error::{archive_error, panicked};

/// The synchronisation of an account: the one under way, or the last one.
#[derive(Debug, Default)]
pub(crate) struct Syncing {
    state: Arc<Mutex<SyncJson>>,
    task: Mutex<Option<Task>>,
}

#[derive(Debug)]
struct Task {
    /// Stops it when it is dropped.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What to fill, and from where.
pub(crate) struct Filling {
    pub(crate) client: Client,
    pub(crate) archive: PathBuf,
    pub(crate) keep_recalled: bool,
    pub(crate) options: SyncOptions,
}

/// How a synchronisation is.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct SyncJson {
    is_running: bool,
    /// Whether the last one came to its end.
    is_whole: bool,
    /// How many conversations it has read.
    sessions: usize,
    /// How many are left, once that is known.
    sessions_left: Option<usize>,
    /// How many of them could not be read.
    failed: usize,
    messages: u64,
    /// How many of these lack fields, and are kept as they came.
    unreadable: u64,
    /// Why it waits before its next request.
    waits: Option<ErrorJson>,
    /// Why it ended before its end.
    error: Option<ErrorJson>,
}

impl Syncing {
    /// Begins one, unless one is under way.
    pub(super) fn begin(&self, filling: Filling) {
        let mut task = lock(&self.task);
        if lock(&self.state).is_running {
            return;
        }
        *lock(&self.state) = SyncJson {
            is_running: true,
            ..SyncJson::default()
        };
        let (stop, stopped) = oneshot::channel();
        let state = Arc::clone(&self.state);
        // A thread of its own, since storing a page blocks.
        let thread = spawn_blocking(move || {
            let ended = filling.run(stopped, |progress, step| lock(&state).show(progress, step));
            lock(&state).end(ended);
        });
        *task = Some(Task { stop, thread });
    }

    /// Stops it after the page that it is storing. The next one goes on from there.
    pub(crate) async fn stop(&self) {
        let Some(Task { stop, thread }) = lock(&self.task).take() else {
            return;
        };
        drop(stop);
        if thread.await.is_err() {
            lock(&self.state).end(Err(panicked()));
        }
    }

    /// Stops it, and does not wait.
    pub(super) fn abandon(&self) {
        drop(lock(&self.task).take());
    }

    pub(crate) fn json(&self) -> SyncJson {
        lock(&self.state).clone()
    }
}

impl Filling {
    /// `None` when it was stopped.
    fn run(
        self,
        stopped: oneshot::Receiver<()>,
        show: impl Fn(SyncProgress, &SyncStep),
    ) -> Result<Option<SyncReport>, ErrorJson> {
        let archive = Archive::create(self.archive).map_err(archive_error)?;
        let mut archive = archive.keep_recalled(self.keep_recalled);
        let state = archive.state().map_err(archive_error)?;
        let flow = self.client.account().sync(state, self.options);
        let mut progress = SyncProgress::default();
        let read = self.client.run_with(flow, |step| {
            progress.take(&step);
            show(progress, &step);
            ready(archive.save(step).map_err(archive_error))
        });
        Handle::current().block_on(async {
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
                (self.is_whole, self.sessions_left) = (true, Some(0));
            }
            Ok(None) => {}
            Err(error) => self.error = Some(error),
        }
    }
}
