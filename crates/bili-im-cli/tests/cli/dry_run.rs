//! `--dry-run`.

use std::process::Command;

use crate::{
    changing::CHANGES,
    support::{Stage, finish},
};

#[test]
fn no_change_is_made_and_secrets_are_masked() {
    let stage = Stage::demo();
    let before = (stage.json("sessions --all"), stage.snapshot().messages);
    for change in CHANGES {
        let dry = format!("{change} --dry-run");
        let out = stage.done(&dry);
        assert!(out.starts_with("curl -X POST 'http://127.0.0.1:"), "{out}");
        let cookie = "cookie: SESSDATA=***; bili_jct=***; DedeUserID=***'";
        assert!(out.contains(cookie), "{out}");
        let tokens = "csrf=***&csrf_token=***&build=0&mobi_app=web'";
        assert!(out.contains(tokens), "{out}");
        assert_eq!(stage.json(&dry)["dry_run"]["method"], "POST");
    }
    let after = (stage.json("sessions --all"), stage.snapshot().messages);
    assert_eq!(after, before);
    for name in
        "send_msg update_ack set_top set_msg_dnd remove_session update_intercept set add_block_word \
         del_block_word set_reply_text del_reply_text"
            .split(' ')
    {
        assert_eq!(stage.asked(name), 0, "{name}");
    }
}

#[test]
fn the_command_is_what_a_shell_understands() {
    let stage = Stage::demo();
    let out = stage.done(&["send", "10002", "it's `ls` $HOME", "--dry-run"]);
    // The arguments of curl, one on a line.
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{out}");
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
    let planned = stage.json("send 10002 hi --dry-run");
    assert_eq!(planned.as_object().unwrap().len(), 1);
    let request = &planned["dry_run"];
    assert_eq!(request.as_object().unwrap().len(), 4);
    assert_eq!(request["method"], "POST");
    let url = request["url"].as_str().unwrap();
    for field in "w_sender_uid=10001 w_receiver_id=10002 wts= w_rid=".split(' ') {
        assert!(url.contains(field), "{url}");
    }
    let cookie = "SESSDATA=***; bili_jct=***; DedeUserID=***";
    assert_eq!(request["headers"]["cookie"], cookie);
    let body = request["body"].as_str().unwrap();
    assert!(body.starts_with("msg%5Bsender_uid%5D=10001&"), "{body}");
    assert!(body.contains("csrf=***"), "{body}");
}
