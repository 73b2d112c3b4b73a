//! What the HTTP clients write to the log, at its most talkative, while secrets go over the wire:
//! the adapters' pages say which targets to keep off.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::{
    collections::BTreeSet,
    fmt::{self, Write},
    mem,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bili_im_proto::{
    Account, Credential, Hosts, PushEvent, QrGenerate, QrPoll, QrState, SendMsg, SingleUnread,
    Text, Uid, UploadBfs,
};
use bili_im_sim::{
    World,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{
    Adapter, Authority, DEMO_FRIEND, DEMO_UID, Live,
    faults::http,
    marks::{self, Marks},
    tls_without_roots,
};
use tracing::span;

/// A line of the log: the crate or module and the level, and what it says.
type Line = (String, String);

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

fn note(target: &str, level: impl fmt::Display, text: String) {
    LINES
        .lock()
        .unwrap()
        .push((format!("{target} at {level}"), text));
}

/// Takes what goes through `log`.
struct Log;

/// Whether the log keeps to what the pages advise.
static IS_CAPPED: AtomicBool = AtomicBool::new(false);

impl log::Log for Log {
    fn enabled(&self, line: &log::Metadata<'_>) -> bool {
        let root = line.target().split("::").next().unwrap_or_default();
        let is_unwise = matches!(root, "ureq" | "ureq_proto" | "tungstenite")
            && line.level() == log::Level::Trace;
        !(is_unwise && IS_CAPPED.load(Ordering::Relaxed))
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            note(record.target(), record.level(), record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Takes what goes through `tracing`.
struct Trace;

impl tracing::Subscriber for Trace {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        note(span.metadata().target(), span.metadata().level(), fields.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        note("a span", "any level", fields.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        note(
            event.metadata().target(),
            event.metadata().level(),
            fields.0,
        );
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

/// A world whose first account has the marked login.
fn world() -> (World, Credential) {
    let mut world = World::demo();
    let account = world.accounts.first_mut().unwrap();
    account.sessdata = marks::SESSDATA.to_owned();
    account.bili_jct = marks::BILI_JCT.to_owned();
    let cookie = format!("{}; sid={}", account.cookie(), marks::SID);
    (world, Credential::parse(&cookie).unwrap())
}

const FRIEND: Uid = Uid(DEMO_FRIEND);

/// Makes every exchange that carries a secret, with and without failures. Returns the secrets.
fn everything(adapter: &Adapter, live: &Live) -> Marks {
    adapter.send_text(FRIEND.into(), "hello").unwrap();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x58\0\0\x01\x90\x08\x02\0\0\0\0\0\0\0";
    adapter.call(UploadBfs::new(png.to_vec()).unwrap()).unwrap();

    assert_eq!(adapter.first_push(), Some(PushEvent::Live));

    let code = adapter.call(QrGenerate).unwrap();
    live.with(|service, now| {
        let own = bili_im_sim::Uid(DEMO_UID);
        service.scan_qr(None, own, now).unwrap();
        service.confirm_qr(None, own, now).unwrap();
    });
    let state = adapter.call(QrPoll::new(code.key.clone())).unwrap();
    let QrState::Done(login) = state else {
        panic!("{state:?}");
    };

    let cut = Rule::new("any", When::Nth(1), Kind::CutShort { bytes: 3 }).after_effect();
    for rule in [
        cut,
        Rule::new("any", When::Always, http(302)),
        Rule::new("any", When::Always, http(502)),
        Rule::new("any", When::Always, Kind::Html),
        Rule::new("any", When::Always, Kind::BreakOff),
    ] {
        live.fault(rule);
        let text = Text::new("hello").unwrap();
        adapter.call(SingleUnread::new()).unwrap_err();
        let _may_be_cut = adapter.call(SendMsg::new(FRIEND, text));
        let _may_be_cut = adapter.call(QrPoll::new(code.key.clone()));
        let event = adapter.first_push().unwrap();
        note("push", "what happens", format!("{event:?}"));
        live.with(|service, _| service.clear_faults());
    }
    let cookie = login.credential.expose();
    let of = |name: &str| {
        let pair = cookie.split("; ").find(|pair| pair.starts_with(name));
        pair.and_then(|pair| pair.split_once('=')).unwrap().1
    };
    Marks::new([
        ("SESSDATA", marks::SESSDATA),
        ("bili_jct", marks::BILI_JCT),
        ("sid", marks::SID),
        ("the key of the QR code", code.key.expose()),
        ("the new SESSDATA", of("SESSDATA=")),
        ("the new bili_jct", of("bili_jct=")),
        ("the new sid", of("sid=")),
        ("the refresh token", login.refresh_token.expose()),
    ])
}

/// Who shows a secret in the log while everything is done.
fn leaks(live: &Live, adapter: &Adapter) -> Vec<String> {
    LINES.lock().unwrap().clear();
    let marks = everything(adapter, live);
    let lines = mem::take(&mut *LINES.lock().unwrap());
    assert!(!lines.is_empty(), "{}", adapter.name());
    let leaking = (lines.into_iter()).filter(|(_, text)| marks.find(text.as_bytes()).is_some());
    let targets: BTreeSet<String> = leaking.map(|(target, _)| target).collect();
    targets.into_iter().collect()
}

/// The service in plain text and inside TLS, each with its adapters.
fn stages() -> [(Live, [Adapter; 2]); 2] {
    let (world, credential) = world();
    let plain = Live::of(world.clone());
    let over_plain = Adapter::both(&credential, &plain.origin).unwrap();
    let authority = Authority::new().unwrap();
    let secure = Live::secure(world, authority.vouch_for("localhost").unwrap());
    let over_tls = Adapter::trusting(&authority, &credential, &secure.origin).unwrap();
    [(plain, over_plain), (secure, over_tls)]
}

/// A client of the user's own with verbose logging.
fn verbose(live: &Live) -> Adapter {
    let http = reqwest::Client::builder()
        .no_proxy()
        .connection_verbose(true)
        .tls_backend_preconfigured(tls_without_roots().unwrap())
        .build()
        .unwrap();
    let (_, credential) = world();
    let hosts = Hosts::single(live.origin.clone());
    let account = Account::builder(credential, [0; 24]).hosts(hosts);
    Adapter::reqwest(|| bili_im_reqwest::Client::from_client(account.build(), http)).unwrap()
}

// One test, since the log is the whole process's. Should a list here change, the pages of the
// adapters have to change with it.
#[test]
fn only_the_log_targets_named_in_the_docs_show_secrets() {
    log::set_logger(&Log).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    tracing::subscriber::set_global_default(Trace).unwrap();
    for (live, [ureq, reqwest]) in &stages() {
        let of_ureq = [
            "tungstenite::handshake::client at TRACE",
            "ureq::run at DEBUG",
            "ureq_proto::util at TRACE",
        ];
        IS_CAPPED.store(false, Ordering::Relaxed);
        assert_eq!(leaks(live, ureq), of_ureq);
        assert_eq!(leaks(live, reqwest), [""; 0]);
        IS_CAPPED.store(true, Ordering::Relaxed);
        assert_eq!(leaks(live, ureq), [""; 0]);
    }
    let [(live, _), _] = stages();
    let of_verbose = ["reqwest::connect::verbose at TRACE"];
    assert_eq!(leaks(&live, &verbose(&live)), of_verbose);
}
