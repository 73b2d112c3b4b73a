//! A simulated service, and the program that runs against it.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::Write,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use bili_im_sim::{
    Message, MessageState, Mode, Server, Service, Snapshot, Talker, World,
    faults::{Kind, PageBody, Rule, VoucherPlace, When},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::running::BEGUN;

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

/// Arguments: a list, or a line of words.
pub(crate) trait Line {
    fn words(&self) -> Vec<&str>;
}

impl Line for &str {
    fn words(&self) -> Vec<&str> {
        self.split_whitespace().collect()
    }
}

impl Line for &String {
    fn words(&self) -> Vec<&str> {
        self.split_whitespace().collect()
    }
}

impl Line for &[&str] {
    fn words(&self) -> Vec<&str> {
        self.to_vec()
    }
}

impl<const N: usize> Line for &[&str; N] {
    fn words(&self) -> Vec<&str> {
        self.to_vec()
    }
}

impl Line for &Vec<&str> {
    fn words(&self) -> Vec<&str> {
        self.to_vec()
    }
}

impl Stage {
    pub(crate) fn demo() -> Self {
        Self::of(World::demo())
    }

    /// A strict service, so that the program keeps to all of docs/protocol.md.
    pub(crate) fn of(world: World) -> Self {
        let world = world.in_mode(Mode::Strict);
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

    /// Lets the next request go wrong.
    pub(crate) fn fault_once(&self, what: &str, kind: Kind) {
        self.fault(Rule::new(what, When::Once, kind));
    }

    /// Lets risk control stop the account. At bilibili's pace a stop lasts for an hour.
    pub(crate) fn stop(&self) {
        self.fault_once("single_unread", voucher());
        self.run("unread --paced").failed(5, "risk control");
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

    /// The folder of archives.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.state_dir().join("data")
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
    pub(crate) fn command(&self, args: impl Line) -> Command {
        let mut command = bare(args);
        command
            .env("BILI_IM_STATE_DIR", self.state_dir())
            .env("BILI_IM_CONFIG_DIR", self.config_dir())
            .env("BILI_IM_DATA_DIR", self.data_dir())
            .env("BILI_IM_ENDPOINT", self.endpoint())
            .env("BILI_IM_COOKIE", self.cookie(CREATOR));
        command
    }

    /// Runs a command with the creator's login.
    pub(crate) fn run(&self, args: impl Line) -> Ran {
        finish(&mut self.command(args))
    }

    /// Runs a command with the creator's login, and checks that it succeeds without a warning.
    /// Returns its output.
    pub(crate) fn done(&self, args: impl Line) -> String {
        let ran = self.run(args);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
        ran.out
    }

    /// Runs commands, and checks that each fails with the words in its message.
    pub(crate) fn fail(&self, code: i32, cases: &[(&str, &str)]) {
        for (line, words) in cases {
            self.run(*line).failed(code, words);
        }
    }

    /// Runs a command with another cookie.
    pub(crate) fn run_as(&self, cookie: impl AsRef<OsStr>, args: impl Line) -> Ran {
        finish(self.command(args).env("BILI_IM_COOKIE", cookie))
    }

    /// Logs in with a cookie from stdin.
    pub(crate) fn login(&self, args: &str, cookie: &str) -> Ran {
        let mut command = self.command(&format!("login --cookie-stdin {args}"));
        feed(command.env_remove("BILI_IM_COOKIE"), cookie.as_bytes())
    }

    /// Runs a command with the login of a profile.
    pub(crate) fn run_kept(&self, args: impl Line) -> Ran {
        finish(self.command(args).env_remove("BILI_IM_COOKIE"))
    }

    /// Runs a command with the creator's login and `--json`, and parses its output.
    pub(crate) fn json(&self, args: impl Line) -> Value {
        one_object(&self.done(&[&*args.words(), &["--json"]].concat()))
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

    /// Waits until the endpoint is asked, which must happen only once.
    #[track_caller]
    pub(crate) fn until_asked_once(&self, name: &str) {
        until(|| self.asked(name) >= 1);
        assert_eq!(self.asked(name), 1);
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
            .filter(|line| !line.starts_with("warning: ") && !line.starts_with(BEGUN));
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

/// The commands in the program's help, without `help` itself.
pub(crate) fn commands() -> Vec<String> {
    let help = finish(&mut bare("--help")).out;
    let list = help.split("Usage:").nth(1).unwrap();
    let list = list.split("\nOptions:\n").next().unwrap();
    let names = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

/// A refusal with a code.
pub(crate) fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}

/// Risk control's refusal.
pub(crate) fn voucher() -> Kind {
    Kind::Voucher(VoucherPlace::Body)
}

/// An answer with an HTTP status.
pub(crate) fn status(status: u16, body: PageBody, retry_after: Option<u64>) -> Kind {
    Kind::Http {
        status,
        body,
        retry_after,
    }
}

/// A time limit that nothing reaches on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until something is true.
#[track_caller]
pub(crate) fn until(mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "this does not happen");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The program with an empty environment.
pub(crate) fn bare(args: impl Line) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bili-im"));
    command.args(args.words()).env_clear().stdin(Stdio::null());
    // The person who runs the tests may be logged in.
    command.env("BILI_IM_CONFIG_DIR", "/nowhere/config");
    command.env("BILI_IM_LANG", "en");
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
