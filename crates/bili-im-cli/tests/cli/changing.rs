//! The commands that change sessions and settings.

use bili_im_sim::{Accepts, World};
use serde_json::{Value, json};

use crate::support::{FANS, FRIEND, Stage, code};

fn session(stage: &Stage, talker: &Value) -> Option<Value> {
    let list = stage.json("sessions --all");
    let intercepted = stage.json("sessions --type intercepted");
    let all = [&list, &intercepted].map(|list| list["sessions"].as_array().unwrap().clone());
    all.concat()
        .into_iter()
        .find(|session| session["talker"] == *talker)
}

#[test]
fn a_session_is_marked_as_read() {
    let stage = Stage::demo();
    let history = stage.json("history 10002");
    let older = history["messages"][1]["msg_seqno"].as_str().unwrap();
    let out = stage.done(&format!("ack 10002 --upto {older}"));
    assert_eq!(out, format!("acked user 10002 up to {older}\n"));
    assert_eq!(stage.json("unread")["follow_unread"], 1);
    let acked = json!({"talker": {"user": FRIEND}, "upto": null, "acked": true});
    assert_eq!(stage.json("ack 10002"), acked);
    assert_eq!(stage.json("unread")["follow_unread"], 0);
    assert_eq!(stage.done("ack --group 20001"), "acked group 20001\n");
    assert_eq!(stage.json("unread")["group_unread"], 0);
}

#[test]
fn all_sessions_are_marked_as_read() {
    let stage = Stage::demo();
    let unread = || stage.json("sessions --unread")["sessions"].clone();
    assert_eq!(unread().as_array().unwrap().len(), 2);
    let planned = stage.json("ack --all --dry-run");
    assert_eq!(planned["dry_run"].as_array().unwrap().len(), 2);
    assert_eq!(stage.asked("update_ack"), 0);
    let out = stage.done("ack --all");
    assert_eq!(out, "acked 2 of 2 sessions with unread messages\n");
    assert_eq!(unread(), json!([]));
    let nothing = json!({"acked": [], "refused": [], "unread_sessions": 0});
    assert_eq!(stage.json("ack --all"), nothing);
    assert_eq!(stage.asked("update_ack"), 2);
}

#[test]
fn a_session_that_is_refused_does_not_keep_the_others_from_being_marked() {
    let stage = Stage::demo();
    stage.fault_once("update_ack", code(1000004));
    let ran = stage.run("ack --all");
    assert_eq!((ran.code, ran.out.lines().count()), (4, 1), "{ran:?}");
    assert!(ran.out.starts_with("acked 1 of 2 sessions"), "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines[0].contains("could not be marked as read: update_ack was refused"));
    assert_eq!(
        lines[1],
        "error: 1 of 2 sessions could not be marked as read"
    );
    assert_eq!(stage.asked("update_ack"), 2);
    // A lost login concerns them all.
    let stage = Stage::demo().with_fault("update_ack", code(-101));
    let ran = stage.run("ack --all --json");
    assert_eq!((ran.code, &ran.json()["acked"]), (3, &json!([])), "{ran:?}");
    assert_eq!(stage.asked("update_ack"), 1);
}

#[test]
fn a_session_is_pinned_and_muted_and_the_other_way_round() {
    for (id, talker) in [
        (FRIEND, json!({"user": FRIEND})),
        ("--group 20001", json!({"group": FANS})),
    ] {
        let stage = Stage::demo();
        for (command, field, value, listed) in [
            ("pin", "pinned", true, "top_ts"),
            ("unpin", "pinned", false, "top_ts"),
            ("mute", "muted", true, "is_muted"),
            ("unmute", "muted", false, "is_muted"),
        ] {
            let changed = stage.json(&format!("{command} {id}"));
            assert_eq!(changed, json!({"talker": talker, field: value}));
            let found = session(&stage, &talker).unwrap()[listed].clone();
            assert_eq!(found.is_u64() || found == true, value, "{command}: {found}");
            let marked = stage.done("sessions").contains(&format!("  {field}  "));
            assert_eq!(marked, value, "{command}");
        }
    }
}

#[test]
fn a_session_is_removed_until_something_new_comes() {
    let stage = Stage::demo();
    assert_eq!(stage.done("remove 10002"), "removed user 10002\n");
    let friend = json!({"user": FRIEND});
    assert_eq!(session(&stage, &friend), None);
    assert_eq!(stage.done("history 10002").lines().count(), 7);
    stage.done("send 10002 hi");
    assert!(session(&stage, &friend).is_some());
}

#[test]
fn a_users_messages_are_intercepted_and_let_through() {
    let stage = Stage::demo();
    let friend = json!({"user": FRIEND});
    assert_eq!(stage.done("intercept 10002"), "intercepted user 10002\n");
    assert_eq!(session(&stage, &friend).unwrap()["is_intercepted"], true);
    let through = json!({"talker": friend, "intercepted": false});
    assert_eq!(stage.json("intercept 10002 --off"), through);
    assert_eq!(session(&stage, &friend).unwrap()["is_intercepted"], false);
}

#[test]
fn settings_are_shown_and_changed() {
    let stage = Stage::demo();
    let before = stage.json("settings");
    assert_eq!(before, stage.json("settings show"));
    assert_eq!(before["msg_notify"], 1);
    assert!(stage.done("settings").starts_with("msg_notify on (1)\n"));

    let out = stage.done("settings set msg_notify=off is_group_fold=1");
    assert_eq!(out, "msg_notify off (3)\nis_group_fold on (1)\n");
    let after = stage.json("settings");
    assert_eq!(after["msg_notify"], 3);
    assert_eq!(after["is_group_fold"], 1);
    assert_eq!(after["ai_intercept"], before["ai_intercept"]);
    let set = stage.json("settings set msg_notify=1");
    assert_eq!(set["msg_notify"], 1);
    assert!(set["is_group_fold"].is_null(), "only what was set: {set}");
}

#[test]
fn block_words_are_added_shown_and_removed() {
    let stage = Stage::demo();
    assert_eq!(stage.json("block-words")["words"], json!([]));
    assert_eq!(
        stage.done("block-words add 广告 加微信"),
        "added 广告\nadded 加微信\n"
    );
    assert_eq!(stage.done("block-words"), "加微信\n广告\n");
    let words = stage.json("block-words show");
    assert_eq!(words["words"][1]["content"], "广告");
    assert!(words["words"][1]["ctime"].is_u64());
    assert_eq!(words["max_words_size"], 200);
    // A word that is there already counts as added.
    let added = json!({"word": "广告", "blocked": true});
    assert_eq!(stage.json("block-words add 广告"), added);
    let removed = json!({"word": "加微信", "blocked": false});
    assert_eq!(stage.json("block-words remove 加微信"), removed);
    assert_eq!(stage.done("block-words"), "广告\n");
}

#[test]
fn the_first_block_word_that_is_refused_ends_the_command() {
    let stage = Stage::demo();
    let ran = stage.run(&["block-words", "add", "a", "b c", "d"]);
    assert_eq!(ran.out, "added a\n");
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("1900007"), "{}", ran.err);
    assert_eq!(stage.done("block-words"), "a\n");
    // Each word is a request of its own.
    let planned = stage.done("block-words add e f --dry-run");
    assert_eq!(planned.matches("curl -X POST").count(), 2, "{planned}");
}

#[test]
fn texts_of_automatic_replies_are_set_shown_and_cleared() {
    let stage = Stage::demo();
    assert_eq!(stage.json("auto-reply")["texts"], json!([]));
    assert_eq!(stage.done("auto-reply set recv hi"), "set\n");
    assert_eq!(
        stage.json("auto-reply set recv hello"),
        json!({"type": 3, "set": true})
    );
    let rule = "auto-reply set keys soon --title when --contains when --contains next --equals x";
    stage.done(rule);
    let texts = stage.json("auto-reply show");
    assert_eq!(texts["texts"].as_array().unwrap().len(), 2);
    let keys = &texts["texts"][0];
    assert_eq!((&keys["type"], &keys["reply"]), (&json!(2), &json!("soon")));
    assert_eq!(
        (&keys["key1"], &keys["key2"]),
        (&json!("x"), &json!("when，next"))
    );
    assert!(keys["id"].is_string());
    let table = stage.done("auto-reply");
    assert!(
        table.contains("  recv") && table.contains("  hello\n"),
        "{table}"
    );
    let id = keys["id"].as_str().unwrap();
    stage.done(&format!("{rule} --id {id}"));
    assert_eq!(stage.json("auto-reply"), texts, "the same rule was changed");
    assert_eq!(
        stage.done(&format!("auto-reply clear --id {id}")),
        format!("cleared {id}\n")
    );
    assert_eq!(stage.json("auto-reply clear recv")["cleared"], true);
    assert_eq!(stage.json("auto-reply")["texts"], json!([]));
    let ran = stage.run("auto-reply clear recv");
    assert_eq!(
        (ran.code, &*ran.err),
        (0, "warning: there is no text to delete\n")
    );
}

/// Commands that change something.
pub(crate) const CHANGES: [&str; 16] = [
    "send 10002 hi",
    "send-image 10002 https://i0.hdslb.com/x.jpg",
    "recall 10002 5",
    "ack 10002",
    "ack --group 20001 --upto 3",
    "pin 10002",
    "unpin --group 20001",
    "mute 10002",
    "unmute --group 20001",
    "remove 10002",
    "intercept 10003 --off",
    "settings set is_group_fold=on",
    "block-words add 广告",
    "block-words remove 广告",
    "auto-reply set recv hi",
    "auto-reply clear --id 5",
];

#[test]
fn no_change_is_made_without_bili_jct_and_a_read_is() {
    let stage = Stage::demo();
    for change in CHANGES {
        for option in ["", "--dry-run"] {
            let ran = stage.run_as("SESSDATA=sim-10001", &format!("{change} {option}"));
            ran.failed(2, "no bili_jct");
        }
    }
    assert!(stage.requests().is_empty());
    assert_eq!(stage.run_as("SESSDATA=sim-10001", "unread").code, 0);
}

#[test]
fn a_refused_change_is_told_as_such() {
    let stage = Stage::demo().with_fault("set_top", code(-400));
    let ran = stage.run("pin 10002");
    ran.failed(4, "set_top was refused with code -400");
    // What the account may not set, and what the receiver does not want.
    let mut world = World::demo();
    world.accounts[0].fans = 10;
    world.accounts[1].accepts = Accepts::Nobody;
    Stage::of(world).fail(
        4,
        &[
            ("settings set followed_reply=on", "700009"),
            ("send 10002 hi", "25003"),
        ],
    );
}
