//! Profiles of users: `GET /account/v1/user/cards`.

use std::collections::BTreeSet;

use crate::{endpoints::prelude::*, world::Account};

/// A request for more users gets an empty list (docs/protocol.md §12).
const MOST_USERS: usize = 50;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (_, query) = call.query()?;
    let uids: Result<Vec<u64>, _> = query.required("uids")?.split(',').map(str::parse).collect();
    let mut uids =
        uids.map_err(|_| BAD_REQUEST.because("uids is not a list of comma-separated numbers"))?;
    if uids.len() > MOST_USERS {
        uids.clear();
    }
    let known: BTreeSet<Uid> = uids.into_iter().map(Uid).collect();
    let card = |account: &Account| {
        json!({
            "mid": account.uid,
            "name": account.name,
            "face": account.face,
            "sign": account.sign,
            "rank": "10000",
            "level": account.level,
            "silence": 0,
        })
    };
    // The service does not keep the requested order.
    let found = known.iter().rev();
    let found = found.filter_map(|uid| call.state.accounts.get(uid));
    Ok(Data::of(&found.map(card).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    #[test]
    fn cards_come_in_another_order_and_without_unknown_users() {
        let data = Sim::demo().data(10001, "cards?uids=10002,999,10003");
        assert_eq!(
            (&data[0]["mid"], &data[1]["mid"]),
            (&10003.into(), &10002.into())
        );
        assert_eq!(data[1]["name"], "铁粉小明");
        assert!(data[2].is_null());
    }

    #[test]
    fn more_than_fifty_uids_get_an_empty_list() {
        let mut sim = Sim::demo();
        let path = |count| format!("cards?uids={}", vec!["10002"; count].join(","));
        assert_eq!(sim.data(10001, &path(50))[0]["mid"], 10002);
        assert_eq!(sim.data(10001, &path(51)), json!([]));
    }

    #[test]
    fn uids_must_be_numbers() {
        Sim::demo().check_codes(10001, &[("cards?uids=a", -400), ("cards", -400)]);
    }
}
