//! How each scenario runs: in process, through an adapter, or by the program.

use std::{
    cell::RefCell,
    convert::Infallible,
    process::{Command, Stdio},
};

use bili_im_proto::{
    Account, Error, Flow, Hosts, Image, MsgKey, RefusalKind, SendContent, SingleUnread, Talker,
    Text, UnixMicros,
};
use bili_im_sim::World;
use bili_im_tests::{
    Adapter, DEMO_FRIEND, DEMO_UID, Live, Running, Timeline, codes::CODES, demo_login, program,
};

use crate::table::{Action, Outcome};

/// A way to the service.
pub(crate) trait Transport {
    fn act(&self, action: Action) -> Result<(), Outcome>;
}

const FRIEND: Talker = Talker::user(DEMO_FRIEND);

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

/// Runs flows without a socket: hands each request to the simulated service directly.
pub(crate) struct InProcess<'a> {
    live: &'a Live,
    account: Account,
    time: RefCell<Timeline>,
}

impl<'a> InProcess<'a> {
    pub(crate) fn new(live: &'a Live) -> Self {
        let hosts = Hosts::single(live.origin.clone());
        let account = Account::builder(demo_login(), [1; 24]).hosts(hosts).build();
        let now = UnixMicros::from(std::time::SystemTime::now());
        let time = RefCell::new(Timeline::new(now.seconds().0));
        Self {
            live,
            account,
            time,
        }
    }

    fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        let mut time = self.time.borrow_mut();
        (self.live).with(|service, _| Running::new(flow).finish(&mut time, service))
    }

    fn send(&self, uid: u64, content: impl Into<SendContent>) -> Result<MsgKey, Error> {
        let sent = self.run(self.account.send(Talker::user(uid), content))?;
        Ok(sent.msg_key)
    }

    fn send_text(&self, uid: u64, text: &str) -> Result<MsgKey, Error> {
        self.send(uid, Text::new(text)?)
    }
}

impl Transport for InProcess<'_> {
    fn act(&self, action: Action) -> Result<(), Outcome> {
        let account = &self.account;
        let result = match action {
            Action::Profile => self.run(account.profile()).map(drop),
            Action::Unread => self.run(account.call(SingleUnread::new())).map(drop),
            Action::Text(uid, text) => self.send_text(uid, text).map(drop),
            Action::Image(uid) => self.send(uid, image()).map(drop),
            Action::Recall(uid) => (self.send_text(uid, "gone soon"))
                .and_then(|key| self.run(account.recall(Talker::user(uid), key))),
            Action::RecallNothing => self.run(account.recall(FRIEND, MsgKey(7))),
        };
        result.map_err(|error| outcome(&error))
    }
}

impl Transport for Adapter {
    fn act(&self, action: Action) -> Result<(), Outcome> {
        let result = match action {
            Action::Profile => self.profile().map(drop),
            Action::Unread => self.unread().map(drop),
            Action::Text(uid, text) => self.send_text(Talker::user(uid), text).map(drop),
            Action::Image(uid) => self.send_image(Talker::user(uid), image()).map(drop),
            Action::Recall(uid) => {
                let to = Talker::user(uid);
                let sent = self.send_text(to, "gone soon");
                sent.and_then(|sent| self.recall(to, sent.msg_key))
            }
            Action::RecallNothing => self.recall(FRIEND, MsgKey(7)),
        };
        result.map_err(|error| outcome(&error))
    }
}

/// The program, a process for each action.
pub(crate) struct Program<'a> {
    live: &'a Live,
    state: tempfile::TempDir,
}

impl<'a> Program<'a> {
    pub(crate) fn new(live: &'a Live) -> Self {
        let state = tempfile::tempdir().unwrap();
        Self { live, state }
    }

    /// Runs a command. Returns the JSON that it prints.
    fn run(&self, arguments: &[&str]) -> Result<serde_json::Value, Outcome> {
        let output = Command::new(program())
            .arg("--json")
            .args(arguments)
            .env("BILI_IM_ENDPOINT", self.live.origin.to_string())
            .env(
                "BILI_IM_COOKIE",
                World::demo().account(DEMO_UID).unwrap().cookie(),
            )
            .env("BILI_IM_STATE_DIR", self.state.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let code = output.status.code().unwrap();
        if code == 0 {
            let stdout = String::from_utf8(output.stdout).unwrap();
            let json = serde_json::from_str(&stdout);
            return Ok(json.unwrap_or_else(|error| panic!("{error}: {stdout}")));
        }
        let stderr = String::from_utf8(output.stderr).unwrap();
        let report: serde_json::Value =
            serde_json::from_str(stderr.lines().last().unwrap_or_default())
                .unwrap_or_else(|error| panic!("{error}: {stderr}"));
        let outcome = outcome_of_kind(report["error"]["kind"].as_str().unwrap());
        assert_eq!(code, exit_code(outcome), "{stderr}");
        Err(outcome)
    }
}

/// The outcome that the program names.
fn outcome_of_kind(kind: &str) -> Outcome {
    match kind {
        "Usage" => Outcome::Invalid,
        "Unreadable" => Outcome::Unreadable,
        "Network" => Outcome::Network,
        "Unconfirmed" => Outcome::Unconfirmed,
        "Other" => Outcome::Refused(RefusalKind::Other),
        kind => {
            let known = CODES.iter().find(|(known, _)| known.name() == kind);
            Outcome::Refused(known.unwrap_or_else(|| panic!("unknown kind {kind}")).0)
        }
    }
}

/// What the program exits with.
fn exit_code(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Done => 0,
        Outcome::Unreadable => 1,
        Outcome::Invalid => 2,
        Outcome::Refused(RefusalKind::NotLoggedIn) => 3,
        Outcome::Refused(RefusalKind::RateLimited | RefusalKind::RiskControl) => 5,
        Outcome::Refused(_) => 4,
        Outcome::Network => 6,
        Outcome::Unconfirmed => 7,
    }
}

impl Transport for Program<'_> {
    fn act(&self, action: Action) -> Result<(), Outcome> {
        let result = match action {
            Action::Profile => self.run(&["whoami"]),
            // `unread` also makes a second call, for groups. When only that fails, the program
            // warns and succeeds.
            Action::Unread => self.run(&["unread"]),
            Action::Text(uid, text) => self.run(&["send", &uid.to_string(), text]),
            Action::Image(uid) => self.run(&["send-image", &uid.to_string(), image().url()]),
            Action::Recall(uid) => {
                let uid = uid.to_string();
                let sent = self.run(&["send", &uid, "gone soon"])?;
                self.run(&["recall", &uid, sent["msg_key"].as_str().unwrap()])
            }
            Action::RecallNothing => self.run(&["recall", &DEMO_FRIEND.to_string(), "7"]),
        };
        result.map(drop)
    }
}
