//! The sends of an account that are under way.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use bili_im_proto::{SendContent, Talker};
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::lock::lock;

/// What became of a send: the program's JSON of a send, or of an error.
pub(crate) type Outcome = Result<Value, Value>;

/// The sends under way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(super) under_way: Mutex<HashMap<String, UnderWay>>,
    pub(super) tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug, Clone)]
pub(super) struct UnderWay {
    pub(super) talker: Talker,
    pub(super) content: SendContent,
    pub(super) outcome: watch::Receiver<Option<Outcome>>,
}

impl Outbox {
    /// Waits until no send is under way, but not for longer than this.
    pub(super) async fn wait(&self, most: Duration) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        let ended = async { while tasks.join_next().await.is_some() {} };
        let _all_ended = timeout(most, ended).await;
    }

    pub(super) fn abandon(&self) {
        lock(&self.tasks).abort_all();
    }
}
