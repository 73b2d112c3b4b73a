//! A cache of user cards.

use std::{collections::VecDeque, time::Duration};

use crate::{
    account::handle::Account,
    endpoints::UserCard,
    ids::Uid,
    time::{Monotonic, Now},
};

/// How many cards are kept.
const REMEMBERED: usize = 1024;

/// How long a card is used: people change their names.
const FRESH: Duration = Duration::from_secs(6 * 60 * 60);

/// Cards and when each was fetched, oldest first. The oldest is dropped when the cache is full.
#[derive(Debug, Clone, Default)]
pub(super) struct People(VecDeque<(UserCard, Monotonic)>);

impl People {
    fn learn(&mut self, card: &UserCard, now: Monotonic) {
        self.0.retain(|(known, _)| known.uid != card.uid);
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((card.clone(), now));
    }
}

impl Account {
    /// Who a user is, if [`people`](Self::people) told so in the last six hours. Asks nothing.
    pub fn card(&self, uid: Uid, now: Now) -> Option<UserCard> {
        let state = self.state();
        let (card, asked) = state.people.0.iter().find(|(card, _)| card.uid == uid)?;
        (now.mono.since(*asked) < FRESH).then(|| card.clone())
    }

    pub(crate) fn learn_cards(&self, cards: &[UserCard], now: Now) {
        let mut state = self.state();
        for card in cards {
            state.people.learn(card, now.mono);
        }
    }
}
