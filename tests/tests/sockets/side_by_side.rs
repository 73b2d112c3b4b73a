//! Calls that run side by side through one async client, and calls that are cancelled.

use std::{collections::BTreeMap, time::Duration};

use bili_im_proto::{Credential, Error, Talker};
use bili_im_reqwest::Client;
use bili_im_sim::{
    Account, MsgKey, Uid, Whim, World,
    faults::{Kind, Rule, When},
};
use bili_im_tests::Live;

const OWN: u64 = 1;

/// A service with `people` that the account and they follow each other, and a client of it.
fn start(people: u64) -> (Live, Client) {
    let mut world = World::from_json(r#"{"accounts":[]}"#).unwrap();
    let everyone = || (OWN..=OWN + people).map(Uid);
    for uid in everyone() {
        let mut account = Account::new(uid);
        account.follows = everyone().filter(|&other| other != uid).collect();
        world.accounts.push(account);
    }
    // The requests for a conversation are counted.
    world.options.more_at_floor = Whim::Never;
    let own = world.account(OWN).unwrap();
    let credential = Credential::parse(&own.cookie()).unwrap();
    let live = Live::of(world);
    let client = Client::builder(credential).endpoint(live.origin.clone());
    (live, client.build())
}

/// The texts that the account sent, with their keys.
fn sent(live: &Live) -> Vec<(Uid, MsgKey)> {
    (live.snapshot().messages.iter())
        .filter(|message| message.from == Uid(OWN) && message.msg_type == 1)
        .map(|message| match message.talker {
            bili_im_sim::Talker::User(uid) => (uid, message.msg_key),
            bili_im_sim::Talker::Group(_) => panic!("no groups here"),
        })
        .collect()
}

#[tokio::test]
async fn sixty_four_sends_at_once_arrive_once_each() {
    let (live, client) = start(64);
    // Some answers are lost.
    let lost = Rule::new("send_msg", When::Chance(0.3), Kind::BreakOff).after_effect();
    live.fault(lost);
    let mut sends = tokio::task::JoinSet::new();
    for uid in OWN + 1..=OWN + 64 {
        let client = client.clone();
        sends.spawn(async move {
            let sent = client.send_text(Talker::user(uid), "hello").await.unwrap();
            (Uid(uid), MsgKey(sent.msg_key.0))
        });
    }
    let reported: BTreeMap<Uid, MsgKey> = sends.join_all().await.into_iter().collect();
    let arrived = sent(&live);
    assert_eq!(arrived.len(), 64);
    assert_eq!(arrived.into_iter().collect::<BTreeMap<_, _>>(), reported);
    assert_eq!(live.requests("nav"), 1, "the keys are fetched once");
}

#[tokio::test]
async fn a_cancelled_send_is_not_credited_to_a_later_one() {
    let (live, client) = start(1);
    let to = Talker::user(OWN + 1);
    client.send_text(to, "warm").await.unwrap();
    // The service takes the message and never answers.
    live.fault(Rule::new("send_msg", When::Once, Kind::Stall).after_effect());
    {
        let mut cancelled = Box::pin(client.send_text(to, "hello"));
        let arrived = async {
            while sent(&live).len() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = &mut cancelled => panic!("it stalls"),
            () = arrived => {}
        }
    }
    let later = client.send_text(to, "hello").await.unwrap();
    let arrived = sent(&live);
    assert_eq!(arrived.len(), 3);
    assert_eq!(arrived.last().map(|(_, key)| key.0), Some(later.msg_key.0));
    // One that loses its request cannot tell the cancelled one's message from its own.
    live.fault(Rule::new("send_msg", When::Once, Kind::BreakOff));
    let lost = client.send_text(to, "hello").await.unwrap_err();
    assert!(matches!(lost, Error::Unconfirmed(_)), "{lost}");
    assert_eq!(sent(&live).len(), 3);
}

#[tokio::test]
async fn a_dropped_wait_for_an_item_loses_nothing() {
    let (live, client) = start(1);
    let to = Talker::user(OWN + 1);
    for _ in 0..3 {
        client.send_text(to, "hello").await.unwrap();
    }
    let mut pages = client.history(bili_im_proto::History::new(to));
    // Dropped at its first wait, again and again: nothing is asked for twice.
    let before = live.requests("fetch_session_msgs");
    let page = loop {
        tokio::select! {
            biased;
            page = pages.next() => break page,
            () = tokio::task::yield_now() => {}
        }
    };
    assert_eq!(page.unwrap().unwrap().messages.len(), 3);
    assert_eq!(pages.next().await, None);
    assert_eq!(live.requests("fetch_session_msgs") - before, 1);
}
