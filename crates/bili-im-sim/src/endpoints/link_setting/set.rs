//! Change settings of an account: `POST /link_setting/v1/link_setting/set`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::Call,
    codes::{BAD_REQUEST, PERMISSION_LACKING},
    state::SETTINGS,
};

/// The fewest fans with which automatic replies are allowed (docs/protocol.md §10).
const FEWEST_FANS: u64 = 1000;

/// Changes all named settings, or none when one is refused.
pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let form = call.form()?;
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
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Sim, world};

    /// Account 1 has too few fans for automatic replies, account 2 just enough.
    fn sim() -> Sim {
        Sim::new(world(
            r#"{"accounts":[{"uid":1,"fans":999},{"uid":2,"fans":1000},{"uid":3}]}"#,
        ))
    }

    fn set(sim: &mut Sim, uid: u64, form: &[(&str, &str)]) -> i64 {
        sim.post(uid, "/link_setting/v1/link_setting/set", form)
            .code()
    }

    fn get(sim: &mut Sim, uid: u64) -> Value {
        let names = "msg_notify=1&is_group_fold=1&followed_reply=1&receive_unfollow_msg=1";
        sim.get(uid, &format!("/link_setting/v1/link_setting/get?{names}"))
            .data()
    }

    #[test]
    fn a_change_affects_only_its_account() {
        let mut sim = sim();
        let change = [("msg_notify", "3"), ("is_group_fold", "1")];
        assert_eq!(set(&mut sim, 1, &change), 0);
        assert_eq!(
            get(&mut sim, 1),
            json!({ "msg_notify": 3, "is_group_fold": 1, "followed_reply": 0, "receive_unfollow_msg": 1 })
        );
        assert_eq!(get(&mut sim, 2)["msg_notify"], 1);
        assert_eq!(sim.state()["accounts"][0]["settings"]["msg_notify"], 3);
    }

    #[test]
    fn automatic_replies_need_a_thousand_fans() {
        let mut sim = sim();
        assert_eq!(set(&mut sim, 1, &[("followed_reply", "1")]), 700_009);
        assert_eq!(set(&mut sim, 1, &[("followed_reply", "0")]), 0);
        assert_eq!(set(&mut sim, 2, &[("followed_reply", "1")]), 0);
        assert_eq!(get(&mut sim, 2)["followed_reply"], 1);
    }

    #[test]
    fn all_changes_are_made_or_none() {
        let mut sim = sim();
        let before = sim.state()["accounts"][0]["settings"].clone();
        for wrong in [
            ("msg_notify", "2"),
            ("is_group_fold", "-1"),
            ("keys_reply", "1"),
        ] {
            assert_ne!(set(&mut sim, 1, &[("ai_intercept", "1"), wrong]), 0);
            assert_eq!(sim.state()["accounts"][0]["settings"], before, "{wrong:?}");
        }
        assert_eq!(set(&mut sim, 1, &[("nonsense", "1")]), -400);
    }

    #[test]
    fn with_receive_unfollow_msg_off_unfollowed_users_cannot_write() {
        let mut sim = sim();
        assert_eq!(set(&mut sim, 1, &[("receive_unfollow_msg", "0")]), 0);
        assert_eq!(get(&mut sim, 1)["receive_unfollow_msg"], 0);
        assert_eq!(sim.send(3, 1, "x").code(), 25003);
        assert_eq!(set(&mut sim, 1, &[("receive_unfollow_msg", "1")]), 0);
        assert_eq!(sim.send(3, 1, "x").code(), 0);
    }
}
