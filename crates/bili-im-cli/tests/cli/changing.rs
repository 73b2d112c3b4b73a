//! The commands that change sessions and settings.

use bili_im_sim::{World, faults::Kind};
use serde_json::{Value, json};

use crate::support::{FANS, FRIEND, STRANGER, Stage, finish};

fn session(stage: &Stage, talker: &Value) -> Option<Value> {
    let list = stage.json(&["sessions", "--all"]);
    let intercepted = stage.json(&["sessions", "--type", "intercepted"]);
    let all = [&list, &intercepted].map(|list| list["sessions"].as_array().unwrap().clone());
    all.concat()
        .into_iter()
        .find(|session| session["talker"] == *talker)
}

#[test]
fn a_session_is_marked_as_read() {
    let stage = Stage::demo();
    let history = stage.json(&["history", FRIEND]);
    let older = history["messages"][1]["msg_seqno"].as_str().unwrap();
    let ran = stage.run(&["ack", FRIEND, "--upto", older]);
    assert_eq!(ran.out, format!("acked user 10002 up to {older}\n"));
    assert_eq!(stage.json(&["unread"])["follow_unread"], 1);
    assert_eq!(
        stage.json(&["ack", FRIEND]),
        json!({"talker": {"user": FRIEND}, "upto": null, "acked": true})
    );
    assert_eq!(stage.json(&["unread"])["follow_unread"], 0);
    let ran = stage.run(&["ack", "--group", FANS]);
    assert_eq!((ran.code, &*ran.out), (0, "acked group 20001\n"));
    assert_eq!(stage.json(&["unread"])["group_unread"], 0);
}

#[test]
fn a_session_is_pinned_and_muted_and_the_other_way_round() {
    for (group, id, talker) in [
        (None, FRIEND, json!({"user": FRIEND})),
        (Some("--group"), FANS, json!({"group": FANS})),
    ] {
        let stage = Stage::demo();
        for (command, field, value, listed) in [
            ("pin", "pinned", true, "top_ts"),
            ("unpin", "pinned", false, "top_ts"),
            ("mute", "muted", true, "is_muted"),
            ("unmute", "muted", false, "is_muted"),
        ] {
            let args: Vec<&str> = [command].into_iter().chain(group).chain([id]).collect();
            assert_eq!(stage.json(&args), json!({"talker": talker, field: value}));
            let found = session(&stage, &talker).unwrap()[listed].clone();
            assert_eq!(found.is_u64() || found == true, value, "{command}: {found}");
            let marked = stage
                .run(&["sessions"])
                .out
                .contains(&format!("  {field}  "));
            assert_eq!(marked, value, "{command}");
        }
    }
}

#[test]
fn a_session_is_removed_until_something_new_comes() {
    let stage = Stage::demo();
    let ran = stage.run(&["remove", FRIEND]);
    assert_eq!((ran.code, &*ran.out), (0, "removed user 10002\n"));
    let friend = json!({"user": FRIEND});
    assert_eq!(session(&stage, &friend), None);
    assert_eq!(stage.run(&["history", FRIEND]).out.lines().count(), 7);
    assert_eq!(stage.run(&["send", FRIEND, "hi"]).code, 0);
    assert!(session(&stage, &friend).is_some());
}

#[test]
fn a_users_messages_are_intercepted_and_let_through() {
    let stage = Stage::demo();
    let friend = json!({"user": FRIEND});
    let ran = stage.run(&["intercept", FRIEND]);
    assert_eq!((ran.code, &*ran.out), (0, "intercepted user 10002\n"));
    assert_eq!(session(&stage, &friend).unwrap()["is_intercepted"], true);
    assert_eq!(
        stage.json(&["intercept", FRIEND, "--off"]),
        json!({"talker": friend, "intercepted": false})
    );
    assert_eq!(session(&stage, &friend).unwrap()["is_intercepted"], false);
    stage
        .run(&["intercept", "--group", FANS])
        .failed(2, "--group");
}

#[test]
fn settings_are_shown_and_changed() {
    let stage = Stage::demo();
    let before = stage.json(&["settings"]);
    assert_eq!(before, stage.json(&["settings", "show"]));
    assert_eq!(before["msg_notify"], 1);
    let shown = stage.run(&["settings"]);
    assert!(shown.out.starts_with("msg_notify on (1)\n"), "{shown:?}");

    let ran = stage.run(&["settings", "set", "msg_notify=off", "is_group_fold=1"]);
    assert_eq!(
        (ran.code, &*ran.out),
        (0, "msg_notify off (3)\nis_group_fold on (1)\n")
    );
    let after = stage.json(&["settings"]);
    assert_eq!(after["msg_notify"], 3);
    assert_eq!(after["is_group_fold"], 1);
    assert_eq!(after["ai_intercept"], before["ai_intercept"]);
    let set = stage.json(&["settings", "set", "msg_notify=1"]);
    assert_eq!(set["msg_notify"], 1);
    assert!(set["is_group_fold"].is_null(), "only what was set: {set}");
}

#[test]
fn a_setting_that_is_none_is_refused_before_anything_is_sent() {
    let stage = Stage::demo();
    for (assignment, words) in [
        ("x", "is_group_fold=on"),
        ("x=on", "there are msg_notify"),
        ("msg_notify=2", "on (1) or off (3)"),
        ("is_group_fold=", "on (1) or off (0)"),
    ] {
        stage.run(&["settings", "set", assignment]).failed(2, words);
    }
    stage.run(&["settings", "set"]).failed(2, "KEY=VALUE");
    assert!(stage.requests().is_empty());
}

#[test]
fn what_the_account_may_not_set_is_refused() {
    let mut world = World::demo();
    world.accounts[0].fans = 10;
    Stage::of(world)
        .run(&["settings", "set", "followed_reply=on"])
        .failed(4, "700009");
}

const CHANGES: [&[&str]; 9] = [
    &["ack", FRIEND],
    &["ack", "--group", FANS, "--upto", "3"],
    &["pin", FRIEND],
    &["unpin", "--group", FANS],
    &["mute", FRIEND],
    &["unmute", "--group", FANS],
    &["remove", FRIEND],
    &["intercept", STRANGER, "--off"],
    &["settings", "set", "is_group_fold=on"],
];

#[test]
fn a_dry_run_of_a_change_shows_the_request_and_changes_nothing() {
    let stage = Stage::demo();
    let before = stage.json(&["sessions", "--all"]);
    for change in CHANGES {
        let ran = stage.run(&[change, &["--dry-run"]].concat());
        assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
        assert!(ran.out.starts_with("curl -X POST 'http://127.0.0.1:"));
        assert!(ran.out.contains("csrf=***&csrf_token=***&"), "{ran:?}");
        let planned = stage.json(&[change, &["--dry-run"]].concat());
        assert_eq!(planned["dry_run"]["method"], "POST");
    }
    assert_eq!(stage.json(&["sessions", "--all"]), before);
    for name in [
        "update_ack",
        "set_top",
        "set_msg_dnd",
        "remove_session",
        "set",
    ] {
        assert_eq!(stage.asked(name), 0, "{name}");
    }
}

#[test]
fn no_change_is_made_without_bili_jct() {
    let stage = Stage::demo();
    for change in CHANGES {
        let mut command = stage.command(change);
        command.env("BILI_IM_COOKIE", "SESSDATA=sim-10001; DedeUserID=10001");
        finish(&mut command).failed(2, "no bili_jct");
    }
    assert!(stage.requests().is_empty());
}

#[test]
fn a_refused_change_is_told_as_such() {
    let stage = Stage::demo().with_fault(
        "set_top",
        Kind::Code {
            code: -400,
            message: None,
        },
    );
    stage
        .run(&["pin", FRIEND])
        .failed(4, "set_top was refused with code -400");
    stage.run(&["pin", "0"]).failed(2, "UID");
}
