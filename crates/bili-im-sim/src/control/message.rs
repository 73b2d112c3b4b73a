//! Writes a message as any user: `POST /_sim/message`.

use serde_json::json;

use super::routes::ControlResult;
use crate::{service::Service, time::UnixMicros, world::Message};

pub(super) fn write(service: &mut Service, body: &[u8], now: UnixMicros) -> ControlResult {
    let message: Message = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let (msg_key, msg_seqno) = service
        .write(message, now)
        .map_err(|error| error.to_string())?;
    Ok(json!({ "msg_key": msg_key, "msg_seqno": msg_seqno }))
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn any_user_can_write_anything_without_limit() {
        let mut sim = Sim::demo();
        for _ in 0..3 {
            sim.say(10001, 10003, "again");
        }
        let written = sim.write(
            r#"{"from":10002,"to":10001,"msg_type":99,"content":"not even JSON","msg_source":9}"#,
        );
        let state = sim.state();
        let newest = state["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(newest["msg_key"], written["msg_key"]);
        assert_eq!(newest["msg_seqno"], written["msg_seqno"]);
        assert_eq!(newest["content"], "not even JSON");
        assert_eq!(newest["msg_source"], 9);
        assert_eq!(newest["talker"]["user"], 10001);
    }

    #[test]
    fn users_and_groups_of_a_message_must_exist() {
        let mut sim = Sim::demo();
        for (message, error) in [
            (
                r#"{"from":10002,"to":5,"text":"x"}"#,
                "to: there is no user 5",
            ),
            (
                r#"{"from":10002,"group":5,"text":"x"}"#,
                "group: there is no group 5",
            ),
            (
                r#"{"from":5,"to":10002,"text":"x"}"#,
                "from: there is no user 5",
            ),
        ] {
            let answer = sim.control("POST", "/_sim/message", message);
            assert_eq!(answer.status(), 400);
            assert_eq!(answer.json()["error"], error);
        }
        assert_eq!(sim.control("POST", "/_sim/message", "{").status(), 400);
    }
}
