//! The blocking adapter's items, stopped from another thread.

use std::{io::Write, net::TcpListener, sync::mpsc, thread, time::Duration};

use bili_im_proto::{Credential, Origin, Uid, WatchOptions};
use bili_im_tests::{Live, OWN_UID, answers, demo_login, peer::read_request};
use bili_im_ureq::Client;

fn client(origin: Origin, login: Credential) -> Client {
    Client::builder(login).endpoint(origin).build()
}

fn demo() -> (Live, Client) {
    let live = Live::demo();
    let client = client(live.origin.clone(), demo_login());
    (live, client)
}

fn polls(live: &Live) -> u64 {
    live.requests("/new_sessions")
}

#[test]
fn a_stop_wakes_a_sleeping_watch_for_good() {
    let (live, client) = demo();
    let cursor = client.cursor_now().unwrap();
    let before = polls(&live);
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
    while polls(&live) == before {
        thread::yield_now();
    }
    stop.stop();
    assert_eq!(watching.join().unwrap(), (None, None));
    assert_eq!(polls(&live), before + 1);
}

#[test]
fn items_stopped_before_they_begin_send_nothing() {
    let (live, client) = demo();
    let cursor = client.cursor_now().unwrap();
    let before = polls(&live);
    let mut events = client.watch(cursor, WatchOptions::default());
    events.stop_handle().stop();
    assert_eq!(events.next(), None);
    assert_eq!(polls(&live), before);
    assert_eq!(live.requests("/sub"), 0, "nor a handshake");
}

#[test]
fn a_stop_waits_for_the_answer_to_a_request() {
    let (_live, elsewhere) = demo();
    let cursor = elsewhere.cursor_now().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Without a uid: it learns that from the answer.
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let login = Credential::parse("SESSDATA=x; bili_jct=y").unwrap();
    let client = client(origin.parse().unwrap(), login);
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
