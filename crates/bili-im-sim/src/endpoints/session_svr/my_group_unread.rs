//! How much is unread in groups: `GET /session_svr/v1/session_svr/my_group_unread`.

use serde::Serialize;

use crate::{
    answer::{Data, Refusal},
    call::Call,
    ids::Talker,
};

#[derive(Serialize)]
struct MyGroupUnread {
    unread_count: usize,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let groups = call
        .state
        .sessions(owner)
        .filter(|view| matches!(view.talker, Talker::Group(_)));
    Ok(Data::of(&MyGroupUnread {
        unread_count: groups.map(|view| view.unread()).sum(),
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    const PATH: &str = "/session_svr/v1/session_svr/my_group_unread";

    #[test]
    fn only_groups_are_counted() {
        let mut sim = Sim::demo();
        assert_eq!(sim.get(10001, PATH).data()["unread_count"], 1);
        sim.say(10003, 10001, "在吗");
        assert_eq!(sim.get(10001, PATH).data()["unread_count"], 1);
        sim.say_in_group(10002, 20001, "有人吗");
        assert_eq!(sim.get(10001, PATH).data()["unread_count"], 2);
    }
}
