//! Input that is refused before any request.

use crate::support::{CREATOR, FRIEND, Ran, STRANGER, Stage, feed, finish};

/// Runs a command, and checks that it made no request.
fn refused(args: &[&str], words: &str) {
    let stage = Stage::demo();
    stage.run(args).failed(2, words);
    assert!(stage.requests().is_empty(), "{args:?}");
}

#[test]
fn an_empty_text_is_refused() {
    refused(&["send", FRIEND, ""], "the text is empty");
    let stage = Stage::demo();
    for input in ["", "\n"] {
        feed(&mut stage.command(&["send", FRIEND, "-"]), input.as_bytes())
            .failed(2, "the text is empty");
    }
    assert!(stage.requests().is_empty());
}

#[test]
fn a_text_that_is_too_long_is_refused_by_how_much() {
    let frame = r#"{"content":""}"#.len();
    let fits = "a".repeat(2000 - frame);
    let stage = Stage::demo();
    assert_eq!(stage.run(&["send", FRIEND, &fits]).code, 0);
    refused(
        &["send", FRIEND, &(fits + "中")],
        "3 bytes too long: 2003 once encoded, and 2000 is the most",
    );
    let endless = vec![b'a'; 3 << 20];
    feed(&mut stage.command(&["send", FRIEND, "-"]), &endless).failed(2, "too long");
    assert_eq!(stage.asked("send_msg"), 1);
}

#[test]
fn stdin_that_is_no_text_is_refused() {
    let stage = Stage::demo();
    feed(&mut stage.command(&["send", FRIEND, "-"]), b"\xff\xfe").failed(2, "not UTF-8");
    assert!(stage.requests().is_empty());
}

#[test]
fn a_receiver_that_nobody_is_is_refused() {
    refused(&["send", "-1", "hi"], "unexpected argument");
    for uid in ["0", "x", "1.5", "18446744073709551616", ""] {
        refused(&["send", uid, "hi"], "<UID>");
    }
    refused(&["recall", FRIEND, "0"], "<MSG_KEY>");
}

#[test]
fn one_cannot_write_to_oneself() {
    refused(&["send", "10001", "hi"], "one cannot write to oneself");
    refused(
        &["send-image", "10001", "https://i0.hdslb.com/x.jpg"],
        "one cannot write to oneself",
    );
}

#[test]
fn an_image_elsewhere_is_refused_with_the_way_around() {
    let stage = Stage::demo();
    let ran = stage.run(&["send-image", FRIEND, "https://hdslb.com.example/x.jpg"]);
    ran.failed(2, "hdslb.com.example");
    assert!(ran.err.contains("--any-host"));
    assert!(stage.requests().is_empty());
    for url in ["ftp://i0.hdslb.com/x.jpg", "https://a@i0.hdslb.com/x"] {
        refused(&["send-image", FRIEND, url], "not the https address");
        refused(
            &["send-image", FRIEND, url, "--any-host"],
            "not the https address",
        );
    }
}

#[test]
fn a_cookie_without_sessdata_is_refused() {
    let stage = Stage::demo();
    for cookie in ["x", "bili_jct=a; DedeUserID=10001", "SESSDATA=", "[]"] {
        finish(stage.command(&["unread"]).env("BILI_IM_COOKIE", cookie)).failed(2, "no SESSDATA");
    }
    assert!(stage.requests().is_empty());
}

#[test]
fn a_change_without_bili_jct_is_refused_and_a_read_is_not() {
    let stage = Stage::demo();
    let cookie = "SESSDATA=sim-10001";
    let run = |args: &[&str]| -> Ran { finish(stage.command(args).env("BILI_IM_COOKIE", cookie)) };
    for args in [
        &["send", FRIEND, "hi"][..],
        &["send", FRIEND, "hi", "--dry-run"],
        &["send-image", FRIEND, "https://i0.hdslb.com/x.jpg"],
        &["recall", FRIEND, "5"],
    ] {
        run(args).failed(2, "no bili_jct");
    }
    assert!(stage.requests().is_empty());
    assert_eq!(run(&["unread"]).code, 0);
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let stage = Stage::demo();
    for endpoint in ["http://192.0.2.1", "http://example.com:8970"] {
        stage
            .run(&["--endpoint", endpoint, "unread"])
            .failed(2, "use https");
        finish(stage.command(&["unread"]).env("BILI_IM_ENDPOINT", endpoint)).failed(2, "use https");
    }
    for endpoint in ["127.0.0.1:80", "https://a/path", "ftp://127.0.0.1"] {
        stage
            .run(&["--endpoint", endpoint, "unread"])
            .failed(2, "not an address");
    }
}

#[test]
fn wrong_arguments_are_told_in_few_lines() {
    refused(&["sen", FRIEND, "hi"], "unrecognized subcommand 'sen'");
    refused(&["send", FRIEND], "<TEXT>");
    refused(&["send", FRIEND, "hi", "there"], "unexpected argument");
    refused(&["send", FRIEND, "-ah"], "unexpected argument");
    refused(&["send", FRIEND, "-hello"], "begins with a dash");
    refused(&["unread", "--jsno"], "unexpected argument '--jsno'");
}

#[test]
fn a_wrong_use_is_told_as_json_too() {
    let stage = Stage::demo();
    let error = stage.run(&["send", "0", "hi", "--json"]).error();
    assert_eq!(error["kind"], "Usage");
    assert!(error["code"].is_null() && error["endpoint"].is_null());
    let error = stage.run(&["send", "10001", "hi", "--json"]).error();
    assert_eq!(error["kind"], "Usage");
    assert_eq!(error["message"], "one cannot write to oneself");
    // After `--` it is an ordinary text.
    stage.run(&["send", "0", "--", "--json"]).failed(2, "<UID>");
}

#[test]
fn without_a_uid_in_the_cookie_the_service_says_whose_it_is() {
    let stage = Stage::demo();
    let cookie = stage.cookie(CREATOR);
    let (cookie, _) = cookie.split_once("; DedeUserID").unwrap();
    let run = |to| {
        finish(
            stage
                .command(&["send", to, "hi"])
                .env("BILI_IM_COOKIE", cookie),
        )
    };
    run("10001").failed(2, "one cannot write to oneself");
    assert_eq!(stage.asked("send_msg"), 0);
    assert_eq!(run(STRANGER).code, 0);
}
