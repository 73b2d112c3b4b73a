//! One session: `GET /session_svr/v1/session_svr/session_detail`.

use crate::{codes::NO_SUCH_SESSION, endpoints::prelude::*, wire::SessionBody};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    let talker = talker(query)?;
    let mut chance = call.state.chance.fork();
    let view = call
        .state
        .session(owner, talker)
        .ok_or_else(|| NO_SUCH_SESSION.because(format!("{owner} has no session with {talker}")))?;
    Ok(Data::of(&SessionBody::new(view, call.state, &mut chance)))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::testing::Sim;

    #[test]
    fn a_session_has_its_unread_count_and_last_message() {
        let data = Sim::demo().session(10001, 10002);
        assert_eq!(data["talker_id"], 10002);
        assert_eq!(data["unread_count"], 2);
        assert_eq!(data["is_follow"], 1);
        assert_eq!(data["last_msg"]["content"], r#"{"content":"催更[doge]"}"#);
        assert_eq!(data["max_seqno"], data["last_msg"]["msg_seqno"]);
        let seconds = data["session_ts"].as_u64().unwrap() / 1_000_000;
        assert_eq!(data["last_msg"]["timestamp"], seconds);
        assert!(data["ack_seqno"].as_u64() < data["max_seqno"].as_u64());
    }

    #[test]
    fn a_group_has_a_name() {
        let data = Sim::demo().data(10001, "session_detail?talker_id=20001&session_type=2");
        assert_eq!(data["group_name"], "演示UP主的应援团");
    }

    #[test]
    fn a_session_without_messages_does_not_exist() {
        let refused = [
            ("session_detail?talker_id=10003&session_type=1", 1_000_004),
            ("session_detail?talker_id=10002&session_type=2", 1_000_004),
            ("session_detail?talker_id=10002&session_type=3", -400),
            ("session_detail?session_type=1", -400),
        ];
        Sim::demo().check_codes(10001, &refused);
    }

    #[test]
    fn the_last_message_may_be_null_or_absent() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1},{"uid":2}],"messages":[{"from":2,"to":1,"text":"x"}],
                "options":{"last_msg_missing":"always"}}"#,
        );
        let last_msg = |_| sim.session(1, 2).get("last_msg").cloned();
        let seen: Vec<_> = (0..50).map(last_msg).collect();
        assert!(seen.contains(&None));
        assert!(seen.contains(&Some(Value::Null)));
        assert!(seen.iter().flatten().all(Value::is_null));
    }

    #[test]
    fn a_system_account_comes_with_its_name() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1},{"uid":2,"name":"系统通知","system_msg_type":5}],
                "messages":[{"from":2,"to":1,"msg_type":10,"content":"{}"}]}"#,
        );
        let data = sim.session(1, 2);
        assert_eq!(data["system_msg_type"], 5);
        assert_eq!(data["account_info"]["name"], "系统通知");
    }
}
