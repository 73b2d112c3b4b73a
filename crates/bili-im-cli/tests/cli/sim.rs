//! `sim`.

use std::{fs, net::TcpListener, process::Command};

use tempfile::TempDir;

use crate::{
    running::Running,
    support::{Ran, bare, finish},
};

/// Starts `sim`. Returns it, and the address where it listens.
fn serving(args: &str) -> (Running, String) {
    let mut sim = Running::start(&mut bare(&format!("sim --listen 127.0.0.1:0 {args}")));
    let line = sim.line();
    let addr = line.strip_prefix("listening on http://").unwrap();
    (sim, addr.to_owned())
}

/// Runs the program against a running `sim`.
fn run(addr: &str, cookie: &str, args: &str) -> Ran {
    let state = TempDir::new().unwrap();
    finish(
        bare(args)
            .env("BILI_IM_STATE_DIR", state.path())
            .env("BILI_IM_ENDPOINT", format!("http://{addr}"))
            .env("BILI_IM_COOKIE", cookie),
    )
}

#[test]
fn print_env_makes_the_program_use_it() {
    let (_sim, addr) = serving("--strict");
    let state = TempDir::new().unwrap();
    let script = format!(
        r#"eval "$("$BILI_IM" sim --listen {addr} --print-env 10001)" && "$BILI_IM" whoami && "$BILI_IM" send 10002 hello"#
    );
    let ran = finish(
        Command::new("sh")
            .args(["-c", &script])
            .env_clear()
            .env("BILI_IM", env!("CARGO_BIN_EXE_bili-im"))
            .env("BILI_IM_STATE_DIR", state.path()),
    );
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("uid 10001\n"), "{ran:?}");
    assert!(ran.out.contains("msg_key "), "{ran:?}");
}

#[test]
fn print_env_knows_the_accounts_of_the_world_only() {
    let output = bare("sim --print-env 293793435 --world seed").output();
    assert_eq!(
        String::from_utf8(output.unwrap().stdout).unwrap(),
        "export BILI_IM_ENDPOINT='http://127.0.0.1:8970'\n\
         export BILI_IM_COOKIE='SESSDATA=xxx; bili_jct=xxx; DedeUserID=293793435'\n"
    );
    let ran = finish(&mut bare("sim --print-env 5"));
    ran.failed(2, "there is no account 5 in this world");
    assert!(ran.err.contains("10001, 10002, 10003"));
}

#[test]
fn what_cannot_be_served_is_refused() {
    for (args, words) in [
        ("--listen 127.0.0.1:0 --print-env 1", "not known beforehand"),
        ("--listen 0.0.0.0:0", "for this machine alone"),
        ("--listen 192.0.2.1:80", "for this machine alone"),
        ("--listen [::]:0", "for this machine alone"),
        ("--listen localhost", "--listen"),
        ("--world nowhere.json", "nowhere.json"),
    ] {
        finish(&mut bare(&format!("sim {args}"))).failed(2, words);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    finish(&mut bare(&format!("sim --listen {addr}"))).failed(1, &addr);
}

#[test]
fn a_world_is_read_from_a_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("world.json");
    let args = format!("--world {}", path.display());
    fs::write(&path, r#"{"accounts":[{"uid":7,"name":"seven"}]}"#).unwrap();
    let (_sim, addr) = serving(&args);
    let whoami = run(&addr, "SESSDATA=sim-7", "whoami --json").json();
    assert_eq!(whoami["name"], "seven");

    fs::write(&path, r#"{"accounts":[{"uid":7,"nmae":"seven"}]}"#).unwrap();
    let ran = finish(&mut bare(&format!("sim {args}")));
    ran.failed(2, "unknown field `nmae`");
}

#[test]
fn the_program_reads_what_the_source_document_shows() {
    let (_sim, addr) = serving("--world seed --classic");
    let run = |args: &str| run(&addr, "SESSDATA=xxx; bili_jct=xxx", args);
    let unread = run("unread --json").json();
    assert_eq!(unread["unfollow_unread"], 1);
    assert_eq!(unread["follow_unread"], 6);
    let sent = run("send 1 催更[doge] --json").json();
    assert_eq!(sent["msg_key"], "6852559688104417870");
    let image = "https://i1.hdslb.com/bfs/face/aebb2639a0d47f2ce1fec0631f412eaf53d4a0be.jpg";
    let sent = run(&format!("send-image 1 {image} --json")).json();
    assert_eq!(sent["msg_key"], "6852570013146024354");
    assert_eq!(run("recall 1 6852559688104417870").code, 0);
}

#[test]
fn json_says_where_it_listens() {
    let mut sim = Running::start(&mut bare("sim --listen 127.0.0.1:0 --json"));
    let listening = sim.json();
    let endpoint = listening["listening_on"].as_str().unwrap();
    assert!(endpoint.starts_with("http://127.0.0.1:"));
}
