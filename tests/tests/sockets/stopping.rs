//! The blocking adapter's items, stopped from another thread.

use std::{
    io::Write,
    net::TcpListener,
    sync::mpsc,
    thread,
    time::{Duration, SystemTime},
};

use bili_im_proto::{Credential, Uid, WatchOptions};
use bili_im_sim::{Mode, Server, Service, World};
use bili_im_tests::{OWN_UID, answers, peer::read_request};
use bili_im_ureq::Client;

fn client(address: impl std::fmt::Display, cookie: &str) -> Client {
    let origin = format!("http://{address}").parse().unwrap();
    let credential = Credential::parse(cookie).unwrap();
    Client::builder(credential).endpoint(origin).build()
}

fn demo() -> (Server, Client) {
    let world = World::demo().in_mode(Mode::Strict);
    let cookie = world.account(10001).unwrap().cookie();
    let service = Service::new(world, SystemTime::now().into()).unwrap();
    let server = Server::start(service, "127.0.0.1:0".parse().unwrap()).unwrap();
    let client = client(server.addr(), &cookie);
    (server, client)
}

fn polls(server: &Server) -> u64 {
    let snapshot = server.with(|service| service.snapshot(SystemTime::now().into()));
    let mut counts = snapshot.requests.iter();
    let polls = counts.find(|(path, _)| path.ends_with("/new_sessions"));
    polls.map_or(0, |(_, count)| count.requests)
}

#[test]
fn a_stop_wakes_a_sleeping_watch_for_good() {
    let (server, client) = demo();
    let cursor = client.cursor_now().unwrap();
    let before = polls(&server);
    let a_day = Duration::from_secs(24 * 60 * 60);
    let options = WatchOptions::default()
        .with_interval(a_day)
        .with_push(false);
    let mut events = client.watch(cursor, options);
    let stop = events.stop_handle();
    let watching = thread::spawn(move || {
        let nothing_happens = events.next();
        (nothing_happens, events.next())
    });
    while polls(&server) == before {
        thread::yield_now();
    }
    stop.stop();
    assert_eq!(watching.join().unwrap(), (None, None));
    assert_eq!(polls(&server), before + 1);
}

#[test]
fn items_stopped_before_they_begin_send_nothing() {
    let (server, client) = demo();
    let cursor = client.cursor_now().unwrap();
    let before = polls(&server);
    let mut events = client.watch(cursor, WatchOptions::default());
    events.stop_handle().stop();
    assert_eq!(events.next(), None);
    assert_eq!(polls(&server), before);
    let snapshot = server.with(|service| service.snapshot(SystemTime::now().into()));
    assert!(!snapshot.requests.contains_key("/sub"), "nor a handshake");
}

#[test]
fn a_stop_waits_for_the_answer_to_a_request() {
    let (_server, elsewhere) = demo();
    let cursor = elsewhere.cursor_now().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Without a uid: it learns that from the answer.
    let client = client(listener.local_addr().unwrap(), "SESSDATA=x; bili_jct=y");
    let mut events = client.watch(cursor, WatchOptions::default().with_push(false));
    let stop = events.stop_handle();
    let (ended, end) = mpsc::channel();
    let watching = thread::spawn(move || {
        let event = events.next();
        ended.send(()).unwrap();
        event
    });
    let (mut stream, _) = listener.accept().unwrap();
    read_request(&mut stream).unwrap();
    stop.stop();
    assert_eq!(end.try_recv(), Err(mpsc::TryRecvError::Empty));
    let body = answers::nav(OWN_UID, 1).into_body();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    assert_eq!(watching.join().unwrap(), None);
    assert_eq!(client.account().uid(), Some(Uid(OWN_UID)));
}
