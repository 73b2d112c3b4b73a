//! Whether an account may write: `GET /link_setting/v1/link_setting/is_limit`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (_, query) = call.query()?;
    if query.required("type")? != "1" {
        return Err(BAD_REQUEST.because("type is not 1"));
    }
    let account = call.state.user(Uid(query.required_number("uid")?))?;
    Ok(Data::of(&json!({
        "is_limit": u8::from(account.limited),
        "report_limit": 0,
    })))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn a_limited_account_sees_its_limit_and_cannot_send() {
        let accounts = r#"{"accounts":[{"uid":1,"limited":true},{"uid":2,"follows":[1]}]}"#;
        let mut sim = Sim::from_json(accounts);
        for (uid, is_limit, other, code) in [(1, 1, 2, 21035), (2, 0, 1, 0)] {
            let data = sim.data(uid, &format!("is_limit?uid={uid}&type=1"));
            assert_eq!(data["is_limit"], is_limit, "{uid}");
            assert_eq!(sim.send(uid, other, "x").code(), code, "{uid}");
        }
    }

    #[test]
    fn the_type_and_an_existing_uid_are_required() {
        let refused = [
            ("is_limit?uid=10001", -400),
            ("is_limit?type=1", -400),
            ("is_limit?uid=9&type=1", -404),
        ];
        Sim::demo().check_codes(10001, &refused);
    }
}
