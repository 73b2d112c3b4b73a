//! `sessions`, `history` and `who`.

use bili_im_sim::{
    Message, Talker, World,
    faults::{Kind, Rule, When},
};
use serde_json::{Value, json};

use crate::support::{CREATOR, FANS, FRIEND, STRANGER, Stage};

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{202e}evil\r\n10001  x";

fn from_friend(text: &str) -> Message {
    Message::text(10002, Talker::user(CREATOR), text)
}

/// The demo world with `count` more messages of the friend.
fn with_messages(count: usize) -> Stage {
    let mut world = World::demo();
    world.messages.clear();
    let texts = (0..count).map(|index| from_friend(&format!("text {index}")));
    world.messages.extend(texts);
    Stage::of(world)
}

fn texts(history: &Value) -> Vec<&str> {
    let messages = history["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["content"]["text"].as_str().unwrap())
        .collect()
}

#[test]
fn sessions_are_listed_with_names_and_by_the_arguments_that_commands_take() {
    let stage = Stage::demo();
    let ran = stage.run(&["sessions"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("UID            NAME              UNREAD  TIME "));
    assert!(lines[1].starts_with("10002          铁粉小明          2       20"));
    assert!(lines[1].ends_with("  催更[doge]"));
    assert!(lines[2].starts_with("--group 20001  演示UP主的应援团  1       20"));
    assert_eq!(lines.len(), 3);
}

#[test]
fn sessions_as_json_have_their_newest_message() {
    let stage = Stage::demo();
    let list = stage.json(&["sessions"]);
    let session = &list["sessions"][0];
    assert_eq!(session["talker"], json!({"user": FRIEND}));
    assert_eq!(session["name"], "铁粉小明");
    assert_eq!(session["unread_count"], 2);
    assert_eq!(session["last_msg"]["content"]["text"], "催更[doge]");
    assert!(session["max_seqno"].is_string());
    assert_eq!(list["sessions"][1]["talker"], json!({"group": FANS}));
    assert_eq!(list["has_more"], false);
}

#[test]
fn sessions_are_listed_by_their_kind() {
    let stage = Stage::demo();
    for (kind, count) in [
        ("all", 2),
        ("users", 1),
        ("groups", 1),
        ("unfollowed", 0),
        ("intercepted", 0),
    ] {
        for args in [
            &["sessions", "--type", kind][..],
            &["sessions", "--type", kind, "--all"],
        ] {
            let list = stage.json(args);
            assert_eq!(
                list["sessions"].as_array().unwrap().len(),
                count,
                "{args:?}"
            );
        }
    }
    stage.run(&["sessions", "--type", "x"]).failed(2, "--type");
}

#[test]
fn all_sessions_are_more_than_a_page() {
    let mut world = World::demo();
    for uid in 30_000..30_130 {
        world.accounts.push(bili_im_sim::Account::new(uid));
        let to = Talker::user(CREATOR);
        let message = Message::text(uid, to, "hi");
        world.messages.push(message.seconds_ago(uid));
    }
    let stage = Stage::of(world);
    let page = stage.json(&["sessions"]);
    assert_eq!(page["sessions"].as_array().unwrap().len(), 20);
    assert_eq!(page["has_more"], true);
    let all = stage.json(&["sessions", "--all"]);
    assert_eq!(all["sessions"].as_array().unwrap().len(), 132);
    assert_eq!(all["has_more"], false);
    let named = |session: &Value| {
        session["name"]
            .as_str()
            .is_some_and(|name| !name.is_empty())
    };
    assert!(all["sessions"].as_array().unwrap().iter().all(named));
    assert_eq!(stage.asked("cards"), 1 + 3, "50 at once");
}

#[test]
fn names_that_cannot_be_had_do_not_keep_the_rest_back() {
    let stage = Stage::demo();
    stage.fault(Rule::new("cards", When::Always, Kind::Html));
    for args in [&["sessions"][..], &["history", FRIEND]] {
        let ran = stage.run(args);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("10002  "), "{ran:?}");
        assert!(ran.err.starts_with("warning: names are not shown: "));
    }
    assert_eq!(stage.run(&["who", FRIEND]).code, 1);
}

#[test]
fn a_conversation_is_read_newest_message_first() {
    let stage = Stage::demo();
    let ran = stage.run(&["history", FRIEND]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("SEQNO  TIME              UID    NAME      MESSAGE"));
    assert!(lines[1].ends_with("  10002  铁粉小明  催更[doge]"));
    assert!(lines[3].ends_with("  10001  演示UP主  这张图拍得真好"));
    assert!(lines[4].ends_with("  [图片] https://i0.hdslb.com/bfs/im_new/demo.jpg"));
    assert_eq!(lines.len(), 7);
    assert_eq!(stage.asked("update_ack"), 0);
    let group = stage.run(&["history", "--group", FANS]);
    assert!(group.out.contains("铁粉小明加入了群聊"));
}

#[test]
fn twenty_messages_are_read_unless_told_otherwise() {
    let stage = with_messages(250);
    let history = stage.json(&["history", FRIEND]);
    assert_eq!(texts(&history).len(), 20);
    assert_eq!(texts(&history)[0], "text 249");
    assert_eq!(history["talker"], json!({"user": FRIEND}));
    let before = history["next_before"].as_str().unwrap();
    let earlier = stage.json(&["history", FRIEND, "--before", before, "--limit", "130"]);
    assert_eq!(texts(&earlier).len(), 130);
    assert_eq!(texts(&earlier)[0], "text 229");
    let all = stage.json(&["history", FRIEND, "--all"]);
    assert_eq!(texts(&all).len(), 250);
    assert!(all["next_before"].is_null());
    let few = stage.json(&["history", FRIEND, "--limit", "250"]);
    assert!(few["next_before"].is_null());
    let rest = stage.json(&["history", FRIEND, "--before", before, "--all"]);
    assert_eq!(texts(&rest).len(), 230);
    for args in [
        &["--limit", "0"][..],
        &["--before", "x"],
        &["--all", "--limit", "5"],
    ] {
        stage
            .run(&[&["history", FRIEND], args].concat())
            .failed(2, "");
    }
}

#[test]
fn a_conversation_without_messages_is_empty() {
    let stage = Stage::demo();
    let history = stage.json(&["history", STRANGER]);
    assert_eq!(history["messages"], json!([]));
    assert!(history["next_before"].is_null());
    assert_eq!(stage.run(&["history", STRANGER]).out.lines().count(), 1);
}

#[test]
fn what_was_recalled_is_hidden_unless_asked_for() {
    let stage = Stage::demo();
    let sent = stage.json(&["send", FRIEND, "oops"]);
    let key = sent["msg_key"].as_str().unwrap();
    assert_eq!(stage.run(&["recall", FRIEND, key]).code, 0);
    for args in [
        &["history", FRIEND][..],
        &["history", FRIEND, "--json"],
        &["sessions"],
    ] {
        let ran = stage.run(args);
        assert!(!ran.out.contains("oops"), "{ran:?}");
        assert!(ran.out.contains("[消息已撤回]"), "{ran:?}");
    }
    let shown = stage.run(&["history", FRIEND, "--show-recalled"]);
    assert!(shown.out.contains("oops"));
}

#[test]
fn what_strangers_wrote_forges_no_line_and_drives_no_terminal() {
    let mut world = World::demo();
    EVIL.clone_into(&mut world.accounts[1].name);
    EVIL.clone_into(&mut world.accounts[1].sign);
    EVIL.clone_into(&mut world.groups[0].name);
    world.messages.push(from_friend(EVIL));
    let mut strange = from_friend("");
    strange.msg_type = 777;
    EVIL.clone_into(&mut strange.content);
    world.messages.push(strange);
    let stage = Stage::of(world);
    for (args, lines) in [
        (&["sessions"][..], 3),
        (&["history", FRIEND], 9),
        (&["who", FRIEND], 2),
        (&["sessions", "--json"], 1),
        (&["history", FRIEND, "--json"], 1),
        (&["who", FRIEND, "--json"], 1),
    ] {
        let ran = stage.run(args);
        assert_eq!(ran.out.lines().count(), lines, "{ran:?}");
        assert!(
            !ran.out.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']),
            "{ran:?}"
        );
        assert!(ran.out.contains("evil"));
    }
    let history = stage.json(&["history", FRIEND]);
    assert_eq!(history["messages"][1]["content"]["text"], EVIL);
    assert_eq!(history["messages"][1]["sender_name"], EVIL);
}

#[test]
fn users_are_told_in_the_order_asked() {
    let stage = Stage::demo();
    let ran = stage.run(&["who", STRANGER, FRIEND, "5"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.out,
        "UID    NAME          LEVEL  SIGN\n\
         10003  路过的陌生人  5      什么都没有写\n\
         10002  铁粉小明      5\n"
    );
    assert_eq!(ran.err, "warning: nobody is known as 5\n");
    let known = stage.json(&["who", FRIEND]);
    assert_eq!(known["users"][0]["uid"], FRIEND);
    assert_eq!(known["users"][0]["name"], "铁粉小明");
    assert_eq!(known["unknown"], json!([]));
    stage.run(&["who"]).failed(2, "UID");
    stage.run(&["who", "0"]).failed(2, "UID");
}

#[test]
fn a_pipe_gets_no_progress() {
    let stage = with_messages(250);
    for args in [&["history", FRIEND, "--all"][..], &["sessions", "--all"]] {
        assert_eq!(stage.run(args).err, "");
    }
}
