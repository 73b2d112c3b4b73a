//! `--dry-run`.

use std::process::Command;

use serde_json::Value;

use crate::support::{FRIEND, Stage, finish};

#[test]
fn nothing_is_changed_and_secrets_are_masked() {
    let stage = Stage::demo();
    let sent = stage.json(&["send", FRIEND, "hi"]);
    let key = sent["msg_key"].as_str().unwrap();
    let messages = stage.snapshot().messages;
    for args in [
        &["send", FRIEND, "it's a text", "--dry-run"][..],
        &[
            "send-image",
            FRIEND,
            "https://i0.hdslb.com/x.jpg",
            "--dry-run",
        ],
        &["recall", FRIEND, key, "--dry-run"],
    ] {
        let ran = stage.run(args);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
        assert!(ran.out.starts_with("curl -X POST 'http://127.0.0.1:"));
        assert!(
            ran.out
                .contains("cookie: SESSDATA=***; bili_jct=***; DedeUserID=***'")
        );
        assert!(
            ran.out
                .contains("&csrf=***&csrf_token=***&build=0&mobi_app=web'")
        );
    }
    assert_eq!(stage.asked("send_msg"), 1);
    assert_eq!(stage.snapshot().messages, messages);
}

#[test]
fn the_command_is_what_a_shell_understands() {
    let stage = Stage::demo();
    let ran = stage.run(&["send", FRIEND, "it's `ls` $HOME", "--dry-run"]);
    // The arguments of curl, one on a line.
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{}", ran.out);
    let said = finish(Command::new("sh").arg("-c").arg(script).env_clear());
    assert_eq!((said.code, &*said.err), (0, ""));
    let args: Vec<&str> = said.out.lines().collect();
    assert_eq!(args[..2], ["-X", "POST"]);
    assert!(args[2].starts_with(&format!("{}/web_im/v1/web_im/send_msg?", stage.endpoint())));
    let body = args.last().unwrap();
    assert_eq!(args[args.len() - 2], "--data-raw");
    let content = "msg%5Bcontent%5D=%7B%22content%22%3A%22it%27s%20%60ls%60%20%24HOME%22%7D&";
    assert!(body.contains(content), "{body}");
    assert!(args.contains(&"content-type: application/x-www-form-urlencoded"));
    assert!(args.contains(&"referer: https://message.bilibili.com/"));
}

#[test]
fn json_has_the_request_in_its_parts() {
    let stage = Stage::demo();
    let planned = stage.json(&["send", FRIEND, "hi", "--dry-run"]);
    assert_eq!(planned.as_object().unwrap().len(), 1);
    let request = &planned["dry_run"];
    assert_eq!(request["method"], "POST");
    let url = request["url"].as_str().unwrap();
    for field in [
        "w_sender_uid=10001",
        "w_receiver_id=10002",
        "wts=",
        "w_rid=",
    ] {
        assert!(url.contains(field), "{url}");
    }
    assert_eq!(
        request["headers"]["cookie"],
        "SESSDATA=***; bili_jct=***; DedeUserID=***"
    );
    let body = request["body"].as_str().unwrap();
    assert!(body.starts_with("msg%5Bsender_uid%5D=10001&"), "{body}");
    assert!(body.contains("csrf=***"), "{body}");
    let fields: Vec<&Value> = request.as_object().unwrap().values().collect();
    assert_eq!(fields.len(), 4);
}

#[test]
fn what_would_fail_before_the_change_fails() {
    let stage = Stage::demo();
    stage
        .run(&["send", "10001", "hi", "--dry-run"])
        .failed(2, "oneself");
    let mut command = stage.command(&["send", FRIEND, "hi", "--dry-run"]);
    command.env(
        "BILI_IM_COOKIE",
        "SESSDATA=old; bili_jct=x; DedeUserID=10001",
    );
    finish(&mut command).failed(3, "not logged in");
}
