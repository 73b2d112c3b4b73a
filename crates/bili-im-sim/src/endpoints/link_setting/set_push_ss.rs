//! Turn a user's pushes on or off: `POST /link_setting/v1/link_setting/set_push_ss`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::Call,
    ids::{Talker, Uid},
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let form = call.form()?;
    let uid = Uid(form.required_number("talker_uid")?);
    // 1 turns pushes off.
    let pushes_off = form.required_switch("setting")?;
    call.state.user(uid)?;
    call.state.settings_mut(owner, Talker::User(uid)).pushes_off = pushes_off;
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    fn set(sim: &mut Sim, uid: &str, setting: &str) -> i64 {
        let form = [("talker_uid", uid), ("setting", setting)];
        sim.post(10001, "/link_setting/v1/link_setting/set_push_ss", &form)
            .code()
    }

    #[test]
    fn pushes_are_off_in_the_settings_and_in_the_session() {
        let mut sim = Sim::demo();
        let path = "/link_setting/v1/link_setting/get_session_ss?talker_uid=10002";
        assert_eq!(sim.get(10001, path).data()["push_setting"], 0);
        assert_eq!(set(&mut sim, "10002", "1"), 0);
        assert_eq!(sim.get(10001, path).data()["push_setting"], 1);
        assert_eq!(sim.session(10001, 10002)["setting"], 1);
        assert_eq!(set(&mut sim, "10002", "0"), 0);
        assert_eq!(sim.session(10001, 10002)["setting"], 0);
    }

    #[test]
    fn an_existing_user_is_required() {
        let mut sim = Sim::demo();
        assert_eq!(set(&mut sim, "9", "1"), -404);
        assert_eq!(set(&mut sim, "10002", "2"), -400);
    }
}
