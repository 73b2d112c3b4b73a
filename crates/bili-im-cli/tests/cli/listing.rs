//! `sessions`, `history` and `who`.

use std::fs;

use bili_im_sim::{
    Message, Talker, Whim, World,
    faults::{Kind, Rule, When},
};
use serde_json::{Value, json};

use crate::support::{CREATOR, FANS, FRIEND, Stage};

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{202e}evil\r\n10001  x";

fn from_friend(text: &str) -> Message {
    Message::text(10002, Talker::user(CREATOR), text)
}

/// The demo world with `count` more messages of the friend.
fn with_messages(count: usize) -> Stage {
    let mut world = World::demo();
    world.messages.clear();
    world.options.more_at_floor = Whim::Never;
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
    let out = stage.done("sessions");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("UID            NAME              UNREAD  TIME "));
    assert!(lines[1].starts_with("10002          铁粉小明          2       20"));
    assert!(lines[1].ends_with("  催更[doge]"));
    assert!(lines[2].starts_with("--group 20001  演示UP主的应援团  1       20"));
    assert_eq!(lines.len(), 3);
    stage.say(CREATOR, Talker::user(10002), "soon");
    let out = stage.done("sessions");
    assert!(out.lines().nth(1).unwrap().ends_with("  own: soon"));
}

#[test]
fn sessions_as_json_have_their_newest_message() {
    let stage = Stage::demo();
    let list = stage.json("sessions");
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
        for option in ["", "--all"] {
            let list = stage.json(&format!("sessions --type {kind} {option}"));
            let listed = list["sessions"].as_array().unwrap().len();
            assert_eq!(listed, count, "{kind} {option}");
        }
    }
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
    let page = stage.json("sessions");
    assert_eq!(page["sessions"].as_array().unwrap().len(), 20);
    assert_eq!(page["has_more"], true);
    assert!(stage.run("sessions").err.contains("add --all"));
    let all = stage.json("sessions --all");
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
    for args in ["sessions", "history 10002"] {
        let ran = stage.run(args);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("10002  "), "{ran:?}");
        assert!(ran.err.starts_with("warning: names are not shown: "));
    }
    assert_eq!(stage.run("who 10002").code, 1);
}

#[test]
fn a_conversation_is_read_newest_message_first() {
    let stage = Stage::demo();
    let out = stage.done("history 10002");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("SEQNO  TIME              UID    NAME      MESSAGE"));
    assert!(lines[1].ends_with("  10002  铁粉小明  催更[doge]"));
    assert!(lines[3].ends_with("  own    演示UP主  这张图拍得真好"));
    assert!(lines[4].ends_with("  [image] https://i0.hdslb.com/bfs/im_new/demo.jpg"));
    assert_eq!(lines.len(), 7);
    assert_eq!(stage.asked("update_ack"), 0);
    let group = stage.done("history --group 20001");
    assert!(group.contains("铁粉小明加入了群聊"));
}

#[test]
fn an_own_message_never_looks_like_anothers() {
    let mut world = World::demo();
    for account in &mut world.accounts {
        "own".clone_into(&mut account.name);
    }
    let stage = Stage::of(world);
    let cookie = stage.cookie(CREATOR);
    let (nameless, _) = cookie.split_once("; DedeUserID=").unwrap();
    for cookie in [&*cookie, nameless] {
        let ran = stage.run_as(cookie, "history 10002");
        let senders: Vec<&str> = (ran.out.lines().skip(1))
            .map(|line| line.split_whitespace().nth(3).unwrap())
            .collect();
        let all = [FRIEND, FRIEND, "own", FRIEND, "own", FRIEND];
        assert_eq!(senders, all, "{ran:?}");
        let history = stage.run_as(cookie, "history 10002 --json").json();
        for (message, sender) in history["messages"].as_array().unwrap().iter().zip(all) {
            let direction = if sender == "own" { "own" } else { "incoming" };
            assert_eq!(message["direction"], direction, "{message}");
        }
    }
}

#[test]
fn twenty_messages_are_read_unless_told_otherwise() {
    let stage = with_messages(250);
    let history = stage.json("history 10002");
    assert_eq!(texts(&history).len(), 20);
    assert_eq!(texts(&history)[0], "text 249");
    assert_eq!(history["talker"], json!({"user": FRIEND}));
    let before = history["next_before"].as_str().unwrap();
    for (args, count, newest) in [
        (format!("--before {before} --limit 130"), 130, "text 229"),
        (format!("--before {before} --all"), 230, "text 229"),
        ("--all".to_owned(), 250, "text 249"),
        ("--limit 250".to_owned(), 250, "text 249"),
    ] {
        let part = stage.json(&format!("history 10002 {args}"));
        assert_eq!(texts(&part).len(), count, "{args}");
        assert_eq!(texts(&part)[0], newest, "{args}");
        assert_eq!(part["next_before"].is_null(), count != 130, "{args}");
    }
}

#[test]
fn history_leaves_out_what_is_never_shown() {
    let stage = with_messages(1);
    stage.put(from_friend("hello"));
    let mut change = from_friend("a change of it");
    change.msg_type = 51;
    stage.put(change);
    assert_eq!(texts(&stage.json("history 10002")), ["hello", "text 0"]);
}

#[test]
fn a_conversation_without_messages_is_empty() {
    let stage = Stage::demo();
    let history = stage.json("history 10003");
    assert_eq!(history["messages"], json!([]));
    assert!(history["next_before"].is_null());
    assert_eq!(stage.run("history 10003").out.lines().count(), 1);
}

#[test]
fn what_was_recalled_is_hidden_unless_asked_for() {
    let stage = Stage::demo();
    let sent = stage.json("send 10002 oops");
    stage.done(&["recall", FRIEND, sent["msg_key"].as_str().unwrap()]);
    for (args, shown) in [
        ("history 10002", "[recalled message]"),
        ("history 10002 --json", "[消息已撤回]"),
        ("history 10002", "[recalled a message]"),
        ("sessions", "[recalled a message]"),
    ] {
        let ran = stage.run(args);
        assert!(!ran.out.contains("oops"), "{ran:?}");
        assert!(ran.out.contains(shown), "{ran:?}");
    }
    let shown = stage.done("history 10002 --show-recalled");
    assert!(shown.contains("oops"));
}

#[test]
fn what_strangers_wrote_forges_no_line_and_drives_no_terminal() {
    let mut world = World::demo();
    for account in &mut world.accounts {
        EVIL.clone_into(&mut account.name);
    }
    EVIL.clone_into(&mut world.accounts[1].sign);
    EVIL.clone_into(&mut world.groups[0].name);
    world.messages.push(from_friend(EVIL));
    let mut strange = from_friend("");
    strange.msg_type = 777;
    EVIL.clone_into(&mut strange.content);
    world.messages.push(strange);
    let stage = Stage::of(world);
    for (args, lines) in [
        ("sessions", 3),
        ("history 10002", 9),
        ("who 10002", 2),
        ("whoami", 4),
        ("login", 1),
        ("profiles", 2),
        ("sessions --json", 1),
        ("history 10002 --json", 1),
        ("who 10002 --json", 1),
        ("whoami --json", 1),
        ("profiles --json", 1),
    ] {
        let out = stage.done(args);
        assert_eq!(out.lines().count(), lines, "{out}");
        let controls = ['\u{1b}', '\u{7}', '\u{202e}', '\r'];
        assert!(!out.contains(controls), "{out}");
        assert!(out.contains("evil"));
    }
    let history = stage.json("history 10002");
    assert_eq!(history["messages"][1]["content"]["text"], EVIL);
    assert_eq!(history["messages"][1]["sender_name"], EVIL);
    assert_eq!(stage.json("whoami")["name"], EVIL);
}

#[test]
fn users_are_told_in_the_order_asked() {
    let stage = Stage::demo();
    let ran = stage.run("who 10003 10002 5");
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.out,
        "UID    NAME          LEVEL  MARKS  SIGN\n\
         10003  路过的陌生人  5             什么都没有写\n\
         10002  铁粉小明      5\n"
    );
    assert_eq!(ran.err, "warning: there is no user 5\n");
    let known = stage.json("who 10002");
    assert_eq!(known["users"][0]["uid"], FRIEND);
    assert_eq!(known["users"][0]["name"], "铁粉小明");
    assert_eq!(known["unknown"], json!([]));
}

#[test]
fn official_and_fake_accounts_are_marked() {
    let mut world = World::demo();
    EVIL.clone_into(&mut world.accounts[1].official);
    world.accounts[1].fake = true;
    let stage = Stage::of(world);
    for args in ["who 10002 10003", "sessions"] {
        let out = stage.done(args);
        assert!(
            out.lines().nth(1).unwrap().contains("  official,fake"),
            "{out}"
        );
        assert!(!out.lines().nth(2).unwrap().contains("official"), "{out}");
    }
    let official = json!({"type": 0, "title": EVIL});
    let users = stage.json("who 10002 10003")["users"].take();
    assert_eq!(
        (&users[0]["official"], &users[0]["is_fake_account"]),
        (&official, &json!(true))
    );
    assert_eq!(
        (&users[1]["official"], &users[1]["is_fake_account"]),
        (&json!(null), &json!(false))
    );
    let sessions = stage.json("sessions")["sessions"].take();
    assert_eq!(sessions[0]["official"], official);
    assert!(
        sessions[1]["is_fake_account"].is_null(),
        "a group has no marks"
    );
}

#[test]
fn marks_that_cannot_be_had_do_not_keep_the_rest_back() {
    let stage = Stage::demo();
    stage.fault(Rule::new("user_infos", When::Always, Kind::Html));
    for args in ["who 10002", "sessions"] {
        let ran = stage.run(args);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("10002  "), "{ran:?}");
        assert!(
            ran.err
                .starts_with("warning: marks of official and fake accounts are not shown: ")
        );
    }
    let who = stage.run("who 10002 --json").json();
    assert!(who["users"][0]["is_fake_account"].is_null());
}

/// All requests so far.
fn all_requests(stage: &Stage) -> u64 {
    stage.requests().values().sum()
}

#[test]
fn names_and_marks_are_asked_for_once_in_six_hours() {
    let stage = Stage::demo();
    let out = stage.done("sessions");
    let before = all_requests(&stage);
    assert_eq!(stage.done("sessions"), out);
    assert_eq!(all_requests(&stage), before + 1, "the list alone");
    assert_eq!((stage.asked("cards"), stage.asked("user_infos")), (1, 1));
    stage.done("history 10002");
    stage.done("history 10002");
    assert_eq!(stage.asked("cards"), 2, "the own name too");

    let file = stage.state_file(CREATOR).with_extension("users.json");
    let mut users: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for (part, again) in [("names", (3, 1)), ("marks", (3, 2))] {
        let asked = &mut users[part][FRIEND][1];
        *asked = json!(asked.as_u64().unwrap() - 6 * 60 * 60);
        fs::write(&file, users.to_string()).unwrap();
        assert_eq!(stage.done("sessions"), out);
        assert_eq!((stage.asked("cards"), stage.asked("user_infos")), again);
        users = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    }
    fs::write(&file, "damaged").unwrap();
    assert_eq!(stage.done("sessions"), out);
    assert_eq!((stage.asked("cards"), stage.asked("user_infos")), (4, 3));
    stage.done("who 10002");
    assert_eq!(stage.asked("user_infos"), 4, "it asks always");
}

#[test]
fn a_pipe_gets_no_progress() {
    let stage = with_messages(250);
    for args in ["history 10002 --all", "sessions --all"] {
        stage.done(args);
    }
}
