//! Read the messages of a session: `GET /svr_sync/v1/svr_sync/fetch_session_msgs`.

use serde::Serialize;
use serde_json::Value;

use crate::{
    endpoints::prelude::*,
    state::Written,
    wire::{MessageBody, emoticons},
};

/// The documentation names a larger size, but the service never returned more
/// (docs/protocol.md §8).
const LARGEST_SIZE: u64 = 200;

#[derive(Serialize)]
struct SessionMsgs<'a> {
    messages: Option<Vec<MessageBody<'a>>>,
    has_more: u8,
    /// Of the whole conversation, so it is the same on every page (docs/protocol.md §8).
    min_seqno: u64,
    max_seqno: u64,
    e_infos: Option<Vec<Value>>,
}

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    call.check_read_signature()?;
    let talker = talker(query)?;
    let mut size = query.number("size")?.unwrap_or(0).min(LARGEST_SIZE);
    let mut begin = Seqno(query.number("begin_seqno")?.unwrap_or(0));
    let mut end = query.number("end_seqno")?.filter(|end| *end > 0).map(Seqno);
    if call.state.repeats_page(owner) {
        (begin, end) = (Seqno(0), None);
    }
    if let Talker::Group(group) = talker {
        call.state.joined(owner, group)?;
    }
    let options = &call.state.options;
    let (short_pages, lag) = (options.short_pages, options.lagging_messages);
    let empty_min_is_zero = options.empty_min_is_zero.occurs(&mut call.state.chance);
    let more_at_floor = options.more_at_floor.occurs(&mut call.state.chance);
    let moment = call.state.lagged(lag);
    if size > 0 && short_pages.occurs(&mut call.state.chance) {
        size = 1 + call.state.chance.below(size);
    }

    let conversation = call.state.conversation_as_of(owner, talker, moment);
    let nothing = if empty_min_is_zero { 0 } else { u64::MAX };
    let floor = conversation.first().map_or(nothing, |first| first.seqno.0);
    let page = Page::new(
        conversation,
        owner,
        usize::try_from(size).unwrap_or(usize::MAX),
        begin,
        end,
    );
    let messages = page.messages.iter().copied();
    let contents = messages.clone().map(|written| written.content());
    let newest = page.messages.first();
    Ok(Data::of(&SessionMsgs {
        has_more: (page.has_more || (more_at_floor && page.reaches(floor))).into(),
        min_seqno: floor,
        max_seqno: newest.map_or(0, |newest| newest.seqno.0),
        e_infos: emoticons(contents, "url"),
        messages: newest.map(|_| messages.map(MessageBody::from).collect()),
    }))
}

/// The newest messages between two exclusive bounds.
struct Page<'a> {
    /// Newest first.
    messages: Vec<&'a Written>,
    has_more: bool,
}

impl<'a> Page<'a> {
    /// Whether the conversation's first message is on the page.
    fn reaches(&self, floor: u64) -> bool {
        let oldest = self.messages.last();
        oldest.is_some_and(|oldest| oldest.seqno.0 == floor)
    }

    fn new(
        conversation: &'a [Written],
        reader: Uid,
        size: usize,
        begin: Seqno,
        end: Option<Seqno>,
    ) -> Self {
        let mut page = Self {
            messages: Vec::new(),
            has_more: false,
        };
        let mut counted = 0;
        let upto = end.map_or(conversation.len(), |end| {
            conversation.partition_point(|written| written.seqno < end)
        });
        let in_bounds = conversation
            .get(..upto)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|written| written.seqno > begin)
            .filter(|written| {
                written.message.is_for(reader) && (size > 0 || written.message.is_tip())
            });
        for written in in_bounds {
            if !written.message.is_removed() {
                // System tips do not count towards the size.
                if !written.message.is_tip() {
                    if counted == size {
                        page.has_more = true;
                        break;
                    }
                    counted += 1;
                }
                page.messages.push(written);
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::testing::Sim;

    /// 1 and 2 have written nine texts, `1` to `9`, in turns.
    fn sim(options: &str) -> Sim {
        let accounts = r#"{"uid":1},{"uid":2},{"uid":3}"#;
        let mut sim = Sim::from_json(&format!(
            r#"{{"accounts":[{accounts}],"options":{{{options}}}}}"#
        ));
        for nth in 1..=9 {
            let (from, to) = if nth % 2 == 1 { (1, 2) } else { (2, 1) };
            sim.say(from, to, &nth.to_string());
        }
        sim
    }

    fn fetch(sim: &mut Sim, query: &str) -> Value {
        sim.data(
            1,
            &format!("fetch_session_msgs?talker_id=2&session_type=1{query}"),
        )
    }

    /// A page of the demo's session with the friend.
    fn demo(size: u32) -> Value {
        let query = format!("talker_id=10002&session_type=1&size={size}");
        Sim::demo().data(10001, &format!("fetch_session_msgs?{query}"))
    }

    fn texts(page: &Value) -> Vec<String> {
        let messages = page["messages"].as_array().into_iter().flatten();
        let contents = messages.map(|message| message["content"].as_str().unwrap());
        contents
            .map(|content| serde_json::from_str::<Value>(content).unwrap())
            .map(|content| content["content"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_newest_messages_come_first() {
        let page = fetch(&mut sim(""), "&size=3");
        assert_eq!(texts(&page), ["9", "8", "7"]);
        assert_eq!(page["has_more"], 1);
        assert_eq!(page["max_seqno"], page["messages"][0]["msg_seqno"]);
    }

    #[test]
    fn min_seqno_is_the_floor_of_the_conversation_on_every_page() {
        let mut sim = sim("");
        let whole = fetch(&mut sim, "&size=20");
        let floor = &whole["messages"][8]["msg_seqno"];
        let third = &whole["messages"][2]["msg_seqno"];
        for query in [
            "&size=20".to_owned(),
            "&size=2".to_owned(),
            format!("&size=2&end_seqno={third}"),
            format!("&size=2&begin_seqno={third}"),
            format!("&size=2&end_seqno={floor}"),
        ] {
            assert_eq!(&fetch(&mut sim, &query)["min_seqno"], floor, "{query}");
        }
    }

    #[test]
    fn more_may_be_promised_at_the_floor() {
        for (whim, has_more) in [("always", 1), ("never", 0)] {
            let mut sim = sim(&format!(r#""more_at_floor":"{whim}""#));
            assert_eq!(fetch(&mut sim, "&size=20")["has_more"], has_more);
            let newest = fetch(&mut sim, "&size=1")["messages"][0]["msg_seqno"].clone();
            for nothing in [
                format!("&size=2&begin_seqno={newest}"),
                "&size=0".to_owned(),
            ] {
                assert_eq!(fetch(&mut sim, &nothing)["has_more"], 0, "{nothing}");
            }
        }
    }

    #[test]
    fn an_account_may_get_the_same_page_for_ever() {
        let mut sim = Sim::from_json(
            r#"{"accounts":[{"uid":1,"repeats_page":true},{"uid":2}],
                "messages":[{"from":2,"to":1,"text":"1"},{"from":2,"to":1,"text":"2"}]}"#,
        );
        let page = fetch(&mut sim, "&size=1");
        let seqno = &page["messages"][0]["msg_seqno"];
        for query in [
            format!("&size=1&end_seqno={seqno}"),
            format!("&size=1&begin_seqno={seqno}"),
        ] {
            assert_eq!(fetch(&mut sim, &query), page, "{query}");
        }
    }

    #[test]
    fn paging_backwards_reaches_everything_once() {
        for short_pages in ["never", "always"] {
            let mut sim = sim(&format!(
                r#""more_at_floor":"never","short_pages":"{short_pages}""#
            ));
            let mut seen = Vec::new();
            let mut end = 0;
            loop {
                let page = fetch(&mut sim, &format!("&size=4&end_seqno={end}"));
                seen.extend(texts(&page));
                let oldest = page["messages"].as_array().unwrap().last().unwrap();
                end = oldest["msg_seqno"].as_u64().unwrap();
                if page["has_more"] == 0 {
                    break;
                }
            }
            assert_eq!(seen, ["9", "8", "7", "6", "5", "4", "3", "2", "1"]);
        }
    }

    #[test]
    fn both_bounds_are_exclusive_and_a_page_has_the_newest_between_them() {
        let mut sim = sim("");
        let all = fetch(&mut sim, "&size=20");
        let seqno = |at: usize| &all["messages"][at]["msg_seqno"];
        for (size, begin, end, expected, has_more) in [
            (20, seqno(5), seqno(1), vec!["7", "6", "5"], 0),
            (2, seqno(8), &0.into(), vec!["9", "8"], 1),
        ] {
            let query = format!("&size={size}&begin_seqno={begin}&end_seqno={end}");
            let page = fetch(&mut sim, &query);
            assert_eq!(texts(&page), expected, "{query}");
            assert_eq!(page["has_more"], has_more, "{query}");
        }
    }

    #[test]
    fn a_short_page_has_the_newest_within_the_bounds_and_says_whether_there_is_more() {
        let all = texts(&fetch(&mut sim(""), "&size=20"));
        let mut sim = sim(r#""more_at_floor":"never","short_pages":"always""#);
        let begin = sim.session(1, 2)["max_seqno"].as_u64().unwrap() - 4;
        for (bound, within) in [(0, 9), (begin, 4)] {
            let mut lengths = BTreeSet::new();
            for _ in 0..200 {
                let page = fetch(&mut sim, &format!("&size=9&begin_seqno={bound}"));
                let texts_of_page = texts(&page);
                assert!(all.starts_with(&texts_of_page));
                assert_eq!(page["has_more"] == 1, texts_of_page.len() < within);
                lengths.insert(texts_of_page.len());
            }
            assert!(lengths.into_iter().eq(1..=within));
        }
        assert!(fetch(&mut sim, "")["messages"].is_null());
    }

    #[test]
    fn without_a_size_there_are_only_system_tips() {
        let mut sim = sim("");
        sim.write(
            r#"{"from":2,"to":1,"msg_type":18,"content":"{\"content\":\"tip\"}","only_for":1}"#,
        );
        sim.say(2, 1, "10");
        for (query, expected) in [
            ("", vec!["tip"]),
            ("&size=0", vec!["tip"]),
            ("&size=2", vec!["10", "tip", "9"]),
        ] {
            assert_eq!(texts(&fetch(&mut sim, query)), expected, "{query}");
        }
        let other_side = sim.data(2, "fetch_session_msgs?talker_id=1&session_type=1&size=2");
        assert_eq!(texts(&other_side), ["10", "9"]);
    }

    #[test]
    fn a_page_of_an_empty_conversation_has_one_of_two_forms() {
        for (whim, min) in [("always", 0), ("never", u64::MAX)] {
            let mut sim = sim(&format!(r#""empty_min_is_zero":"{whim}""#));
            let page = sim.data(1, "fetch_session_msgs?talker_id=3&session_type=1&size=20");
            let empty = serde_json::json!({
                "messages": null, "has_more": 0, "min_seqno": min, "max_seqno": 0, "e_infos": null,
            });
            assert_eq!(page, empty);
        }
    }

    #[test]
    fn recalled_messages_keep_their_text_and_removed_ones_are_left_out() {
        let mut sim = sim("");
        let removed = sim.write(r#"{"from":2,"to":1,"text":"removed","msg_status":2}"#);
        sim.write(r#"{"from":2,"to":1,"text":"recalled","msg_status":1}"#);
        let page = fetch(&mut sim, "&size=2");
        assert_eq!(texts(&page), ["recalled", "9"]);
        assert_eq!(page["messages"][0]["msg_status"], 1);
        let begin = removed["msg_seqno"].as_u64().unwrap() - 1;
        let page = fetch(&mut sim, &format!("&size=2&begin_seqno={begin}"));
        assert_eq!(texts(&page), ["recalled"]);
    }

    #[test]
    fn old_messages_lack_fields() {
        let data = demo(20);
        let messages = data["messages"].as_array().unwrap();
        let oldest = messages.last().unwrap();
        assert!(oldest.get("new_face_version").is_none());
        assert!(oldest.get("msg_source").is_none());
        assert_eq!(messages[0]["new_face_version"], 1);
        assert_eq!(messages[0]["msg_source"], 7);
    }

    #[test]
    fn a_msg_key_is_a_number_beyond_2_to_the_53() {
        assert!(demo(1)["messages"][0]["msg_key"].as_u64().unwrap() > 1 << 53);
    }

    #[test]
    fn reading_does_not_mark_anything_read() {
        let mut sim = sim("");
        let before = sim.session(1, 2)["unread_count"].clone();
        fetch(&mut sim, "&size=20");
        assert_eq!(sim.session(1, 2)["unread_count"], before);
    }

    #[test]
    fn a_group_is_read_by_its_members_alone() {
        let mut sim = Sim::demo();
        let path = "fetch_session_msgs?talker_id=20001&session_type=2&size=20";
        let data = sim.data(10002, path);
        let oldest = data["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(oldest["sender_uid"], 0);
        assert_eq!(sim.code(10003, path), 700_014);
    }

    #[test]
    fn a_page_describes_its_emoticons() {
        assert_eq!(demo(1)["e_infos"][0]["text"], "[doge]");
        assert!(fetch(&mut sim(""), "&size=1")["e_infos"].is_null());
    }
}
