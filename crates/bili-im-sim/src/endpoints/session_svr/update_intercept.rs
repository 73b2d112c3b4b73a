//! Turn the interception of a user on or off: `POST /session_svr/v1/session_svr/update_intercept`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::Call,
    ids::{Talker, Uid},
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let form = call.form()?;
    let uid = Uid(form.required_number("talker_id")?);
    let intercepted = form.required_switch("status")?;
    call.state.user(uid)?;
    call.state
        .settings_mut(owner, Talker::User(uid))
        .intercepted = intercepted;
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers};

    fn intercept(sim: &mut Sim, talker: &str, status: &str) -> i64 {
        let form = [("talker_id", talker), ("status", status)];
        sim.post(10001, "/session_svr/v1/session_svr/update_intercept", &form)
            .code()
    }

    fn session_list(sim: &mut Sim, session_type: u8) -> Vec<u64> {
        let path = format!("/session_svr/v1/session_svr/get_sessions?session_type={session_type}");
        talkers(&sim.get(10001, &path).data())
    }

    #[test]
    fn an_intercepted_session_leaves_the_ordinary_lists_and_counts() {
        let mut sim = Sim::demo();
        assert_eq!(intercept(&mut sim, "10002", "1"), 0);
        for ordinary in [1, 4, 9] {
            assert!(
                !session_list(&mut sim, ordinary).contains(&10002),
                "{ordinary}"
            );
        }
        assert_eq!(session_list(&mut sim, 5), [10002]);
        assert_eq!(sim.session(10001, 10002)["is_intercept"], 1);
        let unread = sim
            .get(
                10001,
                "/session_svr/v1/session_svr/single_unread?show_dustbin=1",
            )
            .data();
        assert_eq!(
            (&unread["follow_unread"], &unread["dustbin_unread"]),
            (&0.into(), &2.into())
        );

        assert_eq!(intercept(&mut sim, "10002", "0"), 0);
        assert_eq!(session_list(&mut sim, 1), [10002]);
        assert!(session_list(&mut sim, 5).is_empty());
    }

    #[test]
    fn a_user_can_be_intercepted_before_the_first_message() {
        let mut sim = Sim::demo();
        assert_eq!(intercept(&mut sim, "10003", "1"), 0);
        assert!(session_list(&mut sim, 5).is_empty());
        sim.say(10003, 10001, "在吗");
        assert_eq!(session_list(&mut sim, 5), [10003]);
    }

    #[test]
    fn only_users_are_intercepted_and_the_status_is_0_or_1() {
        let mut sim = Sim::demo();
        assert_eq!(intercept(&mut sim, "20001", "1"), -404);
        assert_eq!(intercept(&mut sim, "10002", "2"), -400);
    }
}
