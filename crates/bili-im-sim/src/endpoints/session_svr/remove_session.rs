//! Hide a session: `POST /session_svr/v1/session_svr/remove_session`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    call.state.remove(owner, talker(&form)?, call.now)?;
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    fn remove(sim: &mut Sim) -> i64 {
        let form = "talker_id=10002&session_type=1";
        sim.post(10001, "remove_session", form).code()
    }

    #[test]
    fn a_removed_session_is_gone_with_its_unread_but_its_messages_stay() {
        let mut sim = Sim::demo();
        assert_eq!((sim.listed(10001, 1), sim.unread(10001)), (vec![10002], 2));
        assert_eq!(remove(&mut sim), 0);
        assert_eq!((sim.listed(10001, 1), sim.unread(10001)), (vec![], 0));
        let detail = "session_detail?talker_id=10002&session_type=1";
        assert_eq!(sim.code(10001, detail), 1_000_004);
        let messages = "fetch_session_msgs?talker_id=10002&session_type=1&size=9";
        assert!(sim.data(10001, messages)["messages"].is_array());
        assert_eq!(sim.session(10002, 10001)["talker_id"], 10001);
    }

    #[test]
    fn a_removed_session_cannot_be_removed_again_until_its_next_message() {
        let mut sim = Sim::demo();
        assert_eq!((remove(&mut sim), remove(&mut sim)), (0, 1_000_004));
        sim.say(10002, 10001, "还在吗");
        assert_eq!((sim.listed(10001, 1), sim.unread(10001)), (vec![10002], 1));
    }
}
