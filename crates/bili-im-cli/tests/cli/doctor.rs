//! `bili-im doctor`

use std::fs;

use serde_json::Value;

use crate::support::{CREATOR, Stage, finish};

fn status(report: &Value, name: &str) -> String {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap()["status"].as_str().unwrap().to_owned()
}

#[test]
fn when_all_is_well_every_line_says_so() {
    let stage = Stage::demo();
    let report = stage.done("doctor");
    for name in [
        "version", "config", "logins", "state", "archive", "network", "clock", "login", "pace",
    ] {
        let line = report
            .lines()
            .find(|line| line.starts_with(&format!("ok       {name}")));
        assert!(line.is_some(), "{name}: {report}");
    }
    assert!(report.contains("(10001)"), "{report}");
    let mut command = stage.command("doctor");
    let chinese = finish(command.env("BILI_IM_LANG", "zh")).out;
    assert!(chinese.contains("正常  时钟     与服务一致"), "{chinese}");
}

#[test]
fn the_archive_is_counted_and_a_damaged_one_is_a_fault() {
    let stage = Stage::demo();
    stage.done("sync");
    let report = stage.done("doctor");
    assert!(
        report.contains("9 messages of 2 conversations in "),
        "{report}"
    );
    let mut file = fs::read(stage.archive_file()).unwrap();
    file[4096..8192].fill(0xa5);
    fs::write(stage.archive_file(), file).unwrap();
    let ran = stage.run("doctor --json");
    assert_eq!(
        (ran.code, status(&ran.json(), "archive")),
        (1, "fault".to_owned())
    );
}

#[test]
fn a_message_that_cannot_be_read_is_a_fault() {
    let stage = Stage::demo();
    stage.done("sync");
    let mut file = fs::read(stage.archive_file()).unwrap();
    let written = "\"sender_uid\"".as_bytes();
    let at = file.windows(written.len()).position(|part| part == written);
    file[at.unwrap()] = 0xa5;
    fs::write(stage.archive_file(), file).unwrap();
    let ran = stage.run("doctor");
    let words = "fault    archive  the archive is damaged: messages that cannot be read: 1";
    assert!(ran.code == 1 && ran.out.contains(words), "{ran:?}");
}

#[test]
fn an_archive_of_another_account_or_that_is_not_complete_is_told() {
    let stage = Stage::demo();
    stage.done("sync");
    let ran = stage.run_as(stage.cookie(10003), "doctor");
    let words = "fault    archive  the archive belongs to account 10001, and this to account 10003";
    assert!(ran.code == 1 && ran.out.contains(words), "{ran:?}");
    let ran = Stage::unfinished().run("doctor");
    let words =
        "; conversations that are not complete yet: 2 of 2\n         to do:   bili-im sync\n";
    assert!(ran.code == 0 && ran.out.contains(words), "{ran:?}");
}

#[test]
fn each_fault_is_told_with_what_to_do() {
    let stage = Stage::demo();
    let ran = stage.run_as(
        "SESSDATA=old; bili_jct=x; DedeUserID=10001",
        "doctor --json",
    );
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()["ok"], false);
    assert_eq!(status(&ran.json(), "login"), "fault");
    assert_eq!(status(&ran.json(), "network"), "ok");
    let ran = stage.run("doctor --endpoint http://127.0.0.1:1");
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("fault    network  http://127.0.0.1:1 does not answer"),
        "{ran:?}"
    );
    assert!(ran.out.contains("to do:   check the network"), "{ran:?}");
    assert!(
        ran.out.contains("warning  login    it cannot be checked"),
        "{ran:?}"
    );
    fs::create_dir_all(stage.config_dir()).unwrap();
    fs::write(stage.config_dir().join("config.toml"), "x = 1").unwrap();
    let ran = stage.run("doctor --json");
    assert_eq!(
        (ran.code, status(&ran.json(), "config")),
        (1, "fault".to_owned())
    );
}

#[test]
fn the_pace_is_told() {
    let stage = Stage::demo();
    stage.run("unread --paced");
    let report = stage.run("doctor --paced").out;
    assert!(
        report.contains("ok       pace     requests are reserved until "),
        "{report}"
    );
    stage.stop();
    let ran = stage.run("doctor --paced");
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("fault    pace     risk control stopped the account until"),
        "{ran:?}"
    );
}

#[test]
#[cfg(unix)]
fn open_files_and_a_login_that_only_reads_are_warnings() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::demo();
    stage.login("", &stage.cookie(CREATOR));
    stage.done("sync");
    for file in [stage.profile_file("default"), stage.archive_file()] {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let cookie = stage.cookie(CREATOR);
    let readable = cookie
        .split("; ")
        .filter(|pair| !pair.starts_with("bili_jct"));
    let readable = readable.collect::<Vec<_>>().join("; ");
    let ran = stage.run_as(readable, "doctor --json");
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut command = stage.command("doctor");
    let chinese = finish(command.env("BILI_IM_LANG", "zh")).out;
    let archive = chinese
        .lines()
        .find(|line| line.contains("  存档  "))
        .unwrap();
    let column = |line: &str, words: &str| {
        let (before, _) = line.split_once(words).unwrap();
        before
            .chars()
            .map(|c| 1 + usize::from(c > '\u{7f}'))
            .sum::<usize>()
    };
    let advice = chinese
        .lines()
        .find(|line| line.contains("chmod 600"))
        .unwrap();
    assert_eq!(
        column(archive, "其他用户"),
        column(advice, "chmod"),
        "{chinese}"
    );
    for name in ["logins", "archive", "login"] {
        assert_eq!(status(&ran.json(), name), "warning", "{ran:?}");
    }
}
