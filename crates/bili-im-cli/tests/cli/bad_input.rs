//! Input that is refused before any request.

use crate::support::{CREATOR, STRANGER, Stage, feed, finish};

/// Runs commands, and checks that each is refused before any request.
fn refused(cases: &[(&str, &str)]) {
    let stage = Stage::demo();
    stage.fail(2, cases);
    assert!(stage.requests().is_empty());
}

#[test]
fn a_text_that_is_empty_or_no_text_is_refused() {
    let stage = Stage::demo();
    let empty = "the text is empty";
    stage.run(&["send", "10002", ""]).failed(2, empty);
    for (input, words) in [
        (&b""[..], empty),
        (b"\n", empty),
        (b"\xff\xfe", "not UTF-8"),
    ] {
        feed(&mut stage.command("send 10002 -"), input).failed(2, words);
    }
    assert!(stage.requests().is_empty());
}

#[test]
fn a_text_that_is_too_long_is_refused_by_how_much() {
    let frame = r#"{"content":""}"#.len();
    let fits = "a".repeat(2000 - frame);
    let stage = Stage::demo();
    stage.done(&format!("send 10002 {fits}"));
    let words = "3 bytes too long: 2003 once encoded, and 2000 is the most";
    refused(&[(&format!("send 10002 {fits}中"), words)]);
    let endless = vec![b'a'; 3 << 20];
    feed(&mut stage.command("send 10002 -"), &endless).failed(2, "too long");
    assert_eq!(stage.asked("send_msg"), 1);
}

#[test]
fn a_receiver_that_nobody_is_is_refused() {
    refused(&[
        ("send -1 hi", "unexpected argument"),
        ("send 0 hi", "<UID>"),
        ("send x hi", "<UID>"),
        ("send 1.5 hi", "<UID>"),
        ("send 18446744073709551616 hi", "<UID>"),
        ("pin 0", "<UID>"),
        ("who 0", "UID"),
        ("recall 10002 0", "<MSG_KEY>"),
        ("intercept --group 20001", "--group"),
    ]);
    let stage = Stage::demo();
    stage.run(&["send", "", "hi"]).failed(2, "<UID>");
}

#[test]
fn one_cannot_write_to_oneself() {
    let words = "one cannot write to oneself";
    refused(&[
        ("send 10001 hi", words),
        ("send 10001 hi --dry-run", words),
        ("send-image 10001 https://i0.hdslb.com/x.jpg", words),
    ]);
}

#[test]
fn an_image_elsewhere_is_refused_with_the_way_around() {
    let stage = Stage::demo();
    let ran = stage.run("send-image 10002 https://hdslb.com.example/x.jpg");
    ran.failed(2, "hdslb.com.example");
    assert!(ran.err.contains("--any-host"));
    for url in ["ftp://i0.hdslb.com/x.jpg", "https://a@i0.hdslb.com/x"] {
        for option in ["", "--any-host"] {
            let ran = stage.run(&format!("send-image 10002 {url} {option}"));
            ran.failed(2, "not the https address");
        }
    }
    assert!(stage.requests().is_empty());
}

#[test]
fn a_cookie_without_sessdata_is_refused() {
    let stage = Stage::demo();
    for (cookie, words) in [
        ("x", "no cookie of bilibili"),
        ("[]", "no cookie of bilibili"),
        (
            "bili_jct=a; DedeUserID=10001",
            "bili_jct, DedeUserID but no SESSDATA",
        ),
        ("SESSDATA=", "gives no value for it"),
        (r#"{"SESSDATA":"#, "line 1, column"),
    ] {
        stage.run_as(cookie, "unread").failed(2, words);
    }
    assert!(stage.requests().is_empty());
}

#[test]
fn an_address_that_is_none_or_in_plain_http_elsewhere_is_refused() {
    let stage = Stage::demo();
    for (endpoint, words) in [
        ("http://192.0.2.1", "use https"),
        ("http://example.com:8970", "use https"),
        ("127.0.0.1:80", "not an address"),
        ("https://a/path", "not an address"),
        ("ftp://127.0.0.1", "not an address"),
    ] {
        stage.fail(2, &[(&format!("--endpoint {endpoint} unread"), words)]);
        finish(stage.command("unread").env("BILI_IM_ENDPOINT", endpoint)).failed(2, words);
    }
}

#[test]
fn wrong_arguments_are_told_in_few_lines() {
    refused(&[
        ("sen 10002 hi", "unrecognized subcommand 'sen'"),
        ("send 10002", "<TEXT>"),
        ("send friend hi", "a number is wanted, not a name"),
        ("send 10002 hi there", "unexpected argument"),
        ("send 10002 -ah", "unexpected argument"),
        ("send 10002 -hello", "begins with a dash"),
        ("unread --jsno", "unexpected argument '--jsno'"),
        ("sessions --type x", "--type"),
        ("who", "UID"),
        ("unread --watch --interval 0.0", "must be above 0"),
        ("history 10002 --limit 0", "--limit"),
        ("history 10002 --before x", "--before"),
        ("history 10002 --all --limit 5", "--limit"),
        ("settings set", "KEY=VALUE"),
        ("settings set x", "is_group_fold=on"),
        ("settings set x=on", "there are msg_notify"),
        ("settings set msg_notify=2", "on (1) or off (3)"),
        ("settings set is_group_fold=", "on (1) or off (0)"),
        ("block-words add", "WORD"),
        ("auto-reply set x hi", "followed, keys, recv, voyage"),
        (
            "auto-reply set recv hi --title t",
            "only a reply of the kind keys",
        ),
        ("auto-reply set keys hi", "a title and a keyword"),
        ("auto-reply clear", "KIND"),
        ("auto-reply clear recv --id 5", "cannot be used"),
    ]);
}

#[test]
fn a_wrong_use_is_told_as_json_too() {
    let stage = Stage::demo();
    let error = stage.run("send 0 hi --json").error();
    assert_eq!(error["kind"], "Usage");
    assert!(error["code"].is_null() && error["endpoint"].is_null());
    let error = stage.run("send 10001 hi --json").error();
    assert_eq!(error["kind"], "Usage");
    assert_eq!(error["message"], "one cannot write to oneself");
    // After `--` it is an ordinary text.
    stage.run("send 0 -- --json").failed(2, "<UID>");
}

#[test]
fn without_a_uid_in_the_cookie_the_service_says_whose_it_is() {
    let stage = Stage::demo();
    let cookie = stage.cookie(CREATOR);
    let (cookie, _) = cookie.split_once("; DedeUserID").unwrap();
    let run = |to| stage.run_as(cookie, &format!("send {to} hi"));
    run("10001").failed(2, "one cannot write to oneself");
    assert_eq!(stage.asked("send_msg"), 0);
    assert_eq!(run(STRANGER).code, 0);
}
