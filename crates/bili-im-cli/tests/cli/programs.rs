//! The program of `watch --exec`: its input, its time limit, and the end of its children.

use std::process::Command;

use crate::{
    executing::warnings,
    running::Running,
    support::{CREATOR, Line, Stage, until},
    watching::OFTEN,
};

const FRIEND: u64 = 10002;

/// Whether a process runs. A zombie does not.
fn runs(process: &str) -> bool {
    let shown = Command::new("ps")
        .args(["-o", "stat=", "-p", process])
        .output()
        .unwrap();
    let state = String::from_utf8(shown.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

#[test]
fn its_commands_use_the_profile_and_the_service_that_the_watch_was_told_to_use() {
    let stage = Stage::demo();
    assert_eq!(
        stage.login("--profile work", &stage.cookie(CREATOR)).code,
        0
    );
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script = format!(r#"{program} whoami > "$0.new" && mv "$0.new" "$0""#);
    let notes = stage.notes();
    let options = &format!(
        "--json --profile work --endpoint {} --exec /bin/sh -- -c",
        stage.endpoint()
    );
    let options = options.words();
    let script = [&*script, notes.to_str().unwrap()];
    let args = [&OFTEN[..], &options, &script];
    let mut command = stage.command(&args.concat());
    command
        .env_remove("BILI_IM_COOKIE")
        .env_remove("BILI_IM_ENDPOINT");
    let mut watch = Running::start(&mut command);
    until(|| watch.has_ended() || stage.asked("new_sessions") >= 2);
    stage.tell(&mut watch, "hi");
    assert_eq!(stage.noted_lines(1)[0], format!("uid {CREATOR}"));
}

#[test]
fn its_commands_do_nothing_as_another_account_that_nobody_named() {
    let stage = Stage::demo();
    assert_eq!(stage.run_as(stage.cookie(FRIEND), "login").code, 0);
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script =
        format!(r#"{program} send 10003 hi 2>> "$0"; {program} --profile default whoami >> "$0""#);
    let mut watch = stage.exec(&[], &script);
    stage.tell(&mut watch, "hi");
    let notes = stage.noted_lines(3);
    let words =
        "error: this runs within a watch of uid 10001, and profile default is a login of uid 10002";
    assert_eq!(notes[0], words);
    assert_eq!(notes[2], "uid 10002");
    assert_eq!(stage.asked("send_msg"), 0);
}

/// Scripts that start a child, note both processes, and do not end. The second ignores SIGTERM.
const ENDLESS: [&str; 2] = [
    r#"sleep 1000 & echo "$$ $!" >> "$0"; wait"#,
    r#"trap '' TERM; sleep 1000 & echo "$$ $!" >> "$0"; while :; do wait; done"#,
];

#[test]
fn one_that_runs_for_too_long_is_ended_with_its_children() {
    for script in ENDLESS {
        for args in [&[][..], &["--reply-stdout"]] {
            let stage = Stage::demo();
            let mut watch = stage.exec(&[args, &["--exec-timeout", "0.3"]].concat(), script);
            for said in ["one", "two"] {
                stage.tell(&mut watch, said);
            }
            let processes = stage.noted_lines(2).join(" ");
            stage.until_stored(2);
            until(|| !processes.split(' ').any(runs));
            let warnings = warnings(&watch.kill());
            assert_eq!(warnings.len(), 2, "{warnings:?}");
            let words = "/bin/sh was ended with its children, because it ran for longer than 0.3 s (event user-10002-";
            assert!(warnings[0].starts_with(words), "{warnings:?}");
        }
    }
}

#[test]
fn what_it_leaves_behind_with_its_stdout_is_ended_in_time_too() {
    let stage = Stage::demo();
    let script = r#"sleep 1000 & echo "$!" >> "$0"; echo answer"#;
    let mut watch = stage.exec(&["--reply-stdout", "--exec-timeout", "0.3"], script);
    stage.tell(&mut watch, "one");
    let left = stage.noted_lines(1).remove(0);
    stage.until_stored(1);
    until(|| !runs(&left));
    let sent = stage.asked("send_msg");
    assert_eq!(sent, 0, "nobody knows whether the answer is whole");
}

#[test]
fn a_second_signal_ends_the_watch_at_once_and_leaves_nothing_behind() {
    for script in ENDLESS {
        let stage = Stage::demo();
        let mut watch = stage.exec(&[], script);
        stage.tell(&mut watch, "one");
        let processes = stage.noted_lines(1).join(" ");
        assert!(processes.split(' ').all(runs), "{processes}");
        // A second signal that arrives before the first is handled merges with it.
        until(|| {
            watch.signal("TERM");
            watch.has_ended()
        });
        assert_eq!(watch.end().code, 1);
        until(|| !processes.split(' ').any(runs));
        assert_eq!(stage.stored().len(), 1, "the event comes again");
    }
}
