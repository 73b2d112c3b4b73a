//! Stored logins: `login` with a cookie, `logout` and `profiles`.

use std::fs;

use bili_im_sim::faults::Kind;
use serde_json::{Value, json};

use crate::support::{CREATOR, Ran, SECRETS, Stage, feed, finish};

fn logged_in() -> Stage {
    let stage = Stage::demo();
    assert_eq!(stage.login("", &stage.cookie(CREATOR)).code, 0);
    stage
}

#[test]
fn a_cookie_is_kept_for_later_commands() {
    let stage = Stage::demo();
    let ran = stage.login("", &stage.cookie(CREATOR));
    assert_eq!(
        ran.out,
        "logged in as 演示UP主 (10001), kept as profile default\n"
    );
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let ran = stage.run_kept("whoami");
    assert!(ran.out.starts_with("uid 10001\nname 演示UP主\nlevel 6\n"));
    assert_eq!(stage.run_kept("send 10002 hi").code, 0);
}

#[test]
fn what_the_cookie_lacks_is_asked_for_once_and_kept() {
    let stage = Stage::demo();
    let cookie = stage.cookie(CREATOR);
    let (cookie, _) = cookie.split_once("; DedeUserID").unwrap();
    assert_eq!(stage.login("", cookie).code, 0);
    assert_eq!(stage.asked("spi"), 1);
    let stored = fs::read_to_string(stage.profile_file("default")).unwrap();
    assert!(stored.contains("; DedeUserID=10001; buvid3="));
    // The stored login has the uid, so that no request for it is needed.
    stage.run_kept("send 10001 hi").failed(2, "oneself");
    assert_eq!(stage.asked("spi"), 1);
}

#[test]
fn the_cookie_of_the_environment_is_kept_too() {
    let stage = Stage::demo();
    let kept = stage.json("login --profile work");
    assert_eq!(
        kept,
        json!({"profile": "work", "uid": "10001", "name": "演示UP主", "expires": null})
    );
    let ran = stage.run_kept("whoami --profile work");
    assert!(ran.out.starts_with("uid 10001\n"));
}

#[test]
fn what_is_no_login_is_not_kept() {
    let stage = Stage::demo();
    for (cookie, code, words) in [
        ("SESSDATA=old; bili_jct=x", 3, "not logged in"),
        ("nothing", 2, "no cookie of bilibili"),
        ("bili_jct=x", 2, "bili_jct but no SESSDATA"),
    ] {
        stage.login("", cookie).failed(code, words);
    }
    assert!(!stage.profile_file("default").exists());
}

#[test]
fn a_login_that_cannot_be_checked_is_kept_with_a_warning() {
    let stage = Stage::demo().with_fault("nav", Kind::Html);
    let ran = stage.login("", &stage.cookie(CREATOR));
    assert_eq!(ran.code, 0);
    let words = "warning: the login is kept without a check";
    assert!(ran.err.starts_with(words), "{ran:?}");
    assert_eq!(stage.run_kept("unread").code, 0);
}

#[test]
fn a_cookie_that_only_reads_is_kept_with_a_warning() {
    let stage = Stage::demo();
    let ran = stage.login("", "SESSDATA=sim-10001");
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("no bili_jct"));
    let ran = stage.run_kept("send 10002 hi");
    ran.failed(2, "no bili_jct");
}

#[test]
#[cfg(unix)]
fn a_login_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let stage = logged_in();
    let file = stage.profile_file("default");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.clone()), 0o600);
    assert_eq!(mode(file.parent().unwrap().to_owned()), 0o700);
    assert_eq!(mode(stage.config_dir()), 0o700);
    for others in [0o640, 0o604, 0o644, 0o660] {
        fs::set_permissions(&file, fs::Permissions::from_mode(others)).unwrap();
        for args in ["whoami", "send 10002 hi", "logout"] {
            let before = stage.requests();
            let ran = stage.run_kept(args);
            ran.failed(3, "others can read");
            assert!(ran.err.contains(&format!("chmod 600 {}", file.display())));
            assert_eq!(stage.requests(), before);
        }
        let error = stage.run_kept("whoami --json").error();
        assert_eq!(error["kind"], "NoCredential");
    }
    let listed = stage.run_kept("profiles");
    assert!(listed.out.contains("others can read"));
    // Logging in again replaces the file.
    assert_eq!(stage.login("", &stage.cookie(CREATOR)).code, 0);
    assert_eq!(mode(file), 0o600);
    assert_eq!(stage.run_kept("whoami").code, 0);
}

#[test]
fn a_file_that_holds_no_login_is_told_without_its_content() {
    let stage = logged_in();
    let file = stage.profile_file("default");
    let stored: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let mut newer = stored.clone();
    newer["version"] = json!(2);
    let mut empty = stored;
    empty["cookie"] = json!("sim-10001");
    for damaged in [
        "".to_owned(),
        "sim-10001".to_owned(),
        newer.to_string(),
        empty.to_string(),
    ] {
        fs::write(&file, damaged).unwrap();
        let ran = stage.run_kept("whoami");
        ran.failed(3, "holds no login that can be used");
        assert!(ran.err.contains("bili-im login"));
    }
}

#[test]
fn what_is_given_comes_before_what_is_kept() {
    let stage = Stage::demo();
    assert_eq!(stage.login("", &stage.cookie(10002)).code, 0);
    let who = |ran: Ran| ran.out.lines().next().unwrap().to_owned();
    assert_eq!(who(stage.run_kept("whoami")), "uid 10002");
    assert_eq!(who(stage.run("whoami")), "uid 10001", "the environment");
    let from_stdin = |args: &str| {
        let mut command = stage.command(args);
        feed(&mut command, stage.cookie(10003).as_bytes())
    };
    assert_eq!(who(from_stdin("whoami --cookie-stdin")), "uid 10003");
    // `--profile` comes before a cookie in the environment.
    let ran = stage.run("whoami --profile default");
    assert_eq!(who(ran), "uid 10002");
    let both = "whoami --profile default --cookie-stdin";
    from_stdin(both).failed(2, "only one can be used");
}

#[test]
fn a_login_that_replaces_another_accounts_says_so() {
    let stage = logged_in();
    assert_eq!(stage.login("", &stage.cookie(CREATOR)).err, "");
    let ran = stage.login("", &stage.cookie(10002));
    let words = "warning: this replaces the login of 演示UP主 (10001) in profile default; ";
    assert!(ran.code == 0 && ran.err.starts_with(words), "{ran:?}");
    assert!(
        ran.err.ends_with("bili-im login --profile NAME\n"),
        "{ran:?}"
    );
}

#[test]
fn profiles_are_kept_apart() {
    let stage = logged_in();
    assert_eq!(stage.login("--profile work", &stage.cookie(10002)).code, 0);
    let by_variable = |name: &str| {
        let mut command = stage.command("whoami");
        command.env_remove("BILI_IM_COOKIE");
        finish(command.env("BILI_IM_PROFILE", name))
    };
    for (ran, uid) in [
        (stage.run_kept("whoami --profile work"), "uid 10002\n"),
        (by_variable("work"), "uid 10002\n"),
        (stage.run_kept("whoami"), "uid 10001\n"),
    ] {
        assert!(ran.out.starts_with(uid), "{ran:?}");
    }
    let ran = stage.run_kept("whoami --profile none");
    let said = ran.failed(3, "nobody is logged in with profile none; there are: ");
    assert!(
        said.err.contains("bili-im login --profile none"),
        "{said:?}"
    );
    for name in ["../x", "a/b", "", "."] {
        let ran = stage.run_kept(&["whoami", "--profile", name]);
        ran.failed(2, "--profile");
        if !name.is_empty() {
            by_variable(name).failed(2, "BILI_IM_PROFILE");
        }
    }
}

#[test]
fn profiles_are_listed_without_secrets() {
    let stage = logged_in();
    let listed = stage.json("profiles");
    assert_eq!(listed["profiles"].as_array().unwrap().len(), 1);
    let export = json!([
        {"name": "SESSDATA", "value": "sim-10002", "expirationDate": 1_900_000_000.5},
        {"name": "bili_jct", "value": "x"},
    ]);
    let ran = stage.login("--profile work", &export.to_string());
    assert_eq!(ran.code, 0, "{ran:?}");
    let other = stage.profile_file("not a profile");
    fs::write(other, "x").unwrap();
    let ran = stage.run_kept("profiles");
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("PROFILE   UID    NAME      EXPIRES     ENDPOINT"));
    assert!(lines[1].starts_with("default*  10001  演示UP主              http://127.0.0.1:"));
    assert!(lines[2].starts_with("work      10002  铁粉小明  2030-03-"));
    assert_eq!(
        stage.json("profiles --profile work")["profiles"][1],
        json!({"profile": "work", "is_chosen": true, "uid": "10002", "name": "铁粉小明",
               "expires": 1_900_000_000, "endpoint": stage.endpoint(), "problem": null})
    );
}

#[test]
fn without_any_profile_the_list_is_empty() {
    let stage = Stage::demo();
    assert_eq!(stage.json("profiles"), json!({"profiles": []}));
    assert!(stage.requests().is_empty());
}

#[test]
fn the_end_of_a_kept_login_is_shown_and_announced_from_two_weeks_before() {
    let stage = Stage::demo();
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (days, is_announced) in [(15, false), (13, true)] {
        let end = now + days * 86400 + 3600;
        let export = json!([{"name": "SESSDATA", "value": "sim-10001", "expirationDate": end}]);
        stage.login("", &export.to_string());
        let ran = stage.run_kept("whoami");
        assert!(ran.out.contains("\nexpires 20"), "{ran:?}");
        let announced = ran.err.contains("expires in 13 days");
        assert_eq!(announced, is_announced, "{ran:?}");
        let ran = stage.run_kept("whoami --json");
        assert_eq!(ran.json()["expires"], end);
    }
}

#[test]
fn logging_out_ends_the_login_and_forgets_it() {
    let stage = logged_in();
    let ran = stage.run_kept("logout");
    assert_eq!(ran.out, "logged out, and profile default is forgotten\n");
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert_eq!(stage.asked("v2"), 1);
    assert!(!stage.profile_file("default").exists());
    stage.run_kept("whoami").failed(3, "nobody is logged in");
    stage.run("whoami").failed(3, "not logged in");
    stage.run_kept("logout").failed(3, "nobody is logged in");
}

#[test]
fn a_login_that_cannot_be_ended_is_kept_unless_told_otherwise() {
    let stage = logged_in().with_fault("v2", Kind::BreakOff);
    assert_eq!(stage.run_kept("logout").code, 6);
    assert!(stage.profile_file("default").exists());
    let ran = stage.run_kept("logout --local");
    assert_eq!((ran.code, &*ran.out), (0, "profile default is forgotten\n"));
    assert!(!stage.profile_file("default").exists());
    let ran = stage.run_kept("logout --local");
    assert_eq!((ran.code, &*ran.out), (0, "there was nothing to forget\n"));
}

#[test]
fn a_cookie_that_is_given_is_forgotten_and_so_is_a_login_that_had_ended_already() {
    let stage = logged_in();
    let ran = stage.login("--profile same", &stage.cookie(CREATOR));
    assert_eq!(ran.code, 0, "{ran:?}");
    // The cookie that is given is forgotten where it is kept.
    assert_eq!(stage.run("logout").code, 0);
    assert!(!stage.profile_file("default").exists());
    assert_eq!(stage.run_kept("logout --profile same").code, 0);
    assert!(!stage.profile_file("same").exists());
}

#[test]
fn logging_out_with_another_cookie_forgets_no_profile() {
    let stage = logged_in();
    let ran = stage.run_as(stage.cookie(10002), "logout --json");
    assert_eq!(ran.json(), json!({"logged_out": true, "forgotten": null}));
    assert!(ran.err.contains("worthless now"));
    assert_eq!(stage.run_kept("whoami").code, 0);
    // A profile that is named is used.
    let ran = stage.run_as(stage.cookie(10003), "logout --profile default");
    assert_eq!(ran.out, "logged out, and profile default is forgotten\n");
}

#[test]
fn a_dry_run_of_logging_out_ends_nothing() {
    let stage = logged_in();
    let ran = stage.run_kept("logout --dry-run");
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("biliCSRF=***"), "{ran:?}");
    assert_eq!(stage.asked("v2"), 0);
    assert!(stage.profile_file("default").exists());
}

#[test]
fn a_login_goes_only_where_it_was_made() {
    let stage = logged_in();
    let elsewhere = Stage::demo();
    let mut command = stage.command("whoami");
    command.env_remove("BILI_IM_COOKIE");
    let ran = finish(command.env("BILI_IM_ENDPOINT", elsewhere.endpoint()));
    ran.failed(3, "profile default is a login at http://127.0.0.1:");
    assert!(elsewhere.requests().is_empty());
    finish(command.env_remove("BILI_IM_ENDPOINT")).failed(3, "not at bilibili");
}

#[test]
fn a_login_that_cannot_be_kept_is_an_error() {
    let stage = Stage::demo();
    fs::write(stage.config_dir(), "a file").unwrap();
    let ran = stage.login("", &stage.cookie(CREATOR));
    ran.failed(1, "the login cannot be kept");
    let file = fs::read_to_string(stage.config_dir()).unwrap();
    assert!(!file.contains(SECRETS[0]));
}
