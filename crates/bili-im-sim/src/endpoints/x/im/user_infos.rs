//! Who users are, with their marks: `GET /x/im/user_infos`.

use crate::{endpoints::prelude::*, world::Account};

/// The official mark is for a person, or there is none.
const PERSON: i8 = 0;
const NO_MARK: i8 = -1;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (_, query) = call.query()?;
    let uids: Result<Vec<u64>, _> = query.required("uids")?.split(',').map(str::parse).collect();
    let uids = uids.map_err(|_| BAD_REQUEST.because("uids is not a list of numbers"))?;
    let info = |account: &Account| {
        let mark = if account.official.is_empty() {
            NO_MARK
        } else {
            PERSON
        };
        json!({
            "mid": account.uid,
            "name": account.name,
            "sex": "保密",
            "face": account.face,
            "sign": account.sign,
            "rank": 10000,
            "level": account.level,
            "silence": 0,
            "official": {
                "role": u8::from(mark == PERSON),
                "title": account.official,
                "desc": "",
                "type": mark,
            },
            "is_fake_account": u8::from(account.fake),
            "is_deleted": 0,
        })
    };
    let found = (uids.into_iter()).filter_map(|uid| call.state.accounts.get(&Uid(uid)));
    Ok(Data::of(&found.map(info).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn official_and_fake_accounts_are_marked() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1},{"uid":2,"official":"站长"},{"uid":3,"fake":true}]}"#,
        );
        let infos = sim.data(1, "user_infos?uids=1,2,9,3");
        for (at, uid, mark, title, fake) in
            [(0, 1, -1, "", 0), (1, 2, 0, "站长", 0), (2, 3, -1, "", 1)]
        {
            let info = &infos[at];
            assert_eq!(
                (&info["mid"], &info["is_fake_account"]),
                (&uid.into(), &fake.into())
            );
            assert_eq!(info["official"]["type"], mark);
            assert_eq!(info["official"]["title"], title);
        }
        assert_eq!(infos.as_array().unwrap().len(), 3);
        sim.check_codes(1, &[("user_infos?uids=a", -400), ("user_infos", -400)]);
    }
}
