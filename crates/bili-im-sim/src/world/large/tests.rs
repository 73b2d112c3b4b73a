use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Large;
use crate::{
    ids::{MsgKey, Talker, Uid},
    snapshot::MessageState,
    testing::{DAY, Sim},
    world::World,
};

const OWNER: u64 = 10001;

type IsKind = fn(&MessageState) -> bool;

fn sim(seed: u64) -> Sim {
    Sim::new(World::large(Large {
        seed,
        sessions: 60,
        messages: 3_000,
    }))
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let state = |seed| sim(seed).state();
    assert_eq!(state(7), state(7));
    assert_ne!(state(7)["messages"], state(8)["messages"]);
}

#[test]
fn a_large_mailbox_is_mixed() {
    let sim = sim(7);
    let state = sim.service.snapshot(sim.now);
    let messages = &state.messages;
    assert_eq!(messages.len(), 3_000);
    let types: BTreeSet<u32> = messages.iter().map(|message| message.msg_type).collect();
    assert_eq!(
        types,
        BTreeSet::from([1, 2, 5, 6, 7, 10, 11, 13, 18, 306, 4242])
    );
    let kinds: [(&str, IsKind); 8] = [
        ("of the owner", |message| message.from == Uid(OWNER)),
        ("without a key", |message| message.msg_key == MsgKey(0)),
        ("malformed", |message| parsed(message).is_err()),
        ("removed", |message| message.msg_status == 2),
        ("automatic", |message| {
            (8..=11).contains(&message.msg_source)
        }),
        ("hostile", |message| message.content.contains("<script>")),
        ("an emoticon", |message| message.content.contains("[doge]")),
        ("for one reader", |message| message.only_for.is_some()),
    ];
    for (name, is_kind) in kinds {
        let count = messages.iter().filter(|message| is_kind(message)).count();
        assert!((1..2_000).contains(&count), "{count} are {name}");
    }
    let first = messages.first().unwrap().timestamp;
    assert!(sim.now.as_secs() - first > 4 * 365 * DAY);

    let sessions = &state.accounts[0].sessions;
    let length = |talker| sim.service.conversation(OWNER, talker).count();
    let mut lengths: Vec<usize> = sim.service.talkers(OWNER).map(length).collect();
    lengths.sort_unstable();
    assert_eq!(lengths.len(), 60);
    assert!(lengths[30] < 40 && lengths[59] > 200, "{lengths:?}");
    assert_eq!(sessions.iter().filter(|session| session.pinned).count(), 3);
    assert!(sessions.iter().any(|session| session.intercepted));
    assert!(sessions.iter().any(|session| session.unread > 0));
}

fn parsed(message: &MessageState) -> serde_json::Result<Value> {
    serde_json::from_str(&message.content)
}

#[test]
fn a_recall_follows_each_recalled_message() {
    let sim = sim(7);
    let messages = sim.service.snapshot(sim.now).messages;
    let recalls = messages.iter().filter(|message| message.msg_type == 5);
    let recalls = recalls.map(|recall| (recall.content.clone(), (recall.from, recall.talker)));
    let gone = messages
        .iter()
        .filter(|message| matches!(message.msg_status, 1 | 2));
    let gone = gone.map(|message| (message.msg_key.to_string(), (message.from, message.talker)));
    let gone: BTreeMap<_, _> = gone.collect();
    assert!(gone.len() > 10);
    assert_eq!(recalls.collect::<BTreeMap<_, _>>(), gone);
}

#[test]
fn what_can_be_compared_is_what_lists_and_pages_show() {
    let mut sim = sim(7);
    let talkers: BTreeSet<Talker> = sim.service.talkers(OWNER).collect();
    let mut listed = BTreeSet::new();
    for filter in [1, 3, 5] {
        let path = format!("get_sessions?session_type={filter}&size=100");
        let list = sim.data(OWNER, &path);
        for session in list["session_list"].as_array().unwrap() {
            let number = |name| session[name].as_u64().unwrap();
            let (id, session_type) = (number("talker_id"), number("session_type"));
            listed.extend(Talker::from_wire(id, session_type));
        }
    }
    assert_eq!(talkers, listed);
    for talker in talkers {
        let mut shown = read(&mut sim, talker);
        shown.reverse();
        let seen = |held: MessageState| {
            let (seqno, key) = (held.msg_seqno.0, held.msg_key.0);
            (seqno, key, held.content, held.msg_status)
        };
        let held: Vec<_> = sim.service.conversation(OWNER, talker).map(seen).collect();
        assert_eq!(held, shown, "{talker}");
    }
    let group = Talker::group(1_000_000);
    assert!(sim.service.conversation(OWNER, group).next().is_some());
    assert!(sim.service.conversation(9, group).next().is_none());
}

/// All messages of a session, the newest first, page by page.
fn read(sim: &mut Sim, talker: Talker) -> Vec<(u64, u64, String, u32)> {
    let (id, session_type) = (talker.id(), talker.session_type());
    let mut shown: Vec<(u64, u64, String, u32)> = Vec::new();
    loop {
        let end = shown.last().map_or(0, |(seqno, ..)| *seqno);
        let path = format!(
            "fetch_session_msgs?talker_id={id}&session_type={session_type}&size=200&end_seqno={end}"
        );
        let page = sim.data(OWNER, &path);
        let Some(messages) = page["messages"].as_array() else {
            return shown;
        };
        shown.extend(messages.iter().map(|message| {
            let number = |name| message[name].as_u64().unwrap();
            let content = message["content"].as_str().unwrap().to_owned();
            let status = u32::try_from(number("msg_status")).unwrap();
            (number("msg_seqno"), number("msg_key"), content, status)
        }));
    }
}
