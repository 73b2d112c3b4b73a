//! `login` with a QR code.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Stdio},
};

use bili_im_sim::{
    QrLogin, World,
    faults::{Kind, Rule, When},
};
use serde_json::Value;

use crate::support::{Stage, finish};

/// A running `login` that has printed its code.
pub(crate) struct LoggingIn {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    code: Vec<String>,
    link: String,
}

impl LoggingIn {
    pub(crate) fn start(stage: &Stage) -> Self {
        let mut command = stage.command("login");
        command.env_remove("BILI_IM_COOKIE");
        let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::piped()))
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        assert!(next().starts_with("scan this with the bilibili app"));
        let link = next();
        let mut code = vec![next()];
        // A line has two rows of a square.
        let width = code[0].chars().filter(|c| " ▀▄█".contains(*c)).count();
        code.resize_with(width.div_ceil(2), next);
        Self {
            child,
            lines,
            code,
            link,
        }
    }

    pub(crate) fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    pub(crate) fn end(mut self) -> (i32, String) {
        let mut err = String::new();
        (self.child.stderr.take().unwrap())
            .read_to_string(&mut err)
            .unwrap();
        (self.child.wait().unwrap().code().unwrap(), err)
    }
}

/// Tells the simulated service what the phone does.
pub(crate) fn phone(stage: &Stage, gesture: &str) {
    let mut stream = TcpStream::connect(stage.server.addr()).unwrap();
    write!(
        stream,
        "POST /_sim/qr HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{gesture}",
        gesture.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn a_code_is_drawn_scanned_and_confirmed() {
    let stage = Stage::demo();
    let mut login = LoggingIn::start(&stage);
    assert_eq!(login.code.len(), 23);
    let link = "or open there: https://account.bilibili.com/";
    assert!(login.link.starts_with(link), "{}", login.link);
    let black_on_white = "\u{1b}[38;5;16;48;5;231m";
    for line in &login.code {
        let blocks = line.strip_prefix(black_on_white).unwrap();
        let mut blocks = blocks.strip_suffix("\u{1b}[0m").unwrap().chars();
        assert!(blocks.all(|block| " ▀▄█".contains(block)), "{line:?}");
    }
    phone(&stage, r#"{"scan":10001}"#);
    assert_eq!(login.line(), "scanned: now confirm on the phone");
    phone(&stage, r#"{"confirm":10001}"#);
    let line = login.line();
    let words = "logged in as 演示UP主 (10001), kept as profile default, until 20";
    assert!(line.starts_with(words), "{line}");
    assert_eq!(login.end(), (0, String::new()));

    let stored: Value =
        serde_json::from_str(&fs::read_to_string(stage.profile_file("default")).unwrap()).unwrap();
    assert!(stored["expires"].as_u64().unwrap() > 0);
    assert!(!stored["refresh_token"].as_str().unwrap().is_empty());
    let cookie = stored["cookie"].as_str().unwrap();
    for name in ["SESSDATA=", "bili_jct=", "DedeUserID=10001", "buvid3="] {
        assert!(cookie.contains(name), "{name}");
    }
    let whoami = stage.run_kept("whoami");
    assert!(whoami.out.contains("\nexpires 20"), "{whoami:?}");
    assert_eq!(stage.run_kept("send 10002 hi").code, 0);
    assert_eq!(stage.run_kept("sessions").code, 0);
    let names = stage.state_file(10001).with_extension("users.json");
    assert!(names.exists());
    assert_eq!(stage.run_kept("logout").code, 0);
    assert!(!names.exists(), "nobody is known any more");
    stage.run_kept("whoami").failed(3, "nobody is logged in");
}

#[test]
fn a_code_that_nobody_confirms_expires() {
    let stage = Stage::demo();
    let login = LoggingIn::start(&stage);
    stage.server.with(|service| service.advance_clock(181));
    let (code, err) = login.end();
    assert_eq!(code, 3);
    assert!(err.starts_with("error: the code expired"), "{err}");
    assert!(err.contains("bili-im login"));
    assert!(!stage.profile_file("default").exists());
}

#[test]
fn a_code_that_cannot_be_had_is_an_error_without_its_secrets() {
    let stage = Stage::demo();
    stage.fault(Rule::new("generate", When::Always, Kind::Html));
    let ran = stage.run_kept("login");
    ran.failed(1, "the answer to generate cannot be read");
}

#[test]
fn with_json_the_link_is_printed_and_with_a_file_the_code_is_stored() {
    let stage = Stage::demo();
    let path = stage.state_dir().join("code.png");
    let args = ["login", "--json", "--qr-png", path.to_str().unwrap()];
    let mut child = (stage.command(&args).env_remove("BILI_IM_COOKIE"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut json = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let link = json()["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://account.bilibili.com/"), "{link}");
    assert!(fs::read(&path).unwrap().starts_with(b"\x89PNG"));
    phone(&stage, r#"{"confirm":10001}"#);
    assert_eq!(json()["uid"], "10001");
    assert!(child.wait().unwrap().success());
    assert!(!path.exists(), "the code is of no more use");

    fs::write(&path, "a photo").unwrap();
    let ran = finish(stage.command(&args).env_remove("BILI_IM_COOKIE"));
    assert!(
        ran.code == 2 && ran.err.contains("code.png exists already"),
        "{ran:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "a photo");
}

#[test]
fn the_cookies_may_come_for_a_ticket_or_not_at_all() {
    let log_in = |how| {
        let mut world = World::demo();
        world.options.qr_login = how;
        let stage = Stage::of(world);
        let login = LoggingIn::start(&stage);
        phone(&stage, r#"{"confirm":10001}"#);
        let ended = login.end();
        (stage, ended)
    };
    let (stage, ended) = log_in(QrLogin::Ticket);
    assert_eq!(ended, (0, String::new()));
    assert_eq!(stage.asked("crossDomain"), 1);
    assert_eq!(stage.run_kept("send 10002 hi").code, 0);

    let (stage, (code, err)) = log_in(QrLogin::Nothing);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("the service gave no cookies"), "{err}");
    assert!(err.contains("bili-im login --cookie-stdin"), "{err}");
    assert!(!stage.profile_file("default").exists());
}
