//! Hide a session: `POST /session_svr/v1/session_svr/remove_session`.

use crate::{
    answer::{Data, Nothing, Refusal},
    call::{Call, talker},
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let talker = talker(&call.form()?)?;
    call.state.remove(owner, talker, call.now)?;
    Ok(Data::of(&Nothing {}))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, talkers};

    const FRIEND: [(&str, &str); 2] = [("talker_id", "10002"), ("session_type", "1")];

    fn remove(sim: &mut Sim) -> i64 {
        sim.post(10001, "/session_svr/v1/session_svr/remove_session", &FRIEND)
            .code()
    }

    fn session_list(sim: &mut Sim) -> Vec<u64> {
        let path = "/session_svr/v1/session_svr/get_sessions?session_type=1";
        talkers(&sim.get(10001, path).data())
    }

    fn unread(sim: &mut Sim) -> u64 {
        sim.get(10001, "/session_svr/v1/session_svr/single_unread")
            .data()["follow_unread"]
            .as_u64()
            .unwrap()
    }

    #[test]
    fn a_removed_session_is_gone_with_its_unread_but_its_messages_stay() {
        let mut sim = Sim::demo();
        assert_eq!((session_list(&mut sim), unread(&mut sim)), (vec![10002], 2));
        assert_eq!(remove(&mut sim), 0);
        assert_eq!((session_list(&mut sim), unread(&mut sim)), (vec![], 0));
        let detail = "/session_svr/v1/session_svr/session_detail?talker_id=10002&session_type=1";
        assert_eq!(sim.get(10001, detail).code(), 1_000_004);
        let messages =
            "/svr_sync/v1/svr_sync/fetch_session_msgs?talker_id=10002&session_type=1&size=9";
        assert!(sim.get(10001, messages).data()["messages"].is_array());
        assert_eq!(sim.session(10002, 10001)["talker_id"], 10001);
    }

    #[test]
    fn a_removed_session_comes_back_with_its_next_message() {
        let mut sim = Sim::demo();
        remove(&mut sim);
        sim.say(10002, 10001, "还在吗");
        assert_eq!((session_list(&mut sim), unread(&mut sim)), (vec![10002], 1));
    }

    #[test]
    fn a_missing_session_cannot_be_removed() {
        let mut sim = Sim::demo();
        assert_eq!(remove(&mut sim), 0);
        assert_eq!(remove(&mut sim), 1_000_004);
    }
}
