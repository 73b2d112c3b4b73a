//! Mark all intercepted sessions as read:
//! `POST /session_svr/v1/session_svr/batch_update_dustbin_ack`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::Call,
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    call.form()?;
    for talker in call.state.intercepted(owner) {
        call.state.acknowledge(owner, talker, None, call.now)?;
    }
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, world};

    #[test]
    fn intercepted_sessions_are_read_and_no_others() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1,"sessions":[{"talker":{"user":2},"intercepted":true},
                                                {"talker":{"user":3},"intercepted":true}]},
                            {"uid":2},{"uid":3},{"uid":4}],
                "messages":[{"from":2,"to":1,"text":"x"},{"from":4,"to":1,"text":"x"}]}"#,
        ));
        let path = "/session_svr/v1/session_svr/batch_update_dustbin_ack";
        assert_eq!(sim.post(1, path, &[]).code(), 0);
        assert_eq!(sim.session(1, 2)["unread_count"], 0);
        assert_eq!(sim.session(1, 4)["unread_count"], 1);
    }
}
