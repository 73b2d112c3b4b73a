//! A program dies while its send is out, and the request arrives later: there is one message,
//! whenever it arrives. Over real sockets, with a relay that holds the request back.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, SystemTime},
};

use bili_im_proto::{Confirmation, Credential, Error, Origin, Pacing, SendTicket, Text, Uid};
use bili_im_sim::{Message, Server, Service, Talker, World};
use bili_im_tests::{Relay, program};

const OWN: u64 = 10001;
const FRIEND: Uid = Uid(10002);
const ANSWER: &str = "here I am";

/// How long the adapters' clients look for a message in these tests.
const LATEST: Duration = Duration::from_secs(2);

/// A service behind a relay.
struct Site {
    server: Server,
    relay: Relay,
}

impl Site {
    fn new(lag: u64) -> Self {
        let mut world = World::demo();
        world.options.lagging_messages = lag;
        let service = Service::new(world, SystemTime::now().into()).unwrap();
        let server = Server::start(service, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let relay = Relay::start(server.addr()).unwrap();
        Self { server, relay }
    }

    fn origin(&self) -> Origin {
        format!("http://{}", self.relay.addr()).parse().unwrap()
    }

    /// How often the answer is there.
    fn answers(&self) -> usize {
        let now = SystemTime::now().into();
        let messages = self.server.with(|service| service.snapshot(now)).messages;
        let content = serde_json::json!({ "content": ANSWER }).to_string();
        (messages.iter())
            .filter(|message| message.from.0 == OWN && message.content == content)
            .count()
    }

    fn friend_writes(&self, text: &str) {
        let message = Message::text(
            bili_im_sim::Uid(FRIEND.0),
            Talker::User(bili_im_sim::Uid(OWN)),
            text,
        );
        let now = SystemTime::now().into();
        let written = self.server.with(|service| service.write(message, now));
        written.unwrap();
    }
}

fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        thread::sleep(Duration::from_millis(2));
    }
}

fn cookie() -> String {
    format!("SESSDATA=sim-{OWN}; bili_jct={OWN:032}; DedeUserID={OWN}")
}

/// A watch that answers everything, and what it says on stderr.
struct Watch {
    child: Child,
    warnings: BufReader<ChildStderr>,
}

impl Watch {
    fn start(site: &Site, folder: &std::path::Path) -> Self {
        let mut child = Command::new(program())
            .args(["watch", "--json", "--interval", "0.05", "--cursor"])
            .arg(folder.join("cursor"))
            .args(["--reply-stdout", "--exec", "/bin/echo", "--", ANSWER])
            .env("BILI_IM_ENDPOINT", site.origin().to_string())
            .env("BILI_IM_COOKIE", cookie())
            .env("BILI_IM_STATE_DIR", folder.join("state"))
            .env("BILI_IM_CONFIG_DIR", folder.join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let warnings = BufReader::new(child.stderr.take().unwrap());
        until(|| folder.join("cursor").exists());
        Self { child, warnings }
    }

    /// Waits for a warning with these words.
    fn warns(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            let read = self.warnings.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "it has ended without: {words}");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a watch whose answer is held back, and kills it.
fn dies_answering(site: &Site, folder: &std::path::Path) {
    let watch = Watch::start(site, folder);
    site.relay.hold("send_msg");
    site.friend_writes("are you there?");
    until(|| site.relay.holding() == 1);
    drop(watch);
    // The relay holds that one request only.
    assert_eq!(site.answers(), 0);
}

fn has_settled(folder: &std::path::Path) -> bool {
    let stored = fs::read_to_string(folder.join("cursor")).unwrap();
    (stored.lines().last()).is_some_and(|line| !line.contains(ANSWER))
}

#[test]
fn an_answer_that_arrives_while_it_is_looked_for_is_found_and_not_sent_again() {
    let site = Site::new(0);
    let folder = tempfile::tempdir().unwrap();
    dies_answering(&site, folder.path());
    let mut watch = Watch::start(&site, folder.path());
    watch.warns("may be under way");
    thread::sleep(Duration::from_secs(2));
    site.relay.release();
    until(|| has_settled(folder.path()));
    assert_eq!(site.answers(), 1);
}

#[test]
fn an_answer_that_arrives_after_it_was_looked_for_is_not_sent_again() {
    let site = Site::new(0);
    let folder = tempfile::tempdir().unwrap();
    dies_answering(&site, folder.path());
    let mut watch = Watch::start(&site, folder.path());
    watch.warns("an answer may or may not have been sent, and is not sent again");
    until(|| has_settled(folder.path()));
    site.relay.release();
    until(|| site.answers() > 0);
    // The watch goes on, and answers what comes then.
    site.friend_writes("and now?");
    until(|| site.answers() > 1);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(site.answers(), 2);
}

#[test]
fn an_answer_that_the_service_lists_late_is_not_sent_again() {
    let site = Site::new(12);
    let folder = tempfile::tempdir().unwrap();
    dies_answering(&site, folder.path());
    site.relay.release();
    until(|| site.answers() == 1);
    let mut watch = Watch::start(&site, folder.path());
    watch.warns("may be under way");
    until(|| has_settled(folder.path()));
    assert_eq!(site.answers(), 1);
}

/// What a program has on disk.
fn stored(ticket: &SendTicket) -> SendTicket {
    serde_json::from_str(&serde_json::to_string(ticket).unwrap()).unwrap()
}

fn text() -> Text {
    Text::new(ANSWER).unwrap()
}

fn pacing() -> Pacing {
    let mut pacing = Pacing::off();
    pacing.latest_arrival = LATEST;
    pacing
}

/// Whether the request is let through while the next process looks for it, or only after that.
const TIMES: [bool; 2] = [true, false];

/// Lets the held request through while the next process looks for it.
fn release_soon(site: &Site) {
    let relay = site.relay.clone();
    thread::spawn(move || {
        thread::sleep(LATEST / 4);
        relay.release();
    });
}

/// A message is found when its request arrives soon. In the end there is one message.
fn check(site: &Site, found: &Confirmation, arrives_soon: bool) {
    match found {
        Confirmation::Sent(_) => assert!(arrives_soon),
        Confirmation::CannotTell => assert!(!arrives_soon),
        other => panic!("{other:?}"),
    }
    site.relay.release();
    until(|| site.answers() == 1);
}

#[test]
fn the_blocking_client_sends_no_ticket_twice() {
    for arrives_soon in TIMES {
        let site = Site::new(0);
        let client = || {
            bili_im_ureq::Client::builder(Credential::parse(&cookie()).unwrap())
                .endpoint(site.origin())
                .pacing(pacing())
                .build()
        };
        let first = client();
        let ticket = first.prepare_send(FRIEND, text()).unwrap();
        site.relay.hold("send_msg");
        let (store, on_disk) = mpsc::channel();
        // Nobody takes its result: for the test it is dead.
        thread::spawn(move || {
            first.send_ticket(ticket, |ticket| {
                store.send(stored(&ticket)).unwrap();
                Ok::<(), Error>(())
            })
        });
        until(|| site.relay.holding() == 1);
        let ticket = on_disk.recv().unwrap();
        if arrives_soon {
            release_soon(&site);
        }
        let found = client().confirm(ticket).unwrap();
        check(&site, &found, arrives_soon);
    }
}

#[tokio::test]
async fn the_async_client_sends_no_ticket_twice() {
    for arrives_soon in TIMES {
        let site = Site::new(0);
        let client = || {
            bili_im_reqwest::Client::builder(Credential::parse(&cookie()).unwrap())
                .endpoint(site.origin())
                .pacing(pacing())
                .build()
        };
        let first = client();
        let ticket = first.prepare_send(FRIEND, text()).await.unwrap();
        site.relay.hold("send_msg");
        let (store, on_disk) = mpsc::channel();
        let dying = tokio::spawn(async move {
            let keep = |ticket: SendTicket| {
                let is_stored = store.send(stored(&ticket)).map_err(|_| Error::Finished);
                async { is_stored }
            };
            first.send_ticket(ticket, keep).await
        });
        while site.relay.holding() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        let ticket = on_disk.recv().unwrap();
        if arrives_soon {
            release_soon(&site);
        }
        let found = client().confirm(ticket).await.unwrap();
        check(&site, &found, arrives_soon);
    }
}

#[test]
fn a_ticket_that_cannot_be_stored_is_not_sent() {
    let site = Site::new(0);
    let client = bili_im_ureq::Client::builder(Credential::parse(&cookie()).unwrap())
        .endpoint(site.origin())
        .build();
    let ticket = client.prepare_send(FRIEND, text()).unwrap();
    let refused = client.send_ticket(ticket.clone(), |_| Err(Error::Finished));
    assert_eq!(refused.unwrap_err(), Error::Finished);
    assert_eq!(site.answers(), 0);
}
