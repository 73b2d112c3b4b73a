//! docs/endpoints.md, the table of commands and the endpoints that they call.
//!
//! The test compares the page with what the commands do. `cargo xtask docs` rewrites the page.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    path::Path,
};

use bili_im_sim::Talker;
use bili_im_tests::endpoints::{ENDPOINTS, Entry};

use crate::{
    images::{file, png},
    logins::{LoggingIn, phone},
    support::{CREATOR, FRIEND, Line, Stage, commands},
};

/// Commands that call no endpoint, or start a service of their own.
const APART: [&str; 15] = [
    "serve",
    "rules",
    "doctor",
    "config",
    "profiles",
    "search",
    "export",
    "import",
    "stats",
    "resume",
    "decode",
    "sim",
    "demo",
    "completions",
    "man",
];

/// Runs a command on a new stage.
type Play = fn(&Stage);

/// The other commands, in the order of the help.
const COMMANDS: [(&str, Play); 27] = [
    ("login", |stage| {
        let mut login = LoggingIn::start(stage);
        phone(stage, r#"{"scan":10001}"#);
        login.line();
        phone(stage, r#"{"confirm":10001}"#);
        assert_eq!(login.end().0, 0);
    }),
    ("logout", |stage| run(stage, "logout")),
    ("whoami", |stage| run(stage, "whoami")),
    ("unread", |stage| run(stage, "unread")),
    ("sessions", |stage| run(stage, "sessions")),
    ("history", |stage| run(stage, "history 10002")),
    ("watch", |stage| {
        let mut watch = stage.watch(&[]);
        stage.write(10002, "hi");
        watch.line();
    }),
    ("who", |stage| run(stage, "who 10002")),
    ("sync", |stage| run(stage, "sync")),
    ("send", |stage| run(stage, "send 10002 hi")),
    ("send-image", |stage| {
        let path = file(stage, "x.png", &png(1, 1));
        run(stage, &["send-image", FRIEND, &path]);
    }),
    ("recall", |stage| {
        stage.say(CREATOR, Talker::user(10002), "oops");
        let key = stage.newest().msg_key.to_string();
        run(stage, &["recall", FRIEND, &key]);
    }),
    ("ack", |stage| run(stage, "ack 10002")),
    ("pin", |stage| run(stage, "pin 10002")),
    ("unpin", |stage| run(stage, "unpin 10002")),
    ("mute", |stage| run(stage, "mute 10002")),
    ("unmute", |stage| run(stage, "unmute 10002")),
    ("remove", |stage| run(stage, "remove 10002")),
    ("intercept", |stage| run(stage, "intercept 10002")),
    ("settings", |stage| run(stage, "settings")),
    ("settings set", |stage| {
        run(stage, "settings set msg_notify=on");
    }),
    ("block-words", |stage| run(stage, "block-words")),
    ("block-words add", |stage| run(stage, "block-words add x")),
    ("block-words remove", |stage| {
        run(stage, "block-words remove x");
    }),
    ("auto-reply", |stage| run(stage, "auto-reply")),
    ("auto-reply set", |stage| {
        run(stage, "auto-reply set recv hi");
    }),
    ("auto-reply clear", |stage| {
        run(stage, "auto-reply set recv hi");
        let before = stage.asked("set_reply_text");
        assert_eq!(before, 1);
        run(stage, "auto-reply clear recv");
    }),
];

fn run(stage: &Stage, args: impl Line) {
    let ran = stage.run(args);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// The commands that call each path.
fn askers() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut askers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, play) in COMMANDS {
        let stage = Stage::demo();
        play(&stage);
        for path in stage.snapshot().requests.into_keys() {
            askers.entry(path).or_default().push(name);
        }
    }
    askers
}

/// The file of an endpoint, within the folder of endpoints.
fn place(entry: &Entry) -> String {
    let (modules, _type) = (entry.place)().rsplit_once("::").unwrap();
    let (_crate, modules) = modules.split_once("::endpoints::").unwrap();
    format!("{}.rs", modules.replace("::", "/"))
}

#[test]
fn every_command_is_played() {
    let played = COMMANDS.map(|(name, _)| name.split(' ').next().unwrap());
    let known: BTreeSet<&str> = played.into_iter().chain(APART).collect();
    for command in commands() {
        assert!(known.contains(&*command), "how is {command} run?");
    }
}

#[test]
fn the_page_of_endpoints_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut page = String::from(
        "# Endpoints\n\n\
         Every call of [protocol.md](protocol.md). The file has the same name in the\n\
         [protocol crate](../crates/bili-im-proto/src/endpoints), which makes the request and reads the\n\
         answer, and in the [simulated service](../crates/bili-im-sim/src/endpoints), which answers.\n\
         The commands are those that made the call when each was run once against that service.\n\
         `bili-im decode` reads an answer of any of them. `cargo xtask docs` writes this page.\n\n\
         | call | file | commands |\n|---|---|---|\n",
    );
    let askers = askers();
    let mut paths = BTreeSet::new();
    for entry in ENDPOINTS {
        let (spec, place) = (entry.spec, place(entry));
        for folder in ["bili-im-proto", "bili-im-sim"] {
            let file = root
                .join("crates")
                .join(folder)
                .join("src/endpoints")
                .join(&place);
            assert!(file.is_file(), "{} is missing", file.display());
        }
        // Sending and recalling are one endpoint.
        if !paths.insert(spec.path()) {
            continue;
        }
        let commands = askers.get(spec.path()).map_or("–".to_owned(), |names| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        });
        let (host, method, path) = (spec.host().name(), spec.method(), spec.path());
        writeln!(
            page,
            "| {host} {method} `{path}` | `{place}` | {commands} |"
        )
        .unwrap();
    }
    let path = root.join("docs/endpoints.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written.replace("\r\n", "\n") == page,
        "docs/endpoints.md is not up to date: run cargo xtask docs"
    );
}
