//! The transports.

use std::{
    cell::RefCell,
    convert::Infallible,
    process::{Command, Stdio},
};

use bili_im_proto::{
    Account, Credential, Error, Flow, Hosts, Image, MsgKey, Origin, RefusalKind, SendContent,
    SingleUnread, Talker, Text,
};
use bili_im_sim::Server;
use bili_im_tests::{Adapter, Running, Timeline, program};

use crate::table::{self, Action, FRIEND, OWN, Outcome};

/// A way to the service.
pub(crate) trait Transport {
    fn act(&self, action: Action) -> Result<Option<MsgKey>, Outcome>;
}

pub(crate) fn now() -> bili_im_sim::UnixMicros {
    std::time::SystemTime::now().into()
}

pub(crate) fn credential() -> Credential {
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
pub(crate) struct InProcess<'a> {
    server: &'a Server,
    account: Account,
    time: RefCell<Timeline>,
}

impl<'a> InProcess<'a> {
    pub(crate) fn new(server: &'a Server, origin: Origin) -> Self {
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

impl Transport for Adapter {
    fn act(&self, action: Action) -> Result<Option<MsgKey>, Outcome> {
        let friend = Talker::user(FRIEND);
        match action {
            Action::Profile => self.profile().map(|_| None),
            Action::Unread => self.unread().map(|_| None),
            Action::Text(uid, text) => {
                let sent = self.send_text(Talker::user(uid), text);
                sent.map(|sent| Some(sent.msg_key))
            }
            Action::Image(uid) => {
                let sent = self.send_image(Talker::user(uid), image());
                sent.map(|sent| Some(sent.msg_key))
            }
            Action::Recall(uid) => {
                let to = Talker::user(uid);
                let sent = self.send_text(to, "gone soon");
                sent.and_then(|sent| self.recall(to, sent.msg_key))
                    .map(|()| None)
            }
            Action::RecallNothing => self.recall(friend, MsgKey(7)).map(|()| None),
        }
        .map_err(|error| outcome(&error))
    }
}

/// The program, a process for each action.
pub(crate) struct Program {
    pub(crate) origin: Origin,
    pub(crate) state: tempfile::TempDir,
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
        let outcome = outcome_of_kind(told["error"]["kind"].as_str().unwrap());
        let expected = exit_code(outcome);
        assert_eq!(code, expected, "{stderr}");
        Err(outcome)
    }

    fn send(&self, arguments: &[&str]) -> Result<Option<MsgKey>, Outcome> {
        let answer = self.run(arguments)?;
        Ok(Some(answer["msg_key"].as_str().unwrap().parse().unwrap()))
    }
}

/// The outcome that the program names.
fn outcome_of_kind(kind: &str) -> Outcome {
    match kind {
        "Usage" => Outcome::Invalid,
        "Unreadable" => Outcome::Unreadable,
        "Network" => Outcome::Network,
        "Unconfirmed" => Outcome::Unconfirmed,
        kind => {
            let mut known = table::kinds();
            let known = known.find(|known| known.name() == kind);
            Outcome::Refused(known.unwrap_or_else(|| panic!("unknown kind {kind}")))
        }
    }
}

/// What the program exits with.
fn exit_code(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Invalid => 2,
        Outcome::Refused(RefusalKind::NotLoggedIn) => 3,
        Outcome::Refused(RefusalKind::RateLimited | RefusalKind::RiskControl) => 5,
        Outcome::Refused(_) => 4,
        Outcome::Network => 6,
        Outcome::Unconfirmed => 7,
        _ => 1,
    }
}

impl Transport for Program {
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
