//! Pin or unpin a session: `POST /session_svr/v1/session_svr/set_top`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    // 0 pins, 1 unpins.
    let since = (!form.required_switch("op_type")?).then_some(call.now);
    call.state.pin(owner, talker(&form)?, since)?;
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    fn set_top(sim: &mut Sim, talker: u64, op_type: &str) -> i64 {
        sim.pass(1);
        let form = format!("talker_id={talker}&session_type=1&op_type={op_type}");
        sim.post(1, "set_top", &form).code()
    }

    #[test]
    fn pinned_sessions_come_first_the_last_pinned_before_the_others() {
        let mut sim = Sim::with_three_sessions("");
        assert_eq!(sim.listed(1, 4), [4, 3, 2]);
        for (talker, op_type, listed, pinned) in [
            (2, "0", [2, 4, 3], true),
            (3, "0", [3, 2, 4], true),
            (3, "1", [2, 4, 3], false),
        ] {
            assert_eq!(set_top(&mut sim, talker, op_type), 0);
            assert_eq!(sim.listed(1, 4), listed, "{talker} {op_type}");
            let top_ts = if pinned { sim.now.0 } else { 0 };
            assert_eq!(sim.session(1, talker)["top_ts"], top_ts);
        }
    }

    #[test]
    fn only_an_existing_session_is_pinned_or_unpinned() {
        let mut sim = Sim::with_three_sessions("");
        for (talker, op_type, code) in [(5, "0", 1_000_004), (2, "2", -400), (2, "", -400)] {
            assert_eq!(
                set_top(&mut sim, talker, op_type),
                code,
                "{talker} {op_type}"
            );
        }
    }
}
