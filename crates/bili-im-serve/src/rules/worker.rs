//! The handle of the task of an account that does what rules have decided.

use std::sync::Mutex;

use tokio::{sync::Notify, task::JoinHandle};

use crate::lock::lock;

/// The task of an account, in `work.rs`. It begins when there may be something to do.
#[derive(Debug, Default)]
pub(crate) struct Worker {
    pub(super) woken: Notify,
    task: Mutex<Task>,
}

#[derive(Debug, Default)]
enum Task {
    #[default]
    Idle,
    Runs(JoinHandle<()>),
    Ended,
}

impl Worker {
    /// There may be something to do. Begins the task with `begin`, unless it runs.
    pub(super) fn wake(&self, begin: impl FnOnce() -> JoinHandle<()>) {
        let mut task = lock(&self.task);
        let is_idle = match &*task {
            Task::Idle => true,
            Task::Runs(task) => task.is_finished(),
            // The account was removed.
            Task::Ended => false,
        };
        if is_idle {
            *task = Task::Runs(begin());
        }
        self.woken.notify_one();
    }

    /// Ends the task for good. What it was doing is done when the account is added again.
    pub(crate) async fn end(&self) {
        if let Some(task) = self.abandon() {
            // It was aborted.
            let _ended = task.await;
        }
    }

    /// As [`end`](Self::end), without waiting for the task, which it returns.
    pub(crate) fn abandon(&self) -> Option<JoinHandle<()>> {
        match std::mem::replace(&mut *lock(&self.task), Task::Ended) {
            Task::Runs(task) => {
                task.abort();
                Some(task)
            }
            Task::Idle | Task::Ended => None,
        }
    }
}
