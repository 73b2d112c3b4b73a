//! Read the messages of a session: `GET /svr_sync/v1/svr_sync/fetch_session_msgs`.

use serde::Serialize;

use super::page::Page;
use crate::{
    answer::{Data, Refusal},
    call::{Call, talker},
    ids::{Seqno, Talker},
    wire::{Address, Emoticon, MessageBody, emoticons},
};

/// The documentation names a larger size, but the service never returned more
/// (docs/protocol.md §8).
const LARGEST_SIZE: u64 = 200;

#[derive(Serialize)]
struct SessionMsgs<'a> {
    messages: Option<Vec<MessageBody<'a>>>,
    has_more: u8,
    min_seqno: u64,
    max_seqno: u64,
    e_infos: Option<Vec<Emoticon>>,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let query = &call.request.query;
    let talker = talker(query)?;
    let mut size = query.number("size")?.unwrap_or(0).min(LARGEST_SIZE);
    let begin = Seqno(query.number("begin_seqno")?.unwrap_or(0));
    let end = query.number("end_seqno")?.filter(|end| *end > 0).map(Seqno);
    if let Talker::Group(group) = talker {
        call.state.joined(owner, group)?;
    }
    let empty_min_is_zero = call
        .state
        .options
        .empty_min_is_zero
        .occurs(&mut call.state.chance);
    let moment = call.state.lagged(call.state.options.lagging_messages);
    if size > 0
        && call
            .state
            .options
            .short_pages
            .occurs(&mut call.state.chance)
    {
        size = 1 + call.state.chance.below(size);
    }

    let page = Page::new(
        call.state.conversation_as_of(owner, talker, moment),
        owner,
        usize::try_from(size).unwrap_or(usize::MAX),
        begin,
        end,
    );
    let contents: Vec<&str> = page
        .messages
        .iter()
        .map(|written| written.draft.content.as_str())
        .collect();
    let messages: Vec<MessageBody<'_>> = page
        .messages
        .iter()
        .copied()
        .map(MessageBody::from)
        .collect();
    let nothing = if empty_min_is_zero { 0 } else { u64::MAX };
    Ok(Data::of(&SessionMsgs {
        has_more: page.has_more.into(),
        min_seqno: if messages.is_empty() {
            nothing
        } else {
            page.lowest.0
        },
        max_seqno: page.messages.first().map_or(0, |newest| newest.seqno.0),
        e_infos: emoticons(&contents, Address::Url),
        messages: (!messages.is_empty()).then_some(messages),
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::testing::{Sim, world};

    const PATH: &str = "/svr_sync/v1/svr_sync/fetch_session_msgs";

    /// 1 and 2 have written nine texts, `1` to `9`, in turns.
    fn sim(options: &str) -> Sim {
        let texts: Vec<String> = (1..=9)
            .map(|nth| {
                let (from, to) = if nth % 2 == 1 { (1, 2) } else { (2, 1) };
                format!(
                    r#"{{"from":{from},"to":{to},"text":"{nth}","seconds_ago":{}}}"#,
                    1000 - nth
                )
            })
            .collect();
        Sim::new(world(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2}},{{"uid":3}}],"messages":[{}],"options":{{{options}}}}}"#,
            texts.join(",")
        )))
    }

    fn fetch(sim: &mut Sim, query: &str) -> Value {
        sim.get(1, &format!("{PATH}?talker_id=2&session_type=1{query}"))
            .data()
    }

    fn texts(page: &Value) -> Vec<String> {
        let content = |message: &Value| -> String {
            let content: Value =
                serde_json::from_str(message["content"].as_str().unwrap()).unwrap();
            content["content"].as_str().unwrap().to_owned()
        };
        page["messages"]
            .as_array()
            .map(|messages| messages.iter().map(content).collect())
            .unwrap_or_default()
    }

    #[test]
    fn the_newest_messages_come_first() {
        let page = fetch(&mut sim(""), "&size=3");
        assert_eq!(texts(&page), ["9", "8", "7"]);
        assert_eq!(page["has_more"], 1);
        assert_eq!(page["max_seqno"], page["messages"][0]["msg_seqno"]);
        assert_eq!(page["min_seqno"], page["messages"][2]["msg_seqno"]);
    }

    #[test]
    fn paging_backwards_reaches_everything_once() {
        for options in ["", r#""short_pages":"always""#] {
            let mut sim = sim(options);
            let mut seen = Vec::new();
            let mut end = 0;
            loop {
                let page = fetch(&mut sim, &format!("&size=4&end_seqno={end}"));
                seen.extend(texts(&page));
                end = page["min_seqno"].as_u64().unwrap();
                if page["has_more"] == 0 {
                    break;
                }
            }
            assert_eq!(seen, ["9", "8", "7", "6", "5", "4", "3", "2", "1"]);
        }
    }

    #[test]
    fn both_bounds_are_exclusive() {
        let mut sim = sim("");
        let all = fetch(&mut sim, "&size=20");
        let seqno = |at: usize| all["messages"][at]["msg_seqno"].as_u64().unwrap();
        let page = fetch(
            &mut sim,
            &format!("&size=20&begin_seqno={}&end_seqno={}", seqno(5), seqno(1)),
        );
        assert_eq!(texts(&page), ["7", "6", "5"]);
        assert_eq!(page["has_more"], 0);
    }

    #[test]
    fn a_page_smaller_than_the_gap_has_its_newest_messages() {
        let mut sim = sim("");
        let all = fetch(&mut sim, "&size=20");
        let begin = all["messages"][8]["msg_seqno"].as_u64().unwrap();
        let page = fetch(&mut sim, &format!("&size=2&begin_seqno={begin}"));
        assert_eq!(texts(&page), ["9", "8"]);
        assert_eq!(page["has_more"], 1);
    }

    #[test]
    fn a_short_page_has_the_newest_within_the_bounds_and_says_whether_there_is_more() {
        let all = texts(&fetch(&mut sim(""), "&size=20"));
        let mut sim = sim(r#""short_pages":"always""#);
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
        for query in ["", "&size=0"] {
            assert_eq!(texts(&fetch(&mut sim, query)), ["tip"]);
        }
        assert_eq!(texts(&fetch(&mut sim, "&size=2")), ["10", "tip", "9"]);
        let other_side = sim
            .get(2, &format!("{PATH}?talker_id=1&session_type=1&size=2"))
            .data();
        assert_eq!(texts(&other_side), ["10", "9"]);
    }

    #[test]
    fn an_empty_page_has_one_of_two_forms() {
        for (whim, min) in [("always", 0), ("never", u64::MAX)] {
            let mut sim = sim(&format!(r#""empty_min_is_zero":"{whim}""#));
            let page = sim
                .get(1, &format!("{PATH}?talker_id=3&session_type=1&size=20"))
                .data();
            assert!(page["messages"].is_null());
            assert_eq!(page["min_seqno"], min);
            assert_eq!(
                (&page["max_seqno"], &page["has_more"]),
                (&0.into(), &0.into())
            );
        }
    }

    #[test]
    fn recalled_messages_keep_their_text_and_removed_ones_are_gone() {
        let mut sim = sim("");
        sim.write(r#"{"from":2,"to":1,"text":"removed","msg_status":2}"#);
        sim.write(r#"{"from":2,"to":1,"text":"recalled","msg_status":1}"#);
        let page = fetch(&mut sim, "&size=2");
        assert_eq!(texts(&page), ["recalled", "9"]);
        assert_eq!(page["messages"][0]["msg_status"], 1);
    }

    #[test]
    fn min_seqno_may_be_lower_than_any_listed_message() {
        let mut sim = Sim::new(world(
            r#"{"accounts":[{"uid":1},{"uid":2}],
                "messages":[{"from":2,"to":1,"text":"removed","msg_status":2,"seconds_ago":2},
                            {"from":2,"to":1,"text":"x","seconds_ago":1}]}"#,
        ));
        let page = fetch(&mut sim, "&size=20");
        assert!(page["min_seqno"].as_u64() < page["messages"][0]["msg_seqno"].as_u64());
    }

    #[test]
    fn old_messages_lack_fields() {
        let data = Sim::demo()
            .get(
                10001,
                &format!("{PATH}?talker_id=10002&session_type=1&size=20"),
            )
            .data();
        let messages = data["messages"].as_array().unwrap();
        let oldest = messages.last().unwrap();
        assert!(oldest.get("new_face_version").is_none());
        assert!(oldest.get("msg_source").is_none());
        assert_eq!(messages[0]["new_face_version"], 1);
        assert_eq!(messages[0]["msg_source"], 7);
    }

    #[test]
    fn a_msg_key_is_a_number_beyond_2_to_the_53() {
        let data = Sim::demo()
            .get(
                10001,
                &format!("{PATH}?talker_id=10002&session_type=1&size=1"),
            )
            .data();
        assert!(data["messages"][0]["msg_key"].as_u64().unwrap() > 1 << 53);
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
        let path = format!("{PATH}?talker_id=20001&session_type=2&size=20");
        let data = sim.get(10002, &path).data();
        assert_eq!(
            data["messages"].as_array().unwrap().last().unwrap()["sender_uid"],
            0
        );
        assert_eq!(sim.get(10003, &path).code(), 700_014);
    }

    #[test]
    fn a_page_describes_its_emoticons() {
        let data = Sim::demo()
            .get(
                10001,
                &format!("{PATH}?talker_id=10002&session_type=1&size=1"),
            )
            .data();
        assert_eq!(data["e_infos"][0]["text"], "[doge]");
        assert!(fetch(&mut sim(""), "&size=1")["e_infos"].is_null());
    }
}
