//! The settings of an account: `GET /link_setting/v1/link_setting/get`.

use std::collections::BTreeMap;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    state::SETTINGS,
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let mut requested = BTreeMap::new();
    for setting in &SETTINGS {
        // A setting is requested by any number as its value.
        if call.request.query.number::<i64>(setting.name)?.is_some() {
            requested.insert(setting.name, call.state.setting(owner, setting));
        }
    }
    Ok(Data::of(&requested))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Sim, world};

    const PATH: &str = "/link_setting/v1/link_setting/get";

    #[test]
    fn only_requested_settings_are_returned() {
        let mut sim = Sim::demo();
        let mut get = |query: &str| sim.get(10001, &format!("{PATH}?{query}")).data();
        assert_eq!(
            get("msg_notify=1&show_unfollowed_msg=1&build=0"),
            json!({ "msg_notify": 1, "show_unfollowed_msg": 0 })
        );
        assert_eq!(get("keys_reply=-7"), json!({ "keys_reply": 0 }));
        assert_eq!(get(""), json!({}));
        assert_eq!(sim.get(10001, &format!("{PATH}?msg_notify=x")).code(), -400);
    }

    #[test]
    fn receive_unfollow_msg_follows_from_the_world() {
        for (accepts, heard) in [("everyone", 1), ("followed", 0), ("nobody", 0)] {
            let mut sim = Sim::new(world(&format!(
                r#"{{"accounts":[{{"uid":1,"accepts":"{accepts}"}}]}}"#
            )));
            let data = sim.get(1, &format!("{PATH}?receive_unfollow_msg=1")).data();
            assert_eq!(data["receive_unfollow_msg"], heard, "{accepts}");
        }
    }
}
