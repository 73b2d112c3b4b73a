//! The file of settings.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
    path::PathBuf,
    process::Command,
};

use serde_json::Value;

use crate::support::{CREATOR, Ran, Stage, finish};

/// Writes the file where the program looks for it.
fn with_file(stage: &Stage, text: &str) -> PathBuf {
    fs::create_dir_all(stage.config_dir()).unwrap();
    let path = stage.config_dir().join("config.toml");
    fs::write(&path, text).unwrap();
    path
}

/// A command that takes nothing from the environment.
fn kept(stage: &Stage, args: &str) -> Command {
    let mut command = stage.command(args);
    for variable in ["BILI_IM_LANG", "BILI_IM_ENDPOINT", "BILI_IM_COOKIE"] {
        command.env_remove(variable);
    }
    command
}

fn run(stage: &Stage, args: &str) -> Ran {
    finish(&mut kept(stage, args))
}

#[test]
fn the_file_gives_defaults_that_options_and_variables_override() {
    let stage = Stage::demo();
    stage.login("--profile work", &stage.cookie(CREATOR));
    let endpoint = stage.endpoint();
    with_file(
        &stage,
        &format!(
            "profile = 'work'\nlang = 'zh'\ncolor = 'always'\n[profiles.work]\nendpoint = '{endpoint}'\n"
        ),
    );
    let ran = run(&stage, "whoami");
    assert!(ran.out.contains("名字 "), "{ran:?}");
    assert!(run(&stage, "profiles").out.contains('\u{1b}'));
    assert!(!run(&stage, "profiles --color never").out.contains('\u{1b}'));
    assert!(run(&stage, "whoami --lang en").out.contains("name "));
    let mut command = kept(&stage, "whoami");
    assert!(
        finish(command.env("BILI_IM_LANG", "en"))
            .out
            .contains("name ")
    );
    run(&stage, "whoami --profile other --lang en --color never").failed(3, "nobody is logged in");
}

#[test]
fn show_says_where_each_setting_comes_from() {
    let stage = Stage::demo();
    let path = with_file(
        &stage,
        "paced = true\n\nlang = 'en'\ncookie_command = 'echo SESSDATA=x'\n",
    );
    let mut command = kept(&stage, "config --json --profile a");
    command.env("BILI_IM_ENDPOINT", "http://127.0.0.1:1");
    let shown: Value = finish(&mut command).json();
    let setting = |name: &str| {
        let settings = shown["settings"].as_array().unwrap();
        let found = settings
            .iter()
            .find(|setting| setting["name"] == name)
            .unwrap();
        ["value", "from", "place"].map(|field| found[field].as_str().unwrap_or_default().to_owned())
    };
    let line = |number: usize| format!("{}:{number}", path.display());
    assert_eq!(setting("profile"), ["a", "option", "--profile"]);
    assert_eq!(
        setting("endpoint"),
        ["http://127.0.0.1:1", "environment", "BILI_IM_ENDPOINT"]
    );
    assert_eq!(setting("paced"), ["true", "file", &line(1)]);
    assert_eq!(setting("lang"), ["en", "file", &line(3)]);
    assert_eq!(setting("color"), ["auto", "default", ""]);
    assert_eq!(
        setting("cookie_command"),
        ["", "default", ""],
        "it is that of default"
    );
    let table = run(&stage, "config").out;
    assert!(table.contains("cookie_command  ***"), "{table}");
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("quiet") && line.ends_with("default"))
    );
}

#[test]
fn a_faulty_file_is_refused_with_its_line() {
    let stage = Stage::demo();
    for (text, message, advice) in [
        (
            "\nlnag = 'zh'",
            "line 2: there is no setting lnag",
            "lang, color, quiet",
        ),
        (
            "json = true",
            "line 1: there is no setting json",
            "lang, color",
        ),
        (
            "lang = 'fr'",
            "line 1: lang: allowed are \"zh\", \"en\"",
            "config edit",
        ),
        (
            "paced = 'yes'",
            "paced: allowed are true and false",
            "config edit",
        ),
        (
            "endpoint = 'http://example.org'",
            "endpoint: an address like https://HOST",
            "config edit",
        ),
        (
            "[profile.a]",
            "line 1: profile is no section",
            "[profiles.NAME]",
        ),
        (
            "[profiles.a]\nlang = 'zh'",
            "line 2: a profile has no lang",
            "endpoint, paced",
        ),
        (
            "\n[profiles.'a b']",
            "line 2: profiles.a b is no section",
            "letters, digits",
        ),
        (
            &"#\n".repeat(1 + (1 << 19)),
            "longer than 1 MiB",
            "config edit",
        ),
        ("a = 1\nb =", "line 2: ", "config edit"),
    ] {
        let path = with_file(&stage, text);
        // Without a language in the environment, the file is asked for it.
        let ran = run(&stage, "unread");
        ran.failed(2, message);
        assert!(ran.err.contains(path.to_str().unwrap()), "{ran:?}");
        assert!(ran.err.contains(advice), "{ran:?}");
        assert_eq!(stage.run("config path").out.trim(), path.to_str().unwrap());
    }
    stage.run("config").failed(2, "line 2");
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    let stage = Stage::demo();
    let path = with_file(&stage, "");
    for mode in [0o666, 0o664] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        stage.run("unread").failed(2, "others can write it");
    }
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    stage.done("unread");
    // Only root can give a file away.
    if chown(&path, Some(1), None).is_ok() {
        stage.run("unread").failed(2, "it belongs to another user");
    }
}

#[test]
fn another_path_is_read_when_the_variable_says_so() {
    let stage = Stage::demo();
    let path = stage.state_dir().join("mine.toml");
    fs::write(&path, "lang = 'zh'").unwrap();
    let mut command = kept(&stage, "send 0 x");
    assert!(
        finish(command.env("BILI_IM_CONFIG", &path))
            .err
            .starts_with("错误")
    );
}

#[test]
fn the_cookie_comes_from_a_command_and_is_never_shown() {
    let stage = Stage::demo();
    let cookie = stage.state_dir().join("cookie");
    fs::write(&cookie, format!("{}\nmore\n", stage.cookie(CREATOR))).unwrap();
    let command = |command: &str| {
        let endpoint = stage.endpoint();
        with_file(
            &stage,
            &format!("endpoint = '{endpoint}'\ncookie_command = \"{command}\""),
        );
        run(&stage, "whoami")
    };
    let ran = command(&format!("cat {}", cookie.display()));
    assert!(ran.out.starts_with("uid 10001\n"), "{ran:?}");
    command("exit 3").failed(3, "cookie_command failed: exit status: 3");
    command("true").failed(3, "cookie_command printed no cookie");
    command("echo sim-10001").failed(2, "cookie_command: this has no cookie of bilibili");
    // A login that is given comes first.
    command("exit 3");
    let mut given = kept(&stage, "whoami");
    assert_eq!(
        finish(given.env("BILI_IM_COOKIE", stage.cookie(CREATOR))).code,
        0
    );
    run(&stage, "whoami --profile other").failed(3, "nobody is logged in");
}

#[test]
fn edit_opens_the_editor_and_checks_the_file() {
    let stage = Stage::demo();
    let editor = stage.state_dir().join("editor");
    fs::write(&editor, "#!/bin/sh\nprintf \"lang = 'x'\" > \"$1\"\n").unwrap();
    fs::set_permissions(&editor, Permissions::from_mode(0o700)).unwrap();
    let mut command = kept(&stage, "config edit");
    finish(command.env("EDITOR", &editor)).failed(2, "line 1: lang: allowed are");
    let mut command = kept(&stage, "config edit");
    finish(command.env("EDITOR", "/nowhere/editor")).failed(1, "cannot be edited with");
}
