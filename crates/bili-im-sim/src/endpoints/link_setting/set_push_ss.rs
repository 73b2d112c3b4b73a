//! Turn a user's pushes on or off: `POST /link_setting/v1/link_setting/set_push_ss`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    let uid = Uid(form.required_number("talker_uid")?);
    // 1 turns pushes off.
    let pushes_off = form.required_switch("setting")?;
    call.state.user(uid)?;
    call.state.settings_mut(owner, Talker::User(uid)).pushes_off = pushes_off;
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn pushes_are_off_in_the_settings_and_in_the_session() {
        let mut sim = Sim::demo();
        let relation = "get_session_ss?talker_uid=10002";
        assert_eq!(sim.data(10001, relation)["push_setting"], 0);
        for setting in [1, 0] {
            let form = format!("talker_uid=10002&setting={setting}");
            sim.post(10001, "set_push_ss", &form).data();
            assert_eq!(sim.data(10001, relation)["push_setting"], setting);
            assert_eq!(sim.session(10001, 10002)["setting"], setting);
        }
    }

    #[test]
    fn an_existing_user_is_required() {
        let mut sim = Sim::demo();
        for (form, code) in [
            ("talker_uid=9&setting=1", -404),
            ("talker_uid=10002&setting=2", -400),
        ] {
            assert_eq!(sim.post(10001, "set_push_ss", form).code(), code, "{form}");
        }
    }
}
