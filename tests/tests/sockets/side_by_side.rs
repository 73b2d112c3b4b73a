//! Calls that run side by side through one async client, and calls that are cancelled.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use bili_im_proto::{Credential, Direction, Error, EventKind, Talker, WatchOptions};
use bili_im_reqwest::Client;
use bili_im_sim::{
    Account, MsgKey, Server, Service, Uid, World,
    faults::{Kind, Rule, When},
};

const OWN: u64 = 1;

/// A service with `people` that the account and they follow each other, and a client of it.
fn start(people: u64) -> (Server, Client) {
    let mut world = World::from_json(r#"{"accounts":[]}"#).unwrap();
    let everyone = || (OWN..=OWN + people).map(Uid);
    for uid in everyone() {
        let mut account = Account::new(uid);
        account.follows = everyone().filter(|&other| other != uid).collect();
        world.accounts.push(account);
    }
    let own = world.account(OWN).unwrap();
    let credential = Credential::parse(&own.cookie()).unwrap();
    let service = Service::new(world, SystemTime::now().into()).unwrap();
    let server = Server::start(service, "127.0.0.1:0".parse().unwrap()).unwrap();
    let origin = format!("http://{}", server.addr()).parse().unwrap();
    let client = Client::builder(credential).endpoint(origin).build();
    (server, client)
}

fn fault(server: &Server, rule: Rule) {
    server.with(|service| service.add_fault(rule)).unwrap();
}

/// The texts that the account sent, with their keys.
fn sent(server: &Server) -> Vec<(Uid, MsgKey)> {
    let snapshot = server.with(|service| service.snapshot(SystemTime::now().into()));
    (snapshot.messages.iter())
        .filter(|message| message.from == Uid(OWN) && message.msg_type == 1)
        .map(|message| match message.talker {
            bili_im_sim::Talker::User(uid) => (uid, message.msg_key),
            bili_im_sim::Talker::Group(_) => panic!("no groups here"),
        })
        .collect()
}

fn requests(server: &Server, name: &str) -> u64 {
    let snapshot = server.with(|service| service.snapshot(SystemTime::now().into()));
    let counts = snapshot.requests.iter();
    counts
        .filter(|(path, _)| path.ends_with(name))
        .map(|(_, count)| count.requests)
        .sum()
}

#[tokio::test]
async fn sixty_four_sends_at_once_arrive_once_each() {
    let (server, client) = start(64);
    // Some answers are lost.
    let lost = Rule::new("send_msg", When::Chance(0.3), Kind::BreakOff).after_effect();
    fault(&server, lost);
    let mut sends = tokio::task::JoinSet::new();
    for uid in OWN + 1..=OWN + 64 {
        let client = client.clone();
        sends.spawn(async move {
            let sent = client.send_text(Talker::user(uid), "hello").await.unwrap();
            (Uid(uid), MsgKey(sent.msg_key.0))
        });
    }
    let reported: BTreeMap<Uid, MsgKey> = sends.join_all().await.into_iter().collect();
    let arrived = sent(&server);
    assert_eq!(arrived.len(), 64);
    assert_eq!(arrived.into_iter().collect::<BTreeMap<_, _>>(), reported);
    assert_eq!(requests(&server, "nav"), 1, "the keys are fetched once");
}

#[tokio::test]
async fn identical_texts_at_once_get_their_own_keys() {
    let (server, client) = start(1);
    fault(
        &server,
        Rule::new("send_msg", When::Nth(2), Kind::BreakOff).after_effect(),
    );
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let client = client.clone();
        sends.spawn(async move { client.send_text(Talker::user(OWN + 1), "hello").await });
    }
    let mut keys = BTreeSet::new();
    for result in sends.join_all().await {
        assert!(keys.insert(result.unwrap().msg_key.0), "credited twice");
    }
    let arrived: BTreeSet<u64> = sent(&server).iter().map(|(_, key)| key.0).collect();
    assert_eq!(arrived, keys);
}

#[tokio::test]
async fn a_cancelled_send_is_not_credited_to_a_later_one() {
    let (server, client) = start(1);
    let to = Talker::user(OWN + 1);
    client.send_text(to, "warm").await.unwrap();
    // The service takes the message and never answers.
    fault(
        &server,
        Rule::new("send_msg", When::Once, Kind::Stall).after_effect(),
    );
    {
        let mut cancelled = Box::pin(client.send_text(to, "hello"));
        let arrived = async {
            while sent(&server).len() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = &mut cancelled => panic!("it stalls"),
            () = arrived => {}
        }
    }
    let later = client.send_text(to, "hello").await.unwrap();
    let arrived = sent(&server);
    assert_eq!(arrived.len(), 3);
    assert_eq!(arrived.last().map(|(_, key)| key.0), Some(later.msg_key.0));
    // One that loses its request cannot tell the cancelled one's message from its own.
    fault(&server, Rule::new("send_msg", When::Once, Kind::BreakOff));
    let lost = client.send_text(to, "hello").await.unwrap_err();
    assert!(matches!(lost, Error::Unconfirmed(_)), "{lost}");
    assert_eq!(sent(&server).len(), 3);
}

#[tokio::test]
async fn a_dropped_wait_for_an_item_loses_nothing() {
    let (server, client) = start(1);
    let to = Talker::user(OWN + 1);
    for _ in 0..3 {
        client.send_text(to, "hello").await.unwrap();
    }
    let mut pages = client.history(bili_im_proto::History::new(to));
    // Dropped at its first wait, again and again: nothing is asked for twice.
    let before = requests(&server, "fetch_session_msgs");
    let page = loop {
        tokio::select! {
            biased;
            page = pages.next() => break page,
            () = tokio::task::yield_now() => {}
        }
    };
    assert_eq!(page.unwrap().unwrap().messages.len(), 3);
    assert_eq!(pages.next().await, None);
    assert_eq!(requests(&server, "fetch_session_msgs") - before, 1);
}

#[tokio::test]
async fn a_watcher_that_is_dropped_between_events_or_left_waiting_loses_nothing() {
    let (server, client) = start(3);
    let options = WatchOptions::default().with_interval(Duration::from_millis(10));
    let mut cursor = client.cursor_now().await.unwrap();
    let mut events = client.watch(cursor.clone(), options);
    let mut told = Vec::new();
    let mut dropped = 0;
    let mut left = 0;
    for round in 0..30 {
        // The same client sends meanwhile.
        let talker = Talker::user(OWN + 1 + round % 3);
        let text = format!("number {round}");
        let last = client.send_text(talker, text).await.unwrap();
        loop {
            // The future is dropped when the time is over, wherever it was.
            let next = tokio::time::timeout(Duration::from_millis(3), events.next()).await;
            let Ok(event) = next else {
                left += 1;
                continue;
            };
            let event = event.unwrap().unwrap();
            let EventKind::Message {
                message, direction, ..
            } = &event.kind
            else {
                panic!("{event:?}")
            };
            assert_eq!(*direction, Direction::Sent);
            told.push(message.key);
            let is_it = message.key == last.msg_key;
            cursor.advance(&event.position.unwrap());
            if told.len() % 4 == 0 {
                events = client.watch(cursor.clone(), options);
                dropped += 1;
            }
            if is_it {
                break;
            }
        }
    }
    let mut there: Vec<u64> = sent(&server).iter().map(|(_, key)| key.0).collect();
    let mut told: Vec<u64> = told.iter().map(|key| key.0).collect();
    there.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, there);
    assert!(dropped > 5 && left > 5, "{dropped} {left}");
}
