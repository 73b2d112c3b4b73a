//! Change settings of an account: `POST /link_setting/v1/link_setting/set`.

use crate::{codes::PERMISSION_LACKING, endpoints::prelude::*, state::SETTINGS};

/// The fewest fans with which automatic replies are allowed (docs/protocol.md §10).
const FEWEST_FANS: u64 = 1000;

/// Changes all named settings, or none when one is refused.
pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    let fans = call.state.user(owner)?.fans;
    let mut changes = Vec::new();
    for setting in &SETTINGS {
        let Some(value) = form.number(setting.name)? else {
            continue;
        };
        if !setting.values.contains(&value) {
            return Err(BAD_REQUEST.because(format!("{} cannot be {value}", setting.name)));
        }
        if setting.is_reply && value == 1 && fans < FEWEST_FANS {
            let why = format!("{} needs {FEWEST_FANS} fans, not {fans}", setting.name);
            return Err(PERMISSION_LACKING.because(why));
        }
        changes.push((setting, value));
    }
    if changes.is_empty() {
        return Err(BAD_REQUEST.because("no setting is named"));
    }
    for (setting, value) in changes {
        call.state.change_setting(owner, setting, value);
    }
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    /// Account 1 has too few fans for automatic replies, account 2 just enough.
    fn sim() -> Sim {
        Sim::from_json(r#"{"accounts":[{"uid":1,"fans":999},{"uid":2,"fans":1000},{"uid":3}]}"#)
    }

    #[test]
    fn a_change_affects_only_its_account() {
        let mut sim = sim();
        sim.post(1, "set", "msg_notify=3&is_group_fold=1").data();
        let changed = sim.data(1, "get?msg_notify=1&is_group_fold=1&followed_reply=1");
        let expected =
            serde_json::json!({ "msg_notify": 3, "is_group_fold": 1, "followed_reply": 0 });
        assert_eq!(changed, expected);
        assert_eq!(sim.data(2, "get?msg_notify=1")["msg_notify"], 1);
        assert_eq!(sim.state()["accounts"][0]["settings"]["msg_notify"], 3);
    }

    #[test]
    fn automatic_replies_need_a_thousand_fans() {
        let mut sim = sim();
        for (uid, form, code) in [
            (1, "followed_reply=1", 700_009),
            (1, "followed_reply=0", 0),
            (2, "followed_reply=1", 0),
        ] {
            assert_eq!(sim.post(uid, "set", form).code(), code, "{uid} {form}");
        }
        assert_eq!(sim.data(2, "get?followed_reply=1")["followed_reply"], 1);
    }

    #[test]
    fn all_changes_are_made_or_none() {
        let mut sim = sim();
        let before = sim.state()["accounts"][0]["settings"].clone();
        for wrong in ["msg_notify=2", "is_group_fold=-1", "keys_reply=1"] {
            let form = format!("ai_intercept=1&{wrong}");
            assert_ne!(sim.post(1, "set", &form).code(), 0);
            assert_eq!(sim.state()["accounts"][0]["settings"], before, "{wrong}");
        }
        assert_eq!(sim.post(1, "set", "nonsense=1").code(), -400);
    }

    #[test]
    fn with_receive_unfollow_msg_off_unfollowed_users_cannot_write() {
        let mut sim = sim();
        for (value, code) in [(0, 25003), (1, 0)] {
            sim.post(1, "set", &format!("receive_unfollow_msg={value}"))
                .data();
            let data = sim.data(1, "get?receive_unfollow_msg=1");
            assert_eq!(data["receive_unfollow_msg"], value);
            assert_eq!(sim.send(3, 1, "x").code(), code);
        }
    }
}
