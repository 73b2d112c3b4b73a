//! Whom an account knows.

use std::collections::VecDeque;

use crate::{account::handle::Account, endpoints::UserCard, ids::Uid};

/// How many people are remembered.
const REMEMBERED: usize = 1024;

/// Who people are, as far as it was asked; the longest known are forgotten first.
#[derive(Debug, Clone, Default)]
pub(super) struct People(VecDeque<UserCard>);

impl People {
    fn learn(&mut self, card: &UserCard) {
        self.0.retain(|known| known.uid != card.uid);
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(card.clone());
    }
}

impl Account {
    /// Who a user is, when that was asked before.
    pub(crate) fn card(&self, uid: Uid) -> Option<UserCard> {
        let state = self.state();
        state.people.0.iter().find(|card| card.uid == uid).cloned()
    }

    pub(crate) fn learn_cards(&self, cards: &[UserCard]) {
        let mut state = self.state();
        for card in cards {
            state.people.learn(card);
        }
    }
}
