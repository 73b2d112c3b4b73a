//! The settings of an account: `GET /link_setting/v1/link_setting/get`.

use std::collections::BTreeMap;

use crate::{endpoints::prelude::*, state::SETTINGS};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    let mut requested = BTreeMap::new();
    for setting in &SETTINGS {
        // A setting is requested by any number as its value.
        if query.number::<i64>(setting.name)?.is_some() {
            requested.insert(setting.name, call.state.setting(owner, setting));
        }
    }
    Ok(Data::of(&requested))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    #[test]
    fn only_requested_settings_are_returned() {
        let mut sim = Sim::demo();
        for (query, settings) in [
            (
                "msg_notify=1&show_unfollowed_msg=1&build=0",
                json!({ "msg_notify": 1, "show_unfollowed_msg": 0 }),
            ),
            ("keys_reply=-7", json!({ "keys_reply": 0 })),
            ("", json!({})),
        ] {
            assert_eq!(sim.data(10001, &format!("get?{query}")), settings);
        }
        assert_eq!(sim.code(10001, "get?msg_notify=x"), -400);
    }

    #[test]
    fn receive_unfollow_msg_follows_from_the_world() {
        for (accepts, heard) in [("everyone", 1), ("followed", 0), ("nobody", 0)] {
            let world = format!(r#"{{"accounts":[{{"uid":1,"accepts":"{accepts}"}}]}}"#);
            let data = Sim::from_json(&world).data(1, "get?receive_unfollow_msg=1");
            assert_eq!(data["receive_unfollow_msg"], heard, "{accepts}");
        }
    }
}
