//! Mark all intercepted sessions as read:
//! `POST /session_svr/v1/session_svr/batch_update_dustbin_ack`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, _) = call.form()?;
    for talker in call.state.intercepted(owner) {
        call.state.acknowledge(owner, talker, None, call.now)?;
    }
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn intercepted_sessions_are_read_and_no_others() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1,"sessions":[{"talker":{"user":2},"intercepted":true},
                                                {"talker":{"user":3},"intercepted":true}]},
                            {"uid":2},{"uid":3},{"uid":4}],
                "messages":[{"from":2,"to":1,"text":"x"},{"from":4,"to":1,"text":"x"}]}"#,
        );
        sim.post(1, "batch_update_dustbin_ack", "").data();
        assert_eq!(sim.session(1, 2)["unread_count"], 0);
        assert_eq!(sim.session(1, 4)["unread_count"], 1);
    }
}
