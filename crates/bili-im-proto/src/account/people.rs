//! A cache of user cards.

use std::{collections::VecDeque, time::Duration};

use crate::{endpoints::UserCard, ids::Uid, time::Monotonic};

/// How many cards are kept.
const REMEMBERED: usize = 1024;

/// How long a card is used: people change their names.
const FRESH: Duration = Duration::from_secs(6 * 60 * 60);

/// Cards and when each was fetched, oldest first. The oldest is dropped when the cache is full.
#[derive(Debug, Clone, Default)]
pub(super) struct People(VecDeque<(UserCard, Monotonic)>);

impl People {
    pub(super) fn get(&self, uid: Uid, now: Monotonic) -> Option<&UserCard> {
        let (card, asked) = self.0.iter().find(|(card, _)| card.uid == uid)?;
        (now.since(*asked) < FRESH).then_some(card)
    }

    pub(super) fn learn(&mut self, card: &UserCard, now: Monotonic) {
        self.0.retain(|(known, _)| known.uid != card.uid);
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((card.clone(), now));
    }
}
