//! The sources of the login.

use std::fs;

use crate::support::{CREATOR, FRIEND, SECRETS, Stage, feed, finish};

#[test]
fn a_file_holds_the_cookie_in_any_of_its_forms() {
    let stage = Stage::demo();
    let path = stage.state_dir().join("cookie");
    let [sessdata, bili_jct] = SECRETS;
    for text in [
        stage.cookie(CREATOR),
        format!("Cookie: {}\n", stage.cookie(CREATOR)),
        format!("SESSDATA={sessdata}\nbili_jct={bili_jct}\n"),
        format!(r#"[{{"name":"SESSDATA","value":"{sessdata}","domain":".bilibili.com"}}]"#),
    ] {
        fs::write(&path, text).unwrap();
        let mut command = stage.command(&["whoami", "--cookie-file", path.to_str().unwrap()]);
        let ran = finish(command.env_remove("BILI_IM_COOKIE"));
        assert!(ran.out.starts_with("uid 10001\n"), "{ran:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_others_can_read_is_used_with_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::demo();
    let path = stage.state_dir().join("cookie");
    fs::write(&path, stage.cookie(CREATOR)).unwrap();
    for (mode, warned) in [(0o600, false), (0o400, false), (0o644, true), (0o640, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let ran = stage.run(&["whoami", "--cookie-file", path.to_str().unwrap()]);
        assert_eq!(ran.code, 0);
        assert_eq!(ran.err.contains("others can read"), warned, "{mode:o}");
        assert_eq!(ran.err.contains("chmod 600"), warned, "{mode:o}");
    }
}

#[test]
fn stdin_holds_the_cookie_when_asked_to() {
    let stage = Stage::demo();
    let mut command = stage.command(&["send", FRIEND, "hi", "--cookie-stdin"]);
    command.env("BILI_IM_COOKIE", "SESSDATA=not this one");
    let ran = feed(&mut command, stage.cookie(CREATOR).as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn stdin_cannot_hold_the_cookie_and_the_text() {
    let stage = Stage::demo();
    let mut command = stage.command(&["send", FRIEND, "-", "--cookie-stdin"]);
    feed(&mut command, stage.cookie(CREATOR).as_bytes()).failed(2, "both the cookie and the text");
    let args = ["unread", "--cookie-stdin", "--cookie-file", "x"];
    stage.run(&args).failed(2, "cannot be used with");
    assert!(stage.requests().is_empty());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let stage = Stage::demo();
    stage
        .run(&["unread", "--cookie-file", "/nowhere/cookie"])
        .failed(2, "/nowhere/cookie");
    let path = stage.state_dir().join("cookie");
    fs::write(&path, b"\xff").unwrap();
    stage
        .run(&["unread", "--cookie-file", path.to_str().unwrap()])
        .failed(2, "it is not text");
}

#[test]
fn there_is_no_argument_for_the_cookie_and_one_tried_is_not_repeated() {
    let stage = Stage::demo();
    for argument in [
        "--cookie=SESSDATA=sim-10001",
        "--cookie=sim-10001",
        "--cookie-stdin=sim-10001",
        "SESSDATA=sim-10001; bili_jct=00000000000000000000000000010001",
    ] {
        assert_eq!(stage.run(&["unread", argument]).code, 2);
        assert_eq!(stage.run(&["unread", "--json", argument]).code, 2);
    }
    let help = stage.run(&["--help"]);
    assert!(help.out.contains("BILI_IM_COOKIE"));
}

#[test]
fn the_end_of_the_login_is_shown_and_announced() {
    let stage = Stage::demo();
    let path = stage.state_dir().join("cookie.json");
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (end, warning) in [
        (now + 100 * 86400, None),
        (now + 3 * 86400 + 3600, Some("expires in 3 days")),
        (now - 1, Some("has expired")),
    ] {
        let export = format!(
            r#"[{{"name":"SESSDATA","value":"{}","expirationDate":{end}.5}}]"#,
            SECRETS[0]
        );
        fs::write(&path, export).unwrap();
        let ran = stage.run(&["whoami", "--json", "--cookie-file", path.to_str().unwrap()]);
        assert_eq!(ran.json()["expires"], end);
        for words in ["expires in", "has expired"] {
            let expected = warning.is_some_and(|warning| warning.contains(words));
            assert_eq!(ran.err.contains(words), expected, "{ran:?}");
        }
    }
}
