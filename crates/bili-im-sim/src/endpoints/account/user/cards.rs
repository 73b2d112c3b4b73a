//! Profiles of users: `GET /account/v1/user/cards`.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    codes::BAD_REQUEST,
    ids::Uid,
    world::Account,
};

/// A request for more users gets an empty list (docs/protocol.md §12).
const MOST_USERS: usize = 50;

#[derive(Serialize)]
struct Card<'a> {
    mid: Uid,
    name: &'a str,
    face: &'a str,
    sign: &'a str,
    /// A number, as text.
    rank: &'static str,
    level: u8,
    silence: u8,
}

impl<'a> From<&'a Account> for Card<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            mid: account.uid,
            name: &account.name,
            face: &account.face,
            sign: &account.sign,
            rank: "10000",
            level: account.level,
            silence: 0,
        }
    }
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    call.owner()?;
    let uids = call.request.query.required("uids")?;
    let requested: Result<Vec<u64>, _> = uids.split(',').map(str::parse).collect();
    let requested = requested
        .map_err(|_| BAD_REQUEST.because("uids is not a list of comma-separated numbers"))?;
    let known: BTreeSet<Uid> = if requested.len() > MOST_USERS {
        BTreeSet::new()
    } else {
        requested.into_iter().map(Uid).collect()
    };
    // The service does not keep the requested order.
    let found = known
        .iter()
        .rev()
        .filter_map(|uid| call.state.accounts.get(uid));
    let cards: Vec<Card<'_>> = found.map(Card::from).collect();
    Ok(Data::of(&cards))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    const PATH: &str = "/account/v1/user/cards";

    #[test]
    fn cards_come_in_another_order_and_without_unknown_users() {
        let data = Sim::demo()
            .get(10001, &format!("{PATH}?uids=10002,999,10003"))
            .data();
        let found: Vec<_> = data
            .as_array()
            .unwrap()
            .iter()
            .map(|card| &card["mid"])
            .collect();
        assert_eq!(found, [10003, 10002]);
        assert_eq!(data[1]["name"], "铁粉小明");
    }

    #[test]
    fn more_than_fifty_uids_get_an_empty_list() {
        let mut sim = Sim::demo();
        let uids = |count| vec!["10002"; count].join(",");
        let path = |count| format!("{PATH}?uids={}", uids(count));
        assert_eq!(sim.get(10001, &path(50)).data()[0]["mid"], 10002);
        assert_eq!(sim.get(10001, &path(51)).data(), json!([]));
    }

    #[test]
    fn uids_must_be_numbers() {
        let mut sim = Sim::demo();
        assert_eq!(sim.get(10001, &format!("{PATH}?uids=a")).code(), -400);
        assert_eq!(sim.get(10001, PATH).code(), -400);
    }
}
