//! Whether an account may write: `GET /link_setting/v1/link_setting/is_limit`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    codes::BAD_REQUEST,
    ids::Uid,
};

#[derive(Serialize)]
struct IsLimit {
    is_limit: u8,
    report_limit: u8,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    call.owner()?;
    let query = &call.request.query;
    if query.required("type")? != "1" {
        return Err(BAD_REQUEST.because("type is not 1"));
    }
    let account = call.state.user(Uid(query.required_number("uid")?))?;
    Ok(Data::of(&IsLimit {
        is_limit: account.limited.into(),
        report_limit: 0,
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, world};

    const PATH: &str = "/link_setting/v1/link_setting/is_limit";

    #[test]
    fn a_limited_account_sees_its_limit_and_cannot_send() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1,"limited":true},{"uid":2,"follows":[1]}]}"#,
        ));
        let mut is_limit =
            |uid: u64| sim.get(uid, &format!("{PATH}?uid={uid}&type=1")).data()["is_limit"].clone();
        assert_eq!((is_limit(1), is_limit(2)), (1.into(), 0.into()));
        assert_eq!(sim.send(1, 2, "x").code(), 21035);
        assert_eq!(sim.send(2, 1, "x").code(), 0);
    }

    #[test]
    fn the_type_and_an_existing_uid_are_required() {
        let mut sim = Sim::demo();
        assert_eq!(sim.get(10001, &format!("{PATH}?uid=10001")).code(), -400);
        assert_eq!(sim.get(10001, &format!("{PATH}?type=1")).code(), -400);
        assert_eq!(sim.get(10001, &format!("{PATH}?uid=9&type=1")).code(), -404);
    }
}
