//! Who people are.

use crate::{
    account::Account,
    endpoints::{UserCard, UserCards},
    error::Error,
    flow::{call, io::Io},
    ids::Uid,
};

/// How many can be asked about at once.
const AT_ONCE: usize = 50;

/// Tells who the users are, in the order asked; whom nobody knows is left out.
pub(crate) async fn people<I>(
    account: &Account,
    io: &Io<I>,
    uids: &[Uid],
) -> Result<Vec<UserCard>, Error> {
    let mut unknown: Vec<Uid> = (uids.iter().copied())
        .filter(|&uid| uid != Uid(0) && account.card(uid, io.now()).is_none())
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    let mut fetched = Vec::new();
    for some in unknown.chunks(AT_ONCE) {
        let cards = call::call(account, io, &UserCards::new(some.iter().copied())).await?;
        account.learn_cards(&cards, io.now());
        fetched.extend(cards);
    }
    let fetched = |uid| fetched.iter().find(|card| card.uid == uid).cloned();
    Ok((uids.iter())
        .filter_map(|&uid| fetched(uid).or_else(|| account.card(uid, io.now())))
        .collect())
}
