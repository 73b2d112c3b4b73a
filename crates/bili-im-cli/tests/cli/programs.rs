//! The program of `watch --exec`: its input, its time limit, and the end of its children.

use std::{fs, process::Command};

use serde_json::Value;

use crate::{
    running::Running,
    support::{CREATOR, SECRETS, Stage, feed, finish, until},
    watching::{OFTEN, text},
};

const FRIEND: u64 = 10002;

impl Stage {
    /// The number of lines in the cursor file: one more than events.
    fn stored_lines(&self) -> usize {
        let stored = fs::read_to_string(self.cursor());
        stored.map_or(0, |text| text.lines().count())
    }
}

/// Whether a process runs. A zombie does not.
fn runs(process: &str) -> bool {
    let shown = Command::new("ps")
        .args(["-o", "stat=", "-p", process])
        .output()
        .unwrap();
    let state = String::from_utf8(shown.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// The message of each warning.
fn warnings(watch: &mut Running) -> Vec<String> {
    let complaints = watch.complaints();
    let objects = complaints
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    objects
        .filter_map(|object| Some(object["warning"]["message"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn it_is_given_no_login() {
    let stage = Stage::demo();
    let mut watch = stage.exec(&[], r#"env | tr '\n' ' ' > "$0.env"; echo done >> "$0""#);
    stage.write(FRIEND, "hi");
    assert_eq!(text(&watch.json()), "hi");
    stage.noted_lines(1);
    let given = fs::read_to_string(stage.state_dir().join("notes.env")).unwrap();
    assert!(given.contains("BILI_IM_EVENT_ID="), "{given}");
    for secret in SECRETS.iter().chain(&["SESSDATA", "BILI_IM_COOKIE"]) {
        assert!(!given.contains(secret), "{given}");
    }
}

#[test]
fn its_commands_use_the_profile_and_the_service_that_the_watch_was_told_to_use() {
    let stage = Stage::demo();
    let mut login = stage.command(&["login", "--cookie-stdin", "--profile", "work"]);
    let cookie = stage.cookie(CREATOR);
    assert_eq!(feed(&mut login, cookie.as_bytes()).code, 0);
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script = format!(r#"{program} whoami > "$0.new" && mv "$0.new" "$0""#);
    let notes = stage.notes();
    let endpoint = stage.endpoint();
    let args = [
        &OFTEN[..],
        &["--json", "--profile", "work", "--endpoint", &endpoint],
        &[
            "--exec",
            "/bin/sh",
            "--",
            "-c",
            &script,
            notes.to_str().unwrap(),
        ],
    ];
    let mut command = stage.command(&args.concat());
    command
        .env_remove("BILI_IM_COOKIE")
        .env_remove("BILI_IM_ENDPOINT");
    let mut watch = Running::start(&mut command);
    until(|| watch.has_ended() || stage.asked("new_sessions") >= 2);
    stage.write(FRIEND, "hi");
    assert_eq!(text(&watch.json()), "hi");
    assert_eq!(stage.noted_lines(1)[0], format!("uid {CREATOR}"));
}

#[test]
fn its_commands_do_nothing_as_another_account_that_nobody_named() {
    let stage = Stage::demo();
    let mut login = stage.command(&["login"]);
    login.env("BILI_IM_COOKIE", stage.cookie(FRIEND));
    assert_eq!(finish(&mut login).code, 0);
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script =
        format!(r#"{program} send 10003 hi 2>> "$0"; {program} --profile default whoami >> "$0""#);
    let mut watch = stage.exec(&[], &script);
    stage.write(FRIEND, "hi");
    assert_eq!(text(&watch.json()), "hi");
    let notes = stage.noted_lines(3);
    let words =
        "error: this runs within a watch of uid 10001, and profile default is a login of uid 10002";
    assert_eq!(notes[0], words);
    assert_eq!(notes[2], "uid 10002");
    assert_eq!(stage.asked("send_msg"), 0);
}

#[test]
fn one_that_runs_for_too_long_is_ended_with_its_children() {
    // The second script ignores SIGTERM.
    for script in [
        r#"sleep 1000 & echo "$$ $!" >> "$0"; wait"#,
        r#"trap '' TERM; sleep 1000 & echo "$$ $!" >> "$0"; while :; do wait; done"#,
    ] {
        for args in [&[][..], &["--reply-stdout"]] {
            let stage = Stage::demo();
            let mut watch = stage.exec(&[args, &["--exec-timeout", "0.3"]].concat(), script);
            for said in ["one", "two"] {
                stage.write(FRIEND, said);
                let event = watch.json();
                assert_eq!(text(&event), said);
            }
            let processes = stage.noted_lines(2).join(" ");
            until(|| stage.stored_lines() == 3);
            until(|| !processes.split(' ').any(runs));
            watch.kill();
            let warnings = warnings(&mut watch);
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
    stage.write(FRIEND, "one");
    assert_eq!(text(&watch.json()), "one");
    let left = stage.noted_lines(1).remove(0);
    until(|| stage.stored_lines() == 2);
    until(|| !runs(&left));
    assert_eq!(
        stage.asked("send_msg"),
        0,
        "nobody knows whether the answer is whole"
    );
}

#[test]
fn one_that_is_quick_enough_is_not_ended() {
    let stage = Stage::demo();
    let mut watch = stage.exec(&["--exec-timeout", "60"], r#"echo "$$" >> "$0""#);
    stage.write(FRIEND, "hi");
    assert_eq!(text(&watch.json()), "hi");
    until(|| stage.stored_lines() == 2);
    watch.kill();
    assert_eq!(warnings(&mut watch), [""; 0]);
}

#[test]
fn it_is_not_left_behind_when_a_second_signal_ends_the_watch() {
    for script in [
        r#"sleep 1000 & echo "$$ $!" >> "$0"; wait"#,
        r#"trap '' TERM; sleep 1000 & echo "$$ $!" >> "$0"; while :; do wait; done"#,
    ] {
        let stage = Stage::demo();
        let mut watch = stage.exec(&[], script);
        stage.write(FRIEND, "one");
        assert_eq!(text(&watch.json()), "one");
        let processes = stage.noted_lines(1).join(" ");
        assert!(processes.split(' ').all(runs), "{processes}");
        until(|| {
            watch.signal("TERM");
            watch.has_ended()
        });
        assert_eq!(watch.end().code, 1);
        until(|| !processes.split(' ').any(runs));
        assert_eq!(stage.stored_lines(), 1, "the event comes again");
    }
}

#[test]
fn warnings_about_it_and_about_its_answer_name_the_event() {
    let stage = Stage::demo();
    let mut watch = stage.exec(
        &["--reply-stdout"],
        r#"[ "$BILI_IM_TEXT" = one ] && exit 3; head -c 2500 /dev/zero | tr '\0' a"#,
    );
    let mut ids = Vec::new();
    for said in ["one", "two"] {
        stage.write(FRIEND, said);
        ids.push(watch.json()["id"].as_str().unwrap().to_owned());
    }
    until(|| stage.stored_lines() == 3);
    watch.kill();
    let warnings = warnings(&mut watch);
    assert_eq!(
        warnings[0],
        format!("/bin/sh failed: exit status: 3 (event {})", ids[0])
    );
    assert!(
        warnings[1].starts_with("an answer was not sent: "),
        "{warnings:?}"
    );
    assert!(
        warnings[1].ends_with(&format!("(event {})", ids[1])),
        "{warnings:?}"
    );
}

#[test]
fn a_limit_needs_a_program() {
    let stage = Stage::demo();
    (stage.run(&["watch", "--exec-timeout", "5"])).failed(2, "--exec");
    let zero = ["watch", "--exec", "true", "--exec-timeout", "0"];
    (stage.run(&zero)).failed(2, "a number of seconds is wanted");
}
