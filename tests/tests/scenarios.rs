//! The same conversations over every transport: in process, async, blocking, and the program.
//!
//! What came of each is written in `docs/scenarios.md`, which this test keeps true.
//! `cargo xtask docs` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

use std::{
    cell::RefCell,
    convert::Infallible,
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use bili_im_proto::{
    Account, Credential, Error, Flow, Hosts, Image, MsgKey, Origin, RefusalKind, SendContent,
    SingleUnread, Talker, Text,
};
use bili_im_sim::{
    Server, Service, Snapshot, World,
    faults::{Kind, PageBody, Rule, VoucherPlace, When},
};
use bili_im_tests::{Running, Timeline, program};

const OWN: u64 = 10001;
const FRIEND: u64 = 10002;
const STRANGER: u64 = 10003;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Action {
    Profile,
    Unread,
    Text(u64, &'static str),
    Image(u64),
    /// Sends a text, then recalls it.
    Recall(u64),
    /// Recalls what is not there.
    RecallNothing,
}

/// What came of it, as far as every transport can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Invalid,
    Refused(RefusalKind),
    Unreadable,
    Network,
    Unconfirmed,
}

struct Scenario {
    name: String,
    faults: Vec<Rule>,
    actions: Vec<Action>,
    /// Of the last action; those before it are done.
    outcome: Outcome,
    /// How many messages there are in the end that were not there before, recalls apart.
    messages: usize,
}

/// A way to the service.
trait Transport {
    fn name(&self) -> &'static str;
    fn act(&self, action: Action) -> Result<Option<MsgKey>, Outcome>;
}

fn now() -> bili_im_sim::UnixMicros {
    std::time::SystemTime::now().into()
}

fn credential() -> Credential {
    Credential::parse(&cookie()).unwrap()
}

fn cookie() -> String {
    format!("SESSDATA=sim-{OWN}; bili_jct={OWN:032}; DedeUserID={OWN}")
}

fn image() -> Image {
    Image::new("https://i0.hdslb.com/bfs/album/x.jpg").unwrap()
}

fn outcome(error: &Error) -> Outcome {
    match error {
        Error::Invalid(_) => Outcome::Invalid,
        Error::Unreadable(_) => Outcome::Unreadable,
        Error::Transport(_) => Outcome::Network,
        Error::NotSent(not_sent) => outcome(&not_sent.cause),
        Error::Unconfirmed(_) => Outcome::Unconfirmed,
        other => Outcome::Refused(other.kind().unwrap()),
    }
}

/// The flows over no socket at all: requests are handed to the service as values.
struct InProcess<'a> {
    server: &'a Server,
    account: Account,
    time: RefCell<Timeline>,
}

impl<'a> InProcess<'a> {
    fn new(server: &'a Server, origin: Origin) -> Self {
        let hosts = Hosts::single(origin);
        let account = Account::builder(credential(), [1; 24]).hosts(hosts).build();
        let time = RefCell::new(Timeline::new(now().0 / 1_000_000));
        Self {
            server,
            account,
            time,
        }
    }

    fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        let mut time = self.time.borrow_mut();
        (self.server).with(|service| Running::new(flow).finish(&mut time, service))
    }

    fn send(&self, uid: u64, content: impl Into<SendContent>) -> Result<Option<MsgKey>, Error> {
        let sent = self.run(self.account.send(Talker::user(uid), content))?;
        Ok(Some(sent.msg_key))
    }
}

impl Transport for InProcess<'_> {
    fn name(&self) -> &'static str {
        "in process"
    }

    fn act(&self, action: Action) -> Result<Option<MsgKey>, Outcome> {
        let text = |text| Text::new(text).map_err(Error::from);
        match action {
            Action::Profile => self.run(self.account.profile()).map(|_| None),
            Action::Unread => self
                .run(self.account.call(SingleUnread::new()))
                .map(|_| None),
            Action::Text(uid, content) => text(content).and_then(|text| self.send(uid, text)),
            Action::Image(uid) => self.send(uid, image()),
            Action::Recall(uid) => text("gone soon")
                .and_then(|text| self.send(uid, text))
                .and_then(|key| self.run(self.account.recall(Talker::user(uid), key.unwrap())))
                .map(|()| None),
            Action::RecallNothing => self
                .run(self.account.recall(Talker::user(FRIEND), MsgKey(7)))
                .map(|()| None),
        }
        .map_err(|error| outcome(&error))
    }
}

struct Blocking(bili_im_ureq::Client);

impl Transport for Blocking {
    fn name(&self) -> &'static str {
        "ureq"
    }

    fn act(&self, action: Action) -> Result<Option<MsgKey>, Outcome> {
        let client = &self.0;
        match action {
            Action::Profile => client.profile().map(|_| None),
            Action::Unread => client.unread().map(|_| None),
            Action::Text(uid, text) => client
                .send_text(Talker::user(uid), text)
                .map(|sent| Some(sent.msg_key)),
            Action::Image(uid) => client
                .send_image(Talker::user(uid), image())
                .map(|sent| Some(sent.msg_key)),
            Action::Recall(uid) => client
                .send_text(Talker::user(uid), "gone soon")
                .and_then(|sent| client.recall(Talker::user(uid), sent.msg_key))
                .map(|()| None),
            Action::RecallNothing => client
                .recall(Talker::user(FRIEND), MsgKey(7))
                .map(|()| None),
        }
        .map_err(|error| outcome(&error))
    }
}

struct Async {
    client: bili_im_reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Transport for Async {
    fn name(&self) -> &'static str {
        "reqwest"
    }

    fn act(&self, action: Action) -> Result<Option<MsgKey>, Outcome> {
        let client = &self.client;
        self.runtime
            .block_on(async {
                match action {
                    Action::Profile => client.profile().await.map(|_| None),
                    Action::Unread => client.unread().await.map(|_| None),
                    Action::Text(uid, text) => client
                        .send_text(Talker::user(uid), text)
                        .await
                        .map(|sent| Some(sent.msg_key)),
                    Action::Image(uid) => client
                        .send_image(Talker::user(uid), image())
                        .await
                        .map(|sent| Some(sent.msg_key)),
                    Action::Recall(uid) => {
                        match client.send_text(Talker::user(uid), "gone soon").await {
                            Ok(sent) => client.recall(Talker::user(uid), sent.msg_key).await,
                            Err(error) => Err(error),
                        }
                        .map(|()| None)
                    }
                    Action::RecallNothing => client
                        .recall(Talker::user(FRIEND), MsgKey(7))
                        .await
                        .map(|()| None),
                }
            })
            .map_err(|error| outcome(&error))
    }
}

/// The program, a process for each action.
struct Program {
    origin: Origin,
    state: tempfile::TempDir,
}

impl Program {
    fn run(&self, arguments: &[&str]) -> Result<serde_json::Value, Outcome> {
        let output = Command::new(program())
            .arg("--json")
            .args(arguments)
            .env("BILI_IM_ENDPOINT", self.origin.to_string())
            .env("BILI_IM_COOKIE", cookie())
            .env("BILI_IM_STATE_DIR", self.state.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let code = output.status.code().unwrap();
        if code == 0 {
            return Ok(serde_json::from_slice(&output.stdout).unwrap_or_default());
        }
        let stderr = String::from_utf8(output.stderr).unwrap();
        let told: serde_json::Value =
            serde_json::from_str(stderr.lines().last().unwrap_or_default())
                .unwrap_or_else(|error| panic!("{error}: {stderr}"));
        let kind = told["error"]["kind"].as_str().unwrap().to_owned();
        let outcome = match &*kind {
            "Usage" => Outcome::Invalid,
            "Unreadable" => Outcome::Unreadable,
            "Network" => Outcome::Network,
            "Unconfirmed" => Outcome::Unconfirmed,
            kind => Outcome::Refused(
                KINDS
                    .into_iter()
                    .find(|known| known.name() == kind)
                    .unwrap_or_else(|| panic!("{stderr}")),
            ),
        };
        let expected = match outcome {
            Outcome::Invalid => 2,
            Outcome::Refused(RefusalKind::NotLoggedIn) => 3,
            Outcome::Refused(RefusalKind::RateLimited | RefusalKind::RiskControl) => 5,
            Outcome::Refused(_) => 4,
            Outcome::Network => 6,
            Outcome::Unconfirmed => 7,
            _ => 1,
        };
        assert_eq!(code, expected, "{stderr}");
        Err(outcome)
    }

    fn send(&self, arguments: &[&str]) -> Result<Option<MsgKey>, Outcome> {
        let answer = self.run(arguments)?;
        Ok(Some(answer["msg_key"].as_str().unwrap().parse().unwrap()))
    }
}

impl Transport for Program {
    fn name(&self) -> &'static str {
        "bili-im"
    }

    fn act(&self, action: Action) -> Result<Option<MsgKey>, Outcome> {
        match action {
            Action::Profile => self.run(&["whoami"]).map(|_| None),
            // `unread` asks for groups too; only the first question counts here.
            Action::Unread => self.run(&["unread"]).map(|_| None),
            Action::Text(uid, text) => self.send(&["send", &uid.to_string(), text]),
            Action::Image(uid) => self.send(&["send-image", &uid.to_string(), image().url()]),
            Action::Recall(uid) => {
                let uid = uid.to_string();
                let key = self.send(&["send", &uid, "gone soon"])?.unwrap();
                self.run(&["recall", &uid, &key.to_string()]).map(|_| None)
            }
            Action::RecallNothing => self
                .run(&["recall", &FRIEND.to_string(), "7"])
                .map(|_| None),
        }
    }
}

const KINDS: [RefusalKind; 24] = [
    RefusalKind::NotLoggedIn,
    RefusalKind::Csrf,
    RefusalKind::BadRequest,
    RefusalKind::Forbidden,
    RefusalKind::NotFound,
    RefusalKind::RiskControl,
    RefusalKind::RateLimited,
    RefusalKind::Service,
    RefusalKind::AccountBanned,
    RefusalKind::PhoneRequired,
    RefusalKind::RealNameRequired,
    RefusalKind::NoSuchMessage,
    RefusalKind::TooLong,
    RefusalKind::ToSelf,
    RefusalKind::Unavailable,
    RefusalKind::BadImage,
    RefusalKind::RecallExpired,
    RefusalKind::AlreadyRecalled,
    RefusalKind::StrangerLimit,
    RefusalKind::RefusedByReceiver,
    RefusalKind::Blocked,
    RefusalKind::GroupGone,
    RefusalKind::NoSuchSession,
    RefusalKind::Other,
];

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}

fn http(status: u16, body: PageBody) -> Kind {
    Kind::Http {
        status,
        body,
        retry_after: None,
    }
}

fn once(what: &str, kind: Kind) -> Rule {
    Rule::new(what, When::Once, kind)
}

fn scenarios() -> Vec<Scenario> {
    let text = Action::Text(FRIEND, "hello");
    let refused = Outcome::Refused;
    let mut list = Vec::new();
    let mut add = |name: &str, faults: Vec<Rule>, actions: Vec<Action>, outcome, messages| {
        list.push(Scenario {
            name: name.to_owned(),
            faults,
            actions,
            outcome,
            messages,
        });
    };

    add("who am I", vec![], vec![Action::Profile], Outcome::Done, 0);
    add("unread", vec![], vec![Action::Unread], Outcome::Done, 0);
    add("a text", vec![], vec![text], Outcome::Done, 1);
    let odd = Action::Text(FRIEND, "up主你好,\n\"催更\"\\[doge] 👋");
    add(
        "a text with everything in it",
        vec![],
        vec![odd],
        Outcome::Done,
        1,
    );
    add(
        "the same text twice",
        vec![],
        vec![text, text],
        Outcome::Done,
        2,
    );
    add(
        "an image",
        vec![],
        vec![Action::Image(FRIEND)],
        Outcome::Done,
        1,
    );
    add(
        "a recall",
        vec![],
        vec![Action::Recall(FRIEND)],
        Outcome::Done,
        1,
    );
    let nothing = vec![Action::RecallNothing];
    add(
        "a recall of nothing",
        vec![],
        nothing,
        refused(RefusalKind::NoSuchMessage),
        0,
    );
    let stranger = Action::Text(STRANGER, "hello");
    add(
        "a first text to a stranger",
        vec![],
        vec![stranger],
        Outcome::Done,
        1,
    );
    let limit = refused(RefusalKind::StrangerLimit);
    add(
        "a second text to a stranger",
        vec![],
        vec![stranger, stranger],
        limit,
        1,
    );
    let own = vec![Action::Text(OWN, "hello")];
    add("a text to oneself", vec![], own, Outcome::Invalid, 0);
    let nobody = vec![Action::Text(0, "hello")];
    add("a text to nobody", vec![], nobody, Outcome::Invalid, 0);
    let empty = vec![Action::Text(FRIEND, "")];
    add("an empty text", vec![], empty, Outcome::Invalid, 0);

    let send = |kind| once("send_msg", kind);
    for (name, kind, outcome) in [
        ("the answer is lost", Kind::BreakOff, Outcome::Done),
        (
            "the answer is cut short",
            Kind::CutShort { bytes: 20 },
            Outcome::Done,
        ),
        ("the answer is HTML", Kind::Html, Outcome::Done),
        ("the answer is empty", Kind::Empty, Outcome::Done),
        (
            "the answer is 502",
            http(502, PageBody::Html),
            Outcome::Done,
        ),
        ("the answer is -500", code(-500), Outcome::Done),
        ("the answer is -503", code(-503), Outcome::Done),
        ("the answer is -504", code(-504), Outcome::Done),
        ("the answer is -8888", code(-8888), Outcome::Done),
    ] {
        let name = format!("a text was sent, {name}");
        add(
            &name,
            vec![send(kind).after_effect()],
            vec![text],
            outcome,
            1,
        );
    }
    for (name, kind) in [
        ("the connection breaks", Kind::BreakOff),
        ("the answer is HTML", Kind::Html),
        ("the answer is empty", Kind::Empty),
        ("the answer is 502", http(502, PageBody::Json)),
        ("the answer is -500", code(-500)),
    ] {
        let name = format!("a text was not sent, {name}");
        add(&name, vec![send(kind)], vec![text], Outcome::Unconfirmed, 0);
    }
    add(
        "the second of two like texts loses its answer",
        vec![Rule::new("send_msg", When::Nth(2), Kind::BreakOff).after_effect()],
        vec![text, text],
        Outcome::Done,
        2,
    );
    add(
        "a text was sent, its answer and the first read-back are lost",
        vec![
            send(Kind::BreakOff).after_effect(),
            Rule::new("fetch_session_msgs", When::Nth(2), Kind::BreakOff),
        ],
        vec![text],
        Outcome::Done,
        1,
    );
    add(
        "a recall was made, the answer is lost",
        vec![Rule::new("send_msg", When::Nth(2), Kind::BreakOff).after_effect()],
        vec![Action::Recall(FRIEND)],
        Outcome::Done,
        1,
    );
    add(
        "a recall was not made, the connection breaks",
        vec![Rule::new("send_msg", When::Nth(2), Kind::BreakOff)],
        vec![Action::Recall(FRIEND)],
        Outcome::Done,
        1,
    );
    add(
        "the keys change before a second text is old enough to doubt them",
        vec![Rule::new("send_msg", When::Nth(2), Kind::RotateKeys)],
        vec![text, text],
        refused(RefusalKind::RiskControl),
        1,
    );
    add(
        "the service's clock is an hour ahead",
        vec![once("any", Kind::Skew { seconds: 3600 })],
        vec![text],
        Outcome::Done,
        1,
    );
    add(
        "the service's clock is an hour behind",
        vec![once("any", Kind::Skew { seconds: -3600 })],
        vec![text],
        Outcome::Done,
        1,
    );
    for (name, place) in [
        ("body", VoucherPlace::Body),
        ("code", VoucherPlace::Code),
        ("header", VoucherPlace::Header),
    ] {
        let risk = refused(RefusalKind::RiskControl);
        let name = format!("a voucher in the {name}");
        add(
            &format!("{name} for a text"),
            vec![send(Kind::Voucher(place))],
            vec![text],
            risk,
            0,
        );
        let unread = vec![once("single_unread", Kind::Voucher(place))];
        add(
            &format!("{name} for unread"),
            unread,
            vec![Action::Unread],
            risk,
            0,
        );
    }
    for (status, kind) in [
        (401, RefusalKind::NotLoggedIn),
        (412, RefusalKind::RiskControl),
        (429, RefusalKind::RateLimited),
    ] {
        for body in [PageBody::Html, PageBody::Json] {
            let name = format!("HTTP {status} for a text, {body:?}").to_lowercase();
            add(
                &name,
                vec![send(http(status, body))],
                vec![text],
                refused(kind),
                0,
            );
        }
    }
    let unread = |kind| vec![once("single_unread", kind)];
    for (name, kind, outcome) in [
        ("HTML", Kind::Html, Outcome::Unreadable),
        ("nothing", Kind::Empty, Outcome::Unreadable),
        (
            "502",
            http(502, PageBody::Html),
            refused(RefusalKind::Service),
        ),
        ("a broken connection", Kind::BreakOff, Outcome::Network),
    ] {
        let name = format!("unread is answered with {name}");
        add(&name, unread(kind), vec![Action::Unread], outcome, 0);
    }
    for (number, kind) in [
        (-101, RefusalKind::NotLoggedIn),
        (-6, RefusalKind::NotLoggedIn),
        (-401, RefusalKind::NotLoggedIn),
        (-111, RefusalKind::Csrf),
        (-400, RefusalKind::BadRequest),
        (2, RefusalKind::BadRequest),
        (-403, RefusalKind::Forbidden),
        (-404, RefusalKind::NotFound),
        (-352, RefusalKind::RiskControl),
        (-412, RefusalKind::RiskControl),
        (-509, RefusalKind::RateLimited),
        (-799, RefusalKind::RateLimited),
        (21020, RefusalKind::RateLimited),
        (21046, RefusalKind::RateLimited),
        (-3, RefusalKind::Service),
        (-112, RefusalKind::Service),
        (-102, RefusalKind::AccountBanned),
        (-106, RefusalKind::Forbidden),
        (-108, RefusalKind::PhoneRequired),
        (-110, RefusalKind::PhoneRequired),
        (-114, RefusalKind::PhoneRequired),
        (21015, RefusalKind::PhoneRequired),
        (-113, RefusalKind::RealNameRequired),
        (-115, RefusalKind::RealNameRequired),
        (10005, RefusalKind::NoSuchMessage),
        (21007, RefusalKind::TooLong),
        (21026, RefusalKind::ToSelf),
        (21028, RefusalKind::Unavailable),
        (21035, RefusalKind::Unavailable),
        (21037, RefusalKind::BadImage),
        (21041, RefusalKind::RecallExpired),
        (21042, RefusalKind::AlreadyRecalled),
        (21047, RefusalKind::StrangerLimit),
        (25003, RefusalKind::RefusedByReceiver),
        (25005, RefusalKind::Blocked),
        (700013, RefusalKind::GroupGone),
        (700014, RefusalKind::GroupGone),
        (31415, RefusalKind::Other),
    ] {
        let name = format!("code {number} for a text");
        add(
            &name,
            vec![send(code(number))],
            vec![text],
            refused(kind),
            0,
        );
    }
    list
}

impl Outcome {
    fn told(self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Invalid => "not tried".to_owned(),
            Self::Refused(kind) => format!("refused: {}", kind.name()),
            Self::Unreadable => "unreadable".to_owned(),
            Self::Network => "network".to_owned(),
            Self::Unconfirmed => "unconfirmed".to_owned(),
        }
    }
}

fn play(scenario: &Scenario, transport: &str) -> (Outcome, usize) {
    let service = Service::new(World::demo(), now()).unwrap();
    let server = Server::start(service, "127.0.0.1:0".parse().unwrap()).unwrap();
    let origin: Origin = format!("http://{}", server.addr()).parse().unwrap();
    let transport: Box<dyn Transport> = match transport {
        "in process" => Box::new(InProcess::new(&server, origin)),
        "ureq" => Box::new(Blocking(
            bili_im_ureq::Client::builder(credential())
                .endpoint(origin)
                .build(),
        )),
        "reqwest" => Box::new(Async {
            client: bili_im_reqwest::Client::builder(credential())
                .endpoint(origin)
                .build(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }),
        _ => Box::new(Program {
            origin,
            state: tempfile::tempdir().unwrap(),
        }),
    };
    let own_messages = |server: &Server| {
        let snapshot: Snapshot = server.with(|service| service.snapshot(now()));
        let own = |message: &&bili_im_sim::MessageState| {
            message.from == bili_im_sim::Uid(OWN) && message.msg_type != 5
        };
        snapshot.messages.iter().filter(own).count()
    };
    let before = own_messages(&server);
    for fault in &scenario.faults {
        server
            .with(|service| service.add_fault(fault.clone()))
            .unwrap();
    }
    let mut last = Outcome::Done;
    let (&final_action, earlier) = scenario.actions.split_last().unwrap();
    let name = (&scenario.name, transport.name());
    for &action in earlier {
        assert!(transport.act(action).is_ok(), "{name:?}");
    }
    if let Err(outcome) = transport.act(final_action) {
        last = outcome;
    }
    (last, own_messages(&server) - before)
}

#[test]
fn every_transport_tells_the_same() {
    let transports = ["in process", "reqwest", "ureq", "bili-im"];
    let mut page = String::from(
        "# What comes of it, over every transport\n\n\
         The same conversations with the [simulated service](../crates/bili-im-sim/README.md), over the flows in process, the async\n\
         adapter, the blocking one, and the program. Each cell says what was reported and how many messages there were in the end. The\n\
         test `scenarios` plays them all and keeps this page true.\n\n| what happens |",
    );
    for transport in transports {
        write!(page, " {transport} |").unwrap();
    }
    page.push_str("\n|---|---|---|---|---|\n");
    let scenarios = scenarios();
    let all = &|transport| scenarios.iter().map(|s| play(s, transport)).collect();
    let played: Vec<Vec<(Outcome, usize)>> = thread::scope(|scope| {
        let threads = transports.map(|transport| scope.spawn(move || all(transport)));
        threads.map(|thread| thread.join().unwrap()).into()
    });
    let mut wrong = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        write!(page, "| {} |", scenario.name).unwrap();
        for (transport, played) in transports.iter().zip(&played) {
            let (outcome, messages) = played[index];
            write!(page, " {}, {messages} |", outcome.told()).unwrap();
            if (outcome, messages) != (scenario.outcome, scenario.messages) {
                wrong.push(format!(
                    "{} over {transport}: {}, {messages} instead of {}, {}",
                    scenario.name,
                    outcome.told(),
                    scenario.outcome.told(),
                    scenario.messages
                ));
            }
        }
        page.push('\n');
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{page}");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/scenarios.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written.replace("\r\n", "\n") == page,
        "docs/scenarios.md is not up to date: run cargo xtask docs"
    );
}
