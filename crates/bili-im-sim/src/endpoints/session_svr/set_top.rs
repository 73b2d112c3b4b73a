//! Pin or unpin a session: `POST /session_svr/v1/session_svr/set_top`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::{Call, talker},
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let form = call.form()?;
    // 0 pins, 1 unpins.
    let since = (!form.required_switch("op_type")?).then_some(call.now);
    call.state.pin(owner, talker(&form)?, since)?;
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers, world};

    /// Account 1 has sessions with 2, 3 and 4, from oldest to newest.
    fn sim() -> Sim {
        Sim::new(world(
            r#"{"accounts":[{"uid":1},{"uid":2},{"uid":3},{"uid":4},{"uid":5}],
                "messages":[{"from":2,"to":1,"text":"x","seconds_ago":30},
                            {"from":3,"to":1,"text":"x","seconds_ago":20},
                            {"from":4,"to":1,"text":"x","seconds_ago":10}]}"#,
        ))
    }

    fn set_top(sim: &mut Sim, talker: &str, op_type: &str) -> i64 {
        sim.pass(1);
        let form = [
            ("talker_id", talker),
            ("session_type", "1"),
            ("op_type", op_type),
        ];
        sim.post(1, "/session_svr/v1/session_svr/set_top", &form)
            .code()
    }

    fn session_list(sim: &mut Sim) -> Vec<u64> {
        let path = "/session_svr/v1/session_svr/get_sessions?session_type=4";
        talkers(&sim.get(1, path).data())
    }

    #[test]
    fn pinned_sessions_come_first_the_last_pinned_before_the_others() {
        let mut sim = sim();
        assert_eq!(session_list(&mut sim), [4, 3, 2]);
        assert_eq!(set_top(&mut sim, "2", "0"), 0);
        assert_eq!(session_list(&mut sim), [2, 4, 3]);
        assert_eq!(set_top(&mut sim, "3", "0"), 0);
        assert_eq!(session_list(&mut sim), [3, 2, 4]);
        assert_eq!(sim.session(1, 3)["top_ts"], sim.now.0);
        assert_eq!(set_top(&mut sim, "3", "1"), 0);
        assert_eq!(session_list(&mut sim), [2, 4, 3]);
        assert_eq!(sim.session(1, 3)["top_ts"], 0);
    }

    #[test]
    fn only_an_existing_session_is_pinned_or_unpinned() {
        let mut sim = sim();
        assert_eq!(set_top(&mut sim, "5", "0"), 1_000_004);
        assert_eq!(set_top(&mut sim, "2", "2"), -400);
        assert_eq!(set_top(&mut sim, "2", ""), -400);
    }
}
