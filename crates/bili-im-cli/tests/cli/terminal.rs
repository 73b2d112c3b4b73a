//! What the program does at a terminal: colours, the pager, and the options against them.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    os::fd::OwnedFd,
    process::Command,
};

use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::support::{FRIEND, Stage};

const ESCAPE: char = '\u{1b}';

/// Runs a command whose stdout and stderr are a terminal of 5 rows, and returns what is on it.
fn at_terminal(command: &mut Command) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize {
        ws_row: 5,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size).unwrap();
    let path = ptsname(&ours, Vec::new()).unwrap();
    let theirs = rustix::fs::open(
        path.as_c_str(),
        OFlags::RDWR | OFlags::NOCTTY,
        Mode::empty(),
    );
    let theirs: OwnedFd = theirs.unwrap();
    command.env("TERM", "xterm").env("PATH", "/usr/bin:/bin");
    command.stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut child = command.spawn().unwrap();
    // Only the child has the terminal now: reading ends with it.
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let lines = BufReader::new(File::from(ours))
        .lines()
        .map_while(Result::ok);
    let shown = lines.collect::<Vec<_>>().join("\n");
    child.wait().unwrap();
    shown
}

#[test]
fn colours_are_for_terminals() {
    let stage = Stage::demo();
    let shown = at_terminal(&mut stage.command("sessions --no-pager"));
    assert!(shown.contains("\u{1b}[36m\u{1b}[1m2\u{1b}[0m"), "{shown}");
    let plain = at_terminal(stage.command("sessions --no-pager").env("NO_COLOR", "1"));
    assert!(!plain.contains(ESCAPE), "{plain}");
    let plain = at_terminal(&mut stage.command("sessions --no-pager --color never"));
    assert!(!plain.contains(ESCAPE), "{plain}");
    assert!(!stage.done("sessions").contains(ESCAPE));
    assert!(stage.done("sessions --color always").contains(ESCAPE));
    assert!(at_terminal(&mut stage.command("send 0 x")).contains("\u{1b}[31m"));
    for help in [&["--help"][..], &["--color", "never", "--help"]] {
        let shown = at_terminal(&mut stage.command(help));
        assert_eq!(shown.contains(ESCAPE), help.len() == 1, "{shown}");
    }
}

#[test]
fn a_long_listing_is_paged_at_a_terminal_and_nowhere_else() {
    let stage = Stage::demo();
    for number in 0..9 {
        stage.write(10002, &format!("{number}"));
    }
    let shown = |args: &str, pager: &str| {
        let mut command = stage.command(args);
        at_terminal(command.env("PAGER", pager).env("NO_COLOR", "1"))
    };
    let all = format!("history {FRIEND}");
    let count = "grep -c :";
    assert_eq!(shown(&all, "tail -n 1").trim().lines().count(), 1);
    assert!(
        shown(&format!("{all} --limit 2"), count).contains("SEQNO"),
        "it fits"
    );
    for (args, pager) in [
        ("--no-pager", count),
        ("--json", count),
        ("", ""),
        ("", "/nowhere"),
    ] {
        let printed = shown(&format!("{all} {args}"), pager);
        assert!(printed.to_lowercase().contains("seqno"), "{printed}");
    }
    assert!(stage.done(&all).contains("SEQNO"));
}

#[test]
fn quiet_leaves_the_result_and_the_error() {
    let stage = Stage::demo();
    assert!(
        stage
            .run("who 10002 99999999")
            .err
            .contains("there is no user")
    );
    assert_eq!(stage.run("who 10002 99999999 --quiet").err, "");
    assert_eq!(stage.run("who 10002 99999999 --quiet --json").err, "");
    stage
        .run("send 10001 hi -q")
        .failed(2, "one cannot write to oneself");
}

#[test]
fn verbose_shows_each_request_and_no_secret() {
    let stage = Stage::demo();
    let mut command = stage.command("send 10002 hello -v");
    let ran = crate::support::finish(command.env("RUST_LOG", "trace"));
    let line = |path: &str| ran.err.lines().any(|line| line.contains(path));
    assert!(line("POST /web_im/v1/web_im/send_msg 200, "), "{ran:?}");
    for word in ["?", "cookie", "Cookie", "hello", "w_rid"] {
        assert!(!ran.err.contains(word), "{word}: {ran:?}");
    }
    assert_eq!(stage.run("unread -v --json").err, "");
    assert_eq!(stage.run("unread").err, "");
    let slow = stage.run("unread --paced -v");
    assert!(
        slow.err
            .contains("GET /session_svr/v1/session_svr/single_unread 200, "),
        "{slow:?}"
    );
    let refused = stage.run("unread --verbose --quiet");
    refused.failed(2, "--quiet");
}
