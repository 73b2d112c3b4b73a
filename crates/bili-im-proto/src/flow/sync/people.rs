//! The names of those who wrote.

use std::{collections::BTreeSet, mem};

use crate::{endpoints::UserCards, error::MOST_UIDS, flow::prelude::*, sync::SyncStep};

/// Users whose names are stored, and users whose names are to be asked for.
#[derive(Debug)]
pub(super) struct People {
    known: BTreeSet<Uid>,
    unknown: BTreeSet<Uid>,
}

impl People {
    pub(super) fn new(known: BTreeSet<Uid>) -> Self {
        Self {
            known,
            unknown: BTreeSet::new(),
        }
    }

    /// Someone's name is needed.
    pub(super) fn meet(&mut self, uid: Uid) {
        if uid != Uid(0) && self.known.insert(uid) {
            self.unknown.insert(uid);
        }
    }

    /// Asks for names once there are enough for a request.
    pub(super) async fn ask_when_many(&mut self, io: &Io<SyncStep>) -> Result<(), Error> {
        if self.unknown.len() >= MOST_UIDS {
            self.ask(io).await?;
        }
        Ok(())
    }

    /// Asks for all names. Names that cannot be had are left to the next synchronisation.
    pub(super) async fn ask(&mut self, io: &Io<SyncStep>) -> Result<(), Error> {
        let unknown: Vec<Uid> = mem::take(&mut self.unknown).into_iter().collect();
        for some in unknown.chunks(MOST_UIDS) {
            match io.call(&UserCards::new(some.iter().copied())).await {
                Ok(cards) => io.emit(SyncStep::People(cards)).await,
                Err(error) if error.ends_watch() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }
}
