//! A simulated service, and the program that runs against it.

use std::{
    collections::BTreeMap,
    io::Write,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use bili_im_sim::{
    Message, MessageState, Server, Service, Snapshot, Talker, World,
    faults::{Kind, Rule, When},
};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const CREATOR: u64 = 10001;
pub(crate) const FRIEND: &str = "10002";
pub(crate) const STRANGER: &str = "10003";
pub(crate) const FANS: &str = "20001";

/// The secrets in the creator's cookie, which nothing may print.
pub(crate) const SECRETS: [&str; 2] = ["sim-10001", "00000000000000000000000000010001"];

/// A simulated service, and folders for the program's files.
pub(crate) struct Stage {
    pub(crate) server: Server,
    world: World,
    state: TempDir,
}

/// The result of a run: exit code and output.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    pub(crate) fn demo() -> Self {
        Self::of(World::demo())
    }

    pub(crate) fn of(world: World) -> Self {
        let service = Service::new(world.clone(), SystemTime::now().into()).unwrap();
        Self {
            server: Server::start(service, (Ipv4Addr::LOCALHOST, 0).into()).unwrap(),
            world,
            state: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn with_fault(self, what: &str, kind: Kind) -> Self {
        self.fault(Rule::new(what, When::Always, kind));
        self
    }

    pub(crate) fn fault(&self, rule: Rule) {
        self.server.with(|service| service.add_fault(rule)).unwrap();
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.server.addr())
    }

    pub(crate) fn cookie(&self, uid: u64) -> String {
        self.world.account(uid).unwrap().cookie()
    }

    pub(crate) fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// The folder of stored logins.
    pub(crate) fn config_dir(&self) -> PathBuf {
        self.state_dir().join("config")
    }

    /// The file of a profile.
    pub(crate) fn profile_file(&self, name: &str) -> PathBuf {
        self.config_dir()
            .join("profiles")
            .join(format!("{name}.json"))
    }

    /// The file of an account's state.
    pub(crate) fn state_file(&self, uid: u64) -> PathBuf {
        let folder = format!("http+127.0.0.1+{}", self.server.addr().port());
        self.state_dir().join(folder).join(format!("{uid}.json"))
    }

    /// A command with the creator's login.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(args);
        command
            .env("BILI_IM_STATE_DIR", self.state_dir())
            .env("BILI_IM_CONFIG_DIR", self.config_dir())
            .env("BILI_IM_ENDPOINT", self.endpoint())
            .env("BILI_IM_COOKIE", self.cookie(CREATOR));
        command
    }

    /// Runs a command with the creator's login.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        finish(&mut self.command(args))
    }

    /// Runs a command with the login of a profile.
    pub(crate) fn run_kept(&self, args: &[&str]) -> Ran {
        finish(self.command(args).env_remove("BILI_IM_COOKIE"))
    }

    /// Runs a command with the creator's login and `--json`, and parses its output.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.err, "");
        ran.json()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = SystemTime::now().into();
        self.server.with(|service| service.snapshot(now))
    }

    /// The number of requests to each endpoint, by the last segment of its path.
    pub(crate) fn requests(&self) -> BTreeMap<String, u64> {
        let requests = self.snapshot().requests;
        let by_name = |(path, count): (&&str, &bili_im_sim::Count)| {
            (path.rsplit('/').next().unwrap().to_owned(), count.requests)
        };
        requests.iter().map(by_name).collect()
    }

    pub(crate) fn asked(&self, name: &str) -> u64 {
        self.requests().get(name).copied().unwrap_or_default()
    }

    /// Writes a text to the creator.
    pub(crate) fn write(&self, from: u64, text: &str) {
        self.say(from, Talker::user(CREATOR), text);
    }

    /// Writes a text to a talker.
    pub(crate) fn say(&self, from: u64, to: Talker, text: &str) {
        self.put(Message::text(from, to, text));
    }

    /// Adds a message.
    pub(crate) fn put(&self, message: Message) {
        let now = SystemTime::now().into();
        let written = self.server.with(|service| service.write(message, now));
        written.unwrap();
    }

    /// The newest message.
    pub(crate) fn newest(&self) -> MessageState {
        self.snapshot().messages.pop().unwrap()
    }
}

impl Ran {
    /// Parses the only JSON object on stdout.
    pub(crate) fn json(&self) -> Value {
        one_object(&self.out)
    }

    /// Parses the only error object on stderr.
    pub(crate) fn error(&self) -> Value {
        let object = one_object(&self.err);
        assert_eq!(object.as_object().unwrap().len(), 1, "{self:?}");
        assert_eq!(object["error"]["exit_code"], self.code);
        object["error"].clone()
    }

    /// Checks the exit code, and that stderr has an error with `words` in one to three lines.
    pub(crate) fn failed(&self, code: i32, words: &str) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "");
        let mut lines = self
            .err
            .lines()
            .filter(|line| !line.starts_with("warning: "));
        let first = lines.next().unwrap();
        assert!(first.starts_with("error: "), "{self:?}");
        assert!(first.contains(words), "{words}: {self:?}");
        assert!(lines.count() <= 2, "{self:?}");
        self
    }
}

fn one_object(text: &str) -> Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

/// Waits until something is true.
pub(crate) fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The program with an empty environment.
pub(crate) fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bili-im"));
    command.args(args).env_clear().stdin(Stdio::null());
    // The person who runs the tests may be logged in.
    command.env("BILI_IM_CONFIG_DIR", "/nowhere/config");
    command
}

pub(crate) fn finish(command: &mut Command) -> Ran {
    checked(command.output().unwrap())
}

/// Runs a command that reads `input` from its stdin.
pub(crate) fn feed(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may close stdin early.
    let _unread = child.stdin.take().unwrap().write_all(input);
    checked(child.wait_with_output().unwrap())
}

pub(crate) fn checked(output: Output) -> Ran {
    let ran = Ran {
        code: output.status.code().expect("it is never killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    for secret in SECRETS {
        assert!(!ran.out.contains(secret), "{ran:?}");
        assert!(!ran.err.contains(secret), "{ran:?}");
    }
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    ran
}
