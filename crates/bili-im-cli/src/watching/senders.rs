//! The names of senders.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bili_im_proto::{Uid, UserCard};

use crate::session::SharedSession;

/// How many names are remembered.
const REMEMBERED: usize = 1000;

/// How long they are: people change their names.
const FRESH: Duration = Duration::from_secs(6 * 60 * 60);

/// How long to do without after nobody could be asked.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// The names of senders, each asked for once. Whoever cannot be asked about is nameless: names are an
/// addition, not the matter.
#[derive(Debug)]
pub(crate) struct Senders {
    names: BTreeMap<Uid, Option<String>>,
    since: Instant,
    failed: Option<Instant>,
}

impl Senders {
    pub(crate) fn new() -> Self {
        Self {
            names: BTreeMap::new(),
            since: Instant::now(),
            failed: None,
        }
    }

    /// A sender's name, if there is one.
    pub(crate) fn name(&mut self, uid: Uid, session: &mut SharedSession) -> Option<String> {
        if self.names.len() >= REMEMBERED || self.since.elapsed() >= FRESH {
            *self = Self::new();
        }
        if let Some(name) = self.names.get(&uid) {
            return name.clone();
        }
        if self.failed.is_some_and(|then| then.elapsed() < PAUSE) {
            return None;
        }
        match session.at_work(|session| session.client().people([uid])) {
            Ok(cards) => {
                let name = cards.into_iter().next().map(|UserCard { name, .. }| name);
                let name = name.filter(|name| !name.is_empty());
                self.names.insert(uid, name.clone());
                name
            }
            Err(_) => {
                self.failed = Some(Instant::now());
                None
            }
        }
    }
}
