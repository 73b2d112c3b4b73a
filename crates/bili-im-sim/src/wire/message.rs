//! The JSON of a message (docs/protocol.md §8).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{ids::Uid, state::Written};

#[derive(Debug, Serialize)]
pub(crate) struct MessageBody<'a> {
    sender_uid: Uid,
    receiver_type: u8,
    receiver_id: u64,
    msg_type: u32,
    content: Content<'a>,
    msg_seqno: u64,
    timestamp: u64,
    at_uids: Option<Vec<Uid>>,
    msg_key: u64,
    msg_status: u32,
    notify_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sys_cancel: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_face_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_source: Option<u32>,
}

/// The content is JSON as text, but some clients have seen the JSON itself.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Object(&'a RawValue),
}

impl<'a> Content<'a> {
    fn of(written: &'a Written) -> Self {
        let message = &written.message;
        let object = message.content_as_object.then(|| message.content_object());
        match object.flatten() {
            Some(object) => Self::Object(object),
            None => Self::Text(written.content()),
        }
    }
}

impl<'a> From<&'a Written> for MessageBody<'a> {
    fn from(written: &'a Written) -> Self {
        let message = &written.message;
        Self {
            sender_uid: message.from,
            receiver_type: message.talker.session_type(),
            receiver_id: message.talker.id(),
            msg_type: message.msg_type,
            content: Content::of(written),
            msg_seqno: written.seqno.0,
            timestamp: written.sent_at.as_secs(),
            at_uids: at_uids(written),
            msg_key: written.key.0,
            msg_status: message.msg_status,
            notify_code: "",
            sys_cancel: message.sys_cancel.then_some(true),
            new_face_version: (!message.old).then_some(1),
            msg_source: (!message.old).then_some(message.msg_source),
        }
    }
}

/// Without mentions, the field is null on some messages and `[0]` on others.
fn at_uids(written: &Written) -> Option<Vec<Uid>> {
    if !written.message.at_uids.is_empty() {
        return Some(written.message.at_uids.clone());
    }
    (!written.message.old && written.key.0.is_multiple_of(2)).then(|| vec![Uid(0)])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Sim;

    /// The two newest messages between 10001 and 10002, as 10001 gets them.
    fn newest_two(sim: &mut Sim) -> [Value; 2] {
        let path = "fetch_session_msgs?talker_id=10002&session_type=1&size=2";
        let page = sim.data(10001, path);
        [0, 1].map(|place| page["messages"][place].clone())
    }

    #[test]
    fn a_message_that_the_service_cancels_is_gone_and_its_recall_says_so() {
        let mut sim = Sim::demo();
        let kept = sim.write(r#"{"from":10002,"to":10001,"text":"kept"}"#);
        let key = sim.write(r#"{"from":10002,"to":10001,"text":"reported"}"#)["msg_key"].clone();
        let cancel = json!({ "sys_cancel": { "msg_key": key } }).to_string();
        sim.control_ok("/_sim/act", &cancel);
        let [recall, before] = newest_two(&mut sim);
        assert_eq!(recall["msg_type"], 5);
        assert_eq!(recall["sender_uid"], 10002);
        assert_eq!(recall["content"], key);
        assert_eq!(recall["sys_cancel"], true);
        assert_eq!(before["msg_seqno"], kept["msg_seqno"]);
        let error = sim.control_error("/_sim/act", &cancel);
        assert!(error.ends_with("recalled already"), "{error}");
    }

    #[test]
    fn notices_without_a_key_share_0_and_differ_in_their_number() {
        let mut sim = Sim::demo();
        for text in ["one", "two"] {
            sim.write(&format!(
                r#"{{"from":10002,"to":10001,"text":"{text}","keyless":true}}"#
            ));
        }
        let [two, one] = newest_two(&mut sim);
        assert_eq!((&one["msg_key"], &two["msg_key"]), (&0.into(), &0.into()));
        assert_ne!(one["msg_seqno"], two["msg_seqno"]);
        let recall = sim.recall(10002, 10001, &0.into());
        assert_eq!(recall.code(), 10005);
    }

    #[test]
    fn a_content_may_be_the_object_itself() {
        let mut sim = Sim::demo();
        let write = |as_object| {
            let message = json!({
                "from": 10002, "to": 10001, "text": "hi", "content_as_object": as_object,
            });
            message.to_string()
        };
        sim.write(&write(false));
        sim.write(&write(true));
        let [object, text] = newest_two(&mut sim);
        assert_eq!(object["content"], json!({ "content": "hi" }));
        assert_eq!(text["content"], r#"{"content":"hi"}"#);
        assert_eq!(
            sim.session(10001, 10002)["last_msg"]["content"],
            object["content"]
        );
    }

    #[test]
    fn an_ais_paragraphs_are_objects_at_the_place_of_its_type() {
        let mut sim = Sim::demo();
        for msg_type in [19, 52] {
            sim.write(&format!(
                r#"{{"from":10002,"to":10001,"msg_type":{msg_type},"paragraphs":["你好"]}}"#
            ));
        }
        let [top, within] = newest_two(&mut sim).map(|message| {
            assert_eq!(message["msg_source"], 19);
            serde_json::from_str::<Value>(message["content"].as_str().unwrap()).unwrap()
        });
        let node = json!({ "node_type": 1, "raw_text": "你好", "word": { "words": "你好" } });
        let paragraphs = json!([{ "para_type": 1, "text": { "nodes": [node] } }]);
        assert_eq!(top, json!({ "paragraphs": paragraphs }));
        assert_eq!(within, json!({ "content": { "paragraphs": paragraphs } }));
    }
}
