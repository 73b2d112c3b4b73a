//! How much is unread in groups: `GET /session_svr/v1/session_svr/my_group_unread`.

use crate::endpoints::prelude::*;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let owner = call.owner()?;
    let sessions = call.state.sessions(owner);
    let groups = sessions.filter(|view| matches!(view.talker, Talker::Group(_)));
    let unread: usize = groups.map(|view| view.unread()).sum();
    Ok(Data::of(&json!({ "unread_count": unread })))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn only_groups_are_counted() {
        let mut sim = Sim::demo();
        sim.say(10003, 10001, "在吗");
        assert_eq!(sim.data(10001, "my_group_unread")["unread_count"], 1);
        sim.say_in_group(10002, 20001, "有人吗");
        assert_eq!(sim.data(10001, "my_group_unread")["unread_count"], 2);
    }
}
