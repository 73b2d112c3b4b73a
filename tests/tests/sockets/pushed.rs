//! Watches of both adapters that are told of news by push. Their polls are a day apart.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use bili_im_proto::{Account, EventKind, Hosts, WatchOptions};
use bili_im_sim::{
    World,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{
    Adapter, Authority, DEMO_FRIEND, DEMO_UID, Live, demo_login, faults::http, tls_without_roots,
};
use rustls::{RootCertStore, client::WebPkiServerVerifier};
use ureq::tls::RootCerts;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Longer than anything here takes: what does not come until then never comes.
const PATIENCE: Duration = Duration::from_secs(120);

fn both(live: &Live) -> [Adapter; 2] {
    Adapter::both(&demo_login(), &live.origin).unwrap()
}

/// A service inside TLS, and adapters that trust it.
fn secure() -> (Live, Authority, [Adapter; 2]) {
    let authority = Authority::new().unwrap();
    let config = authority.vouch_for("localhost").unwrap();
    let live = Live::secure(World::demo(), config);
    let adapters = Adapter::trusting(&authority, &demo_login(), &live.origin);
    (live, authority, adapters.unwrap())
}

/// Watches in a thread until a watch is told of this text or a poll can tell no more. Gives what
/// happens, in words.
fn watch(adapter: Adapter, options: WatchOptions) -> Receiver<String> {
    let (tell, told) = channel();
    let (begin, begun) = channel();
    let take = move |event: bili_im_proto::Event| {
        let word = match event.kind {
            EventKind::Message { message, .. } => message.content().summary(),
            EventKind::PushLive => "live".to_owned(),
            EventKind::PushLost { .. } => "asks".to_owned(),
            other => format!("{other:?}"),
        };
        let is_last = word == "the last";
        tell.send(word).is_ok() && !is_last
    };
    thread::spawn(move || match adapter {
        Adapter::Ureq(client) => {
            let cursor = client.cursor_now().unwrap();
            begin.send(()).unwrap();
            let mut events = client.watch(cursor, options);
            while take(events.next().unwrap().unwrap()) {}
        }
        Adapter::Reqwest(client, runtime) => runtime.block_on(async {
            let cursor = client.cursor_now().await.unwrap();
            begin.send(()).unwrap();
            let mut events = client.watch(cursor, options);
            while take(events.next().await.unwrap().unwrap()) {}
        }),
    });
    begun.recv_timeout(PATIENCE).unwrap();
    told
}

fn next(told: &Receiver<String>) -> String {
    told.recv_timeout(PATIENCE).unwrap()
}

fn connections(live: &Live) -> usize {
    let accounts = live.snapshot().accounts;
    let own = accounts.iter().find(|account| account.uid.0 == DEMO_UID);
    own.unwrap().push_connections
}

/// Watches that poll once a day.
fn seldom() -> WatchOptions {
    WatchOptions::default().with_interval(A_DAY)
}

/// Messages are told, and the connection is closed after the last.
fn check_told_at_once(live: &Live, adapter: Adapter) {
    let told = watch(adapter, seldom());
    assert_eq!(next(&told), "live");
    for text in ["one", "two", "the last"] {
        live.write(DEMO_FRIEND, text);
        assert_eq!(next(&told), text);
    }
    assert!(told.recv().is_err(), "the watch is over");
    while connections(live) > 0 {
        thread::yield_now();
    }
}

#[test]
fn messages_are_told_although_nobody_polls() {
    let live = Live::demo();
    for adapter in both(&live) {
        check_told_at_once(&live, adapter);
    }
}

#[test]
fn messages_are_told_inside_tls() {
    let (live, _, adapters) = secure();
    for adapter in adapters {
        check_told_at_once(&live, adapter);
    }
}

fn check_opened_again(live: &Live, adapter: Adapter, kind: &Kind) {
    let name = adapter.name();
    let told = watch(adapter, seldom());
    assert_eq!(next(&told), "live", "{name}");
    live.fault(Rule::new("WatchNotify", When::Once, kind.clone()));
    live.write(DEMO_FRIEND, "lost");
    // In which order depends on a poll that may be under way.
    let mut words = [next(&told), next(&told), next(&told)];
    words.sort();
    let all = ["asks", "live", "lost"];
    assert_eq!(words, all, "{name}, {kind:?}");
    live.write(DEMO_FRIEND, "the last");
    assert_eq!(next(&told), "the last");
}

#[test]
fn a_lost_connection_is_opened_again() {
    // At the same time, since each waits some seconds before it connects again.
    thread::scope(|scope| {
        for kind in [Kind::Close, Kind::BreakOff, Kind::Garbage] {
            for nth in 0..2 {
                let kind = kind.clone();
                scope.spawn(move || {
                    let live = Live::demo();
                    let [ureq, reqwest] = both(&live);
                    let adapter = if nth == 0 { ureq } else { reqwest };
                    check_opened_again(&live, adapter, &kind);
                });
            }
        }
    });
}

/// How many heartbeats came.
fn heartbeats(live: &Live) -> u64 {
    live.with(|service, _| service.faults()[0].seen)
}

#[test]
fn a_connection_on_which_nothing_happens_lives_on() {
    let plain = Live::demo();
    let (secure, _, over_tls) = secure();
    let mut watches = Vec::new();
    for (live, adapters) in [(&plain, both(&plain)), (&secure, over_tls)] {
        // A fault that never comes counts the heartbeats.
        live.fault(Rule::new("Heartbeat", When::Nth(1000), Kind::Close));
        watches.extend(adapters.map(|adapter| (live, watch(adapter, seldom()))));
    }
    for (_, told) in &watches {
        assert_eq!(next(told), "live");
    }
    // Two of each watch: the first was answered, or there would be no second.
    while heartbeats(&plain) < 4 || heartbeats(&secure) < 4 {
        thread::sleep(Duration::from_millis(100));
    }
    for (live, told) in &watches {
        live.write(DEMO_FRIEND, "the last");
        assert_eq!(next(told), "the last");
    }
}

#[test]
fn without_push_the_service_is_asked() {
    let live = Live::demo();
    live.fault(Rule::new("sub", When::Always, http(403)));
    for adapter in both(&live) {
        let told = watch(adapter, WatchOptions::default());
        assert_eq!(next(&told), "asks");
        live.write(DEMO_FRIEND, "the last");
        assert_eq!(next(&told), "the last");
    }
}

#[test]
fn a_watch_that_wants_no_push_opens_no_connection() {
    let live = Live::demo();
    for adapter in both(&live) {
        let told = watch(adapter, WatchOptions::default().with_push(false));
        live.write(DEMO_FRIEND, "the last");
        assert_eq!(next(&told), "the last");
    }
    assert_eq!(live.requests("/sub"), 0);
}

/// A proxy that carries whatever it is asked to connect to, and counts that.
fn proxy() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            let target = first.split(' ').nth(1).unwrap().to_owned();
            assert!(first.starts_with("CONNECT "), "{first}");
            while !lines.next().unwrap().unwrap().is_empty() {}
            counter.fetch_add(1, Ordering::Relaxed);
            let server = TcpStream::connect(target).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                thread::spawn(move || {
                    let _ended = io::copy(&mut from, &mut to);
                    let _gone = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    (at, asked)
}

#[test]
fn push_takes_the_proxy_that_requests_take() {
    let (live, authority, _) = secure();
    let (proxy, asked) = proxy();
    let proxy = format!("http://{proxy}");
    let account = || {
        let hosts = Hosts::single(live.origin.clone());
        Account::builder(demo_login(), [1; 24]).hosts(hosts).build()
    };

    let root = ureq::tls::Certificate::from_der(&authority.der()).to_owned();
    let tls = ureq::tls::TlsConfig::builder().root_certs(RootCerts::from([root]));
    let agent = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .proxy(Some(ureq::Proxy::new(&proxy).unwrap()))
        .http_status_as_error(false)
        .build();
    let ureq = bili_im_ureq::Client::from_agent(account(), agent.into());

    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let mut tls = tls_without_roots().unwrap();
    let verifier = WebPkiServerVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    tls.dangerous().set_certificate_verifier(verifier);
    let reqwest = Adapter::reqwest(|| {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .proxy(reqwest::Proxy::all(&proxy).unwrap());
        bili_im_reqwest::Client::from_client(account(), http.build().unwrap())
    });
    for adapter in [Adapter::Ureq(ureq), reqwest.unwrap()] {
        let before = asked.load(Ordering::Relaxed);
        let told = watch(adapter, seldom());
        assert_eq!(next(&told), "live");
        assert!(asked.load(Ordering::Relaxed) >= before + 2, "one is push");
        live.write(DEMO_FRIEND, "the last");
        assert_eq!(next(&told), "the last");
    }
}
