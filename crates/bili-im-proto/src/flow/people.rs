//! Who people are.

use std::convert::Infallible;

use crate::{
    endpoints::{UserCard, UserCards},
    error::MOST_UIDS,
    flow::prelude::*,
};

impl Account {
    /// Tells who users are, in the order asked; unknown users are left out. Answers are remembered.
    pub fn people(&self, uids: impl IntoIterator<Item = Uid>) -> Flow<Infallible, Vec<UserCard>> {
        let uids: Vec<Uid> = uids.into_iter().collect();
        Flow::of(self, async move |io| people(&io, &uids).await)
    }
}

async fn people<I>(io: &Io<I>, uids: &[Uid]) -> Result<Vec<UserCard>, Error> {
    let mut unknown: Vec<Uid> = (uids.iter().copied())
        .filter(|&uid| uid != Uid(0) && io.account.card(uid, io.now()).is_none())
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    let mut fetched = Vec::new();
    for some in unknown.chunks(MOST_UIDS) {
        let cards = io.call(&UserCards::new(some.iter().copied())).await?;
        io.account.learn_cards(&cards, io.now());
        fetched.extend(cards);
    }
    let fetched = |uid| fetched.iter().find(|card| card.uid == uid).cloned();
    Ok((uids.iter())
        .filter_map(|&uid| fetched(uid).or_else(|| io.account.card(uid, io.now())))
        .collect())
}
