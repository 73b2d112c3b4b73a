//! One session: `GET /session_svr/v1/session_svr/session_detail`.

use crate::{
    answer::{Data, Refusal},
    call::{Call, talker},
    codes::NO_SUCH_SESSION,
    wire::SessionBody,
};

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let talker = talker(&call.request.query)?;
    let mut chance = call.state.chance.fork();
    let view = call
        .state
        .session(owner, talker)
        .ok_or_else(|| NO_SUCH_SESSION.because(format!("{owner} has no session with {talker}")))?;
    Ok(Data::of(&SessionBody::new(view, call.state, &mut chance)))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sim, world};

    const PATH: &str = "/session_svr/v1/session_svr/session_detail";

    #[test]
    fn a_session_has_its_unread_count_and_last_message() {
        let data = Sim::demo()
            .get(10001, &format!("{PATH}?talker_id=10002&session_type=1"))
            .data();
        assert_eq!(data["talker_id"], 10002);
        assert_eq!(data["unread_count"], 2);
        assert_eq!(data["is_follow"], 1);
        assert_eq!(data["last_msg"]["content"], r#"{"content":"催更[doge]"}"#);
        assert_eq!(data["max_seqno"], data["last_msg"]["msg_seqno"]);
        assert_eq!(
            data["session_ts"].as_u64().unwrap() / 1_000_000,
            data["last_msg"]["timestamp"].as_u64().unwrap()
        );
        assert!(data["ack_seqno"].as_u64() < data["max_seqno"].as_u64());
    }

    #[test]
    fn a_group_has_a_name() {
        let data = Sim::demo()
            .get(10001, &format!("{PATH}?talker_id=20001&session_type=2"))
            .data();
        assert_eq!(data["group_name"], "演示UP主的应援团");
    }

    #[test]
    fn a_session_without_messages_does_not_exist() {
        let mut sim = Sim::demo();
        let answer = sim.get(10001, &format!("{PATH}?talker_id=10003&session_type=1"));
        assert_eq!(answer.code(), 1_000_004);
        assert_eq!(
            sim.get(10001, &format!("{PATH}?talker_id=10002&session_type=2"))
                .code(),
            1_000_004
        );
        assert_eq!(
            sim.get(10001, &format!("{PATH}?talker_id=10002&session_type=3"))
                .code(),
            -400
        );
        assert_eq!(
            sim.get(10001, &format!("{PATH}?session_type=1")).code(),
            -400
        );
    }

    #[test]
    fn the_last_message_may_be_null_or_absent() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1},{"uid":2}],"messages":[{"from":2,"to":1,"text":"x"}],
                "options":{"last_msg_missing":"always"}}"#,
        ));
        let detail = |_| {
            sim.get(1, &format!("{PATH}?talker_id=2&session_type=1"))
                .data()
        };
        let seen: Vec<_> = (0..50)
            .map(detail)
            .map(|data| data.get("last_msg").cloned())
            .collect();
        assert!(seen.contains(&None));
        assert!(seen.contains(&Some(serde_json::Value::Null)));
        assert!(seen.iter().flatten().all(serde_json::Value::is_null));
    }

    #[test]
    fn a_system_account_comes_with_its_name() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1},{"uid":2,"name":"系统通知","system_msg_type":5}],
                "messages":[{"from":2,"to":1,"msg_type":10,"content":"{}"}]}"#,
        ));
        let data = sim
            .get(1, &format!("{PATH}?talker_id=2&session_type=1"))
            .data();
        assert_eq!(data["system_msg_type"], 5);
        assert_eq!(data["account_info"]["name"], "系统通知");
    }
}
