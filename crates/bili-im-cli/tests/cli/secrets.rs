//! No command prints or writes a secret, with any arguments and any answer of the service. Only a
//! profile's file has the login.

mod machine;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    thread,
};

use bili_im_sim::faults::{Kind, PageBody, Rule, When};
use bili_im_tests::{
    marks::{BILI_JCT, Marks},
    peer::{Peer, response},
};
use serde_json::{Value, json};

use self::machine::{Machine, SOURCES, Source, cookie, files, marked_world, mode};
use crate::{
    changing::CHANGES,
    running::Running,
    support::{CREATOR, Line, Stage, commands, finish, status, until, voucher},
};

/// Command lines that change something. They are run with `--dry-run` too, as those of `CHANGES`.
const MORE_CHANGES: [&str; 2] = ["logout", "send-image 10002 ./image.png"];

/// Other command lines. Commands that run until a signal have tests of their own below.
const OTHERS: [&str; 36] = [
    "serve --listen 192.0.2.1:80",
    "login",
    "login --profile other",
    "logout --local",
    "profiles",
    "whoami",
    "unread",
    "unread --paced",
    "sessions",
    "sessions --all",
    "history 10002",
    "history 10002 --all",
    "who 10002",
    "intercept 10002",
    "settings",
    "settings show",
    "block-words",
    "auto-reply",
    "resume",
    "sync --full",
    "export --format csv",
    "import ./image.png",
    "stats",
    "rules check ./image.png",
    "rules test ./image.png",
    "search SESSDATA",
    "decode poll",
    "decode generate",
    "sim --print-env 10001",
    "sim --world /nowhere",
    "demo",
    "config",
    "config path",
    "doctor",
    "completions bash",
    "man",
];

/// All command lines to run. Some builds lack some commands.
fn every_way() -> Vec<String> {
    let commands = commands();
    let changes = CHANGES.iter().chain(&MORE_CHANGES);
    let changes = changes.flat_map(|line| [format!("{line} --dry-run"), (*line).to_owned()]);
    let others = OTHERS.iter().map(|line| (*line).to_owned());
    let is_known = |line: &String| commands.iter().any(|command| line.words()[0] == command);
    others.chain(changes).filter(is_known).collect()
}

#[test]
fn every_command_is_run() {
    let commands = commands();
    assert!(commands.len() >= 20, "{commands:?}");
    let ways = every_way();
    for command in commands.iter().filter(|command| *command != "watch") {
        let is_run = ways.iter().any(|line| line.words()[0] == command);
        assert!(is_run, "{command} is new: say how it is run");
    }
}

/// Runs every command once: each other one with `--json`, and with the next number the others.
fn run_alternately(machine: &Machine, sources: &[Source], number: usize) {
    for (nth, args) in every_way().iter().enumerate() {
        // A change comes twice, with `--dry-run` and without.
        let json = ["", " --json"][(nth + nth / 2 + number) % 2];
        let source = sources[(nth + number / 2) % sources.len()];
        machine.run(source, &format!("{args}{json}"));
    }
}

/// Does something with each item in a thread of its own: they mostly wait.
fn at_once<T: Send>(all: impl IntoIterator<Item = T>, each: impl Fn(T) + Sync) {
    let each = &each;
    thread::scope(|scope| {
        for one in all {
            scope.spawn(move || each(one));
        }
    });
}

#[test]
fn when_all_is_well() {
    at_once(SOURCES, |source| {
        for args in &every_way() {
            if source == Source::Profile && args.starts_with("login") {
                // Without a cookie, `login` shows a QR code: it has a test of its own below.
                continue;
            }
            // Each on a new machine, since some commands end the login.
            let machine = Machine::new();
            machine.run(source, args);
            machine.run(source, &format!("{args} --json"));
        }
    });
}

fn with_fault(kind: Kind) -> Machine {
    let machine = Machine::new();
    machine.stage.fault(Rule::new("any", When::Always, kind));
    machine
}

#[test]
fn when_everything_is_refused() {
    at_once(
        (0..).zip([-101, -111, -400, -500, 21047]),
        |(number, code)| {
            let message = Some("no".to_owned());
            let machine = with_fault(Kind::Code { code, message });
            run_alternately(&machine, &[Source::Profile], number);
        },
    );
    // These answers stop the account, so each command gets them first.
    let http = status(429, PageBody::Html, Some(1));
    at_once([http, voucher()], |kind| {
        for args in &every_way() {
            with_fault(kind.clone()).run(Source::Environment, args);
        }
    });
}

#[test]
fn when_nothing_comes_back() {
    let cut_short = Machine::new();
    let cut = Rule::new("any", When::Always, Kind::CutShort { bytes: 9 });
    cut_short.stage.fault(cut.after_effect());
    let broken_off = with_fault(Kind::BreakOff);
    let nobody = || Machine::with(Stage::of(marked_world()), "http://127.0.0.1:1".to_owned());
    // Without an answer, each command has two sources, each of them without and with `--json`.
    let mut cases = vec![broken_off, cut_short];
    cases.extend([(); 4].map(|()| nobody()));
    at_once((0..).zip(cases), |(number, machine)| {
        run_alternately(&machine, &SOURCES, number)
    });
}

#[test]
fn when_the_answer_quotes_the_request() {
    let quoting: [fn(&str) -> String; 4] = [
        |request| response("400 Bad Request", "", &format!("<html>{request}")),
        |request| response("200 OK", "", request),
        |request| {
            let body = json!({"code": -400, "message": request});
            response("200 OK", "Set-Cookie: SESSDATA=evil\r\n", &body.to_string())
        },
        // Not HTTP.
        |request| request.to_owned(),
    ];
    at_once(quoting, |quote| {
        let peer = Peer::plain(quote);
        let endpoint = format!("http://{}", peer.address);
        let machine = Machine::with(Stage::of(marked_world()), endpoint);
        for number in 0..2 {
            run_alternately(&machine, &[Source::Profile], number);
        }
        assert!(peer.seen().iter().any(|request| request.contains(BILI_JCT)));
    });
}

#[test]
fn when_the_answer_leads_elsewhere() {
    let elsewhere = Peer::plain(|_| response("200 OK", "", "{}"));
    let location = format!("Location: http://{}/\r\n", elsewhere.address);
    let peer = Peer::plain(move |request| response("302 Found", &location, request));
    let endpoint = format!("http://{}", peer.address);
    at_once(0..2, |number| {
        let machine = Machine::with(Stage::of(marked_world()), endpoint.clone());
        run_alternately(&machine, &[Source::Environment], number);
    });
    assert_eq!(elsewhere.seen(), [""; 0]);
}

#[test]
fn when_the_arguments_are_wrong() {
    let machine = Machine::new();
    for wrong in [
        "unread --nonsense",
        "nonsense",
        "send 10002",
        "unread --profile a/b",
        "unread --endpoint http://im.example",
    ] {
        for source in SOURCES {
            machine.run(source, wrong);
        }
    }
    // A cookie among the arguments is visible to other users already, but is not repeated.
    for misplaced in [
        "unread --cookie",
        "unread",
        "",
        "ack",
        "unread --endpoint",
        "unread --profile",
    ] {
        let cookie = cookie();
        let args = [&misplaced.words()[..], &[&*cookie, "--dry-run"]].concat();
        let ran = finish(&mut machine.command(&args));
        Marks::default().check(misplaced, ran.out + &ran.err);
    }
}

/// Logs in with a QR code. Returns what the program printed after the code.
fn scan(machine: &Machine, json: bool) -> String {
    let mut command = machine.command(if json { "login --json" } else { "login" });
    let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::piped()))
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    // Both lines have the link, which is the code.
    while !printed.contains(if json { "\"link\"" } else { "open there" }) {
        assert!(out.read_line(&mut printed).unwrap() > 0, "{printed}");
    }
    printed.clear();
    let now = std::time::SystemTime::now().into();
    let creator = bili_im_sim::Uid(CREATOR);
    machine.stage.server.with(|service| {
        service.scan_qr(None, creator, now).unwrap();
        service.confirm_qr(None, creator, now).unwrap();
    });
    out.read_to_string(&mut printed).unwrap();
    (child.stderr.take().unwrap())
        .read_to_string(&mut printed)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{printed}");
    printed
}

#[test]
fn when_a_login_comes_by_a_code() {
    for json in [false, true] {
        let machine = Machine::new();
        let printed = scan(&machine, json);
        let stored: Value = serde_json::from_slice(&fs::read(machine.profile()).unwrap()).unwrap();
        assert_eq!(mode(&machine.profile()), 0o600);
        let cookie = stored["cookie"].as_str().unwrap();
        let pairs: BTreeMap<&str, &str> = (cookie.split("; "))
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let marks = Marks::new([
            ("SESSDATA", pairs["SESSDATA"]),
            ("bili_jct", pairs["bili_jct"]),
            ("sid", pairs["sid"]),
            ("refresh_token", stored["refresh_token"].as_str().unwrap()),
        ]);
        marks.check("a QR login", printed);
        for args in ["whoami", "send 10002 hi --dry-run", "logout"] {
            let ran = finish(&mut machine.command(args));
            assert_eq!(ran.code, 0, "{ran:?}");
            marks.check(args, ran.out + &ran.err);
        }
        machine.check_files("a QR login");
    }
}

#[test]
#[cfg(feature = "sim")]
fn when_the_simulator_runs() {
    let machine = Machine::new();
    let mut command = machine.command("sim --listen 127.0.0.1:0");
    let mut sim = Running::start(command.env("BILI_IM_COOKIE", cookie()));
    let line = sim.line();
    assert!(line.contains("127.0.0.1"), "{line}");
    Marks::default().check("sim", line + &sim.kill());
    machine.check_files("sim");
}

/// A script that writes down its input and arguments. Its environment is inherited.
const OVERHEARS: &str = r#"{ echo "$0 $*"; cat; } >> heard; chmod 600 heard; echo thanks"#;

/// All sources of the login, with `--json` and without.
fn sources_and_forms() -> impl Iterator<Item = (Source, &'static str)> {
    (SOURCES.into_iter()).flat_map(|source| ["", "--json"].map(|form| (source, form)))
}

#[test]
fn when_it_watches() {
    at_once(sources_and_forms(), |(source, form)| {
        let machine = Machine::new();
        let options = "--cursor cursor --changes --reply-stdout";
        let args = format!("watch --verbose --interval 0.05 {options} {form}");
        let starts = ["--exec", "sh", "--", "-c", OVERHEARS];
        let mut watch = Running::start(&mut machine.command_of(source, &args, &starts));
        machine.wait_for(&mut watch, "new_sessions");
        machine.stage.write(10002, "hello");
        until(|| watch.has_ended() || machine.stage.newest().from.0 == CREATOR);
        machine.end(watch, "hello", &format!("watch ({source:?}, {form:?})"));
        let heard = fs::read_to_string(machine.home().join("heard")).unwrap();
        assert!(heard.contains("hello"));
    });
}

#[test]
fn when_it_counts() {
    at_once(sources_and_forms(), |(source, form)| {
        let machine = Machine::new();
        // A wait prints a warning too.
        machine.stage.fault_once("single_unread", Kind::BreakOff);
        let args = format!("unread --watch --interval 0.05 {form}");
        let mut watch = Running::start(&mut machine.command_of(source, &args, &[]));
        machine.wait_for(&mut watch, "single_unread");
        machine.stage.write(10002, "hello");
        machine.wait_for(&mut watch, "single_unread");
        let place = format!("unread --watch ({source:?}, {form:?})");
        machine.end(watch, "follow", &place);
    });
}

/// The only files that start programs, each one that the user names.
const STARTING: [&str; 4] = [
    "watching/exec.rs",
    "pager.rs",
    "config/cookie_command.rs",
    "commands/config.rs",
];

/// Checks that no other program is started than those the user names.
#[test]
fn only_what_the_user_names_is_started() {
    let sources = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for file in sources.into_iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(&file).unwrap();
        let words = ["process::Command", "Command::new("];
        let found = words.iter().find(|word| text.contains(**word));
        if !STARTING.iter().any(|name| file.ends_with(name)) {
            assert_eq!(found, None, "{}", file.display());
        }
    }
}

/// A machine with a file that any user can read.
fn with_open_file(text: &str) -> Machine {
    let machine = Machine::new();
    let open = machine.home().join("state.json");
    fs::write(&open, text).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    machine
}

#[test]
#[should_panic = "shows SESSDATA"]
fn a_leak_into_a_file_is_found() {
    with_open_file(&cookie()).check_files("nothing");
}

#[test]
#[should_panic = "has mode 644"]
fn a_file_that_others_can_read_is_found() {
    with_open_file("{}").check_files("nothing");
}
