//! Hide all intercepted sessions: `POST /session_svr/v1/session_svr/batch_rm_dustbin`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::Call,
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    call.form()?;
    for talker in call.state.intercepted(owner) {
        call.state.remove(owner, talker, call.now)?;
    }
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers, world};

    #[test]
    fn intercepted_sessions_are_hidden_and_stay_intercepted() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1,"sessions":[{"talker":{"user":2},"intercepted":true}]},{"uid":2},{"uid":4}],
                "messages":[{"from":2,"to":1,"text":"x"},{"from":4,"to":1,"text":"x"}]}"#,
        ));
        let session_list = |sim: &mut Sim, session_type: u8| {
            let path =
                format!("/session_svr/v1/session_svr/get_sessions?session_type={session_type}");
            talkers(&sim.get(1, &path).data())
        };
        let path = "/session_svr/v1/session_svr/batch_rm_dustbin";
        assert_eq!(sim.post(1, path, &[]).code(), 0);
        assert!(session_list(&mut sim, 5).is_empty());
        assert_eq!(session_list(&mut sim, 1), [4]);
        sim.say(2, 1, "y");
        assert_eq!(session_list(&mut sim, 5), [2]);
    }
}
