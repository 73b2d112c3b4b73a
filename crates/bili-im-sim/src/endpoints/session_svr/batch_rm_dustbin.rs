//! Hide all intercepted sessions: `POST /session_svr/v1/session_svr/batch_rm_dustbin`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, _) = call.form()?;
    for talker in call.state.intercepted(owner) {
        call.state.remove(owner, talker, call.now)?;
    }
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn intercepted_sessions_are_hidden_and_stay_intercepted() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1,"sessions":[{"talker":{"user":2},"intercepted":true}]},{"uid":2},{"uid":4}],
                "messages":[{"from":2,"to":1,"text":"x"},{"from":4,"to":1,"text":"x"}]}"#,
        );
        sim.post(1, "batch_rm_dustbin", "").data();
        assert!(sim.listed(1, 5).is_empty());
        assert_eq!(sim.listed(1, 1), [4]);
        sim.say(2, 1, "y");
        assert_eq!(sim.listed(1, 5), [2]);
    }
}
