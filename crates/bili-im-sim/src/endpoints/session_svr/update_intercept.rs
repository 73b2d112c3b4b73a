//! Turn the interception of a user on or off: `POST /session_svr/v1/session_svr/update_intercept`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    let uid = Uid(form.required_number("talker_id")?);
    let intercepted = form.required_switch("status")?;
    call.state.user(uid)?;
    let session = call.state.settings_mut(owner, Talker::User(uid));
    session.intercepted = intercepted;
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    fn intercept(sim: &mut Sim, fields: &str) -> i64 {
        sim.post(10001, "update_intercept", fields).code()
    }

    #[test]
    fn an_intercepted_session_leaves_the_ordinary_lists_and_counts() {
        let mut sim = Sim::demo();
        assert_eq!(intercept(&mut sim, "talker_id=10002&status=1"), 0);
        for ordinary in [1, 4, 9] {
            assert!(!sim.listed(10001, ordinary).contains(&10002), "{ordinary}");
        }
        assert_eq!(sim.listed(10001, 5), [10002]);
        assert_eq!(sim.session(10001, 10002)["is_intercept"], 1);
        let unread = sim.data(10001, "single_unread?show_dustbin=1");
        assert_eq!(unread["follow_unread"], 0);
        assert_eq!(unread["dustbin_unread"], 2);

        assert_eq!(intercept(&mut sim, "talker_id=10002&status=0"), 0);
        assert_eq!(sim.listed(10001, 1), [10002]);
        assert!(sim.listed(10001, 5).is_empty());
    }

    #[test]
    fn a_user_can_be_intercepted_before_the_first_message() {
        let mut sim = Sim::demo();
        assert_eq!(intercept(&mut sim, "talker_id=10003&status=1"), 0);
        assert!(sim.listed(10001, 5).is_empty());
        sim.say(10003, 10001, "在吗");
        assert_eq!(sim.listed(10001, 5), [10003]);
    }

    #[test]
    fn only_users_are_intercepted_and_the_status_is_0_or_1() {
        let mut sim = Sim::demo();
        assert_eq!(intercept(&mut sim, "talker_id=20001&status=1"), -404);
        assert_eq!(intercept(&mut sim, "talker_id=10002&status=2"), -400);
    }
}
