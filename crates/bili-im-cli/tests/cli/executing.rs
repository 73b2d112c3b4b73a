//! `watch --exec`: runs a handler for every message, and sends its replies.

use std::{fs, path::PathBuf};

use bili_im_sim::{
    Message, MessageState, Talker, Uid,
    faults::{Kind, PageBody, Rule, When},
};
use serde_json::{Value, json};

use crate::{
    running::Running,
    support::{CREATOR, Line, SECRETS, Stage, code, status, until},
    watching::text,
};

const FRIEND: u64 = 10002;

/// The variables that these tests themselves set. The handler inherits them.
const SET_BY_TESTS: [&str; 5] = [
    "BILI_IM_CONFIG_DIR",
    "BILI_IM_DATA_DIR",
    "BILI_IM_ENDPOINT",
    "BILI_IM_LANG",
    "BILI_IM_STATE_DIR",
];

impl Stage {
    /// The file that a test's handler writes to.
    pub(crate) fn notes(&self) -> PathBuf {
        self.state_dir().join("notes")
    }

    fn noted(&self) -> String {
        fs::read_to_string(self.notes()).unwrap_or_default()
    }

    /// Waits until the file has `count` lines.
    pub(crate) fn noted_lines(&self, count: usize) -> Vec<String> {
        until(|| self.noted().lines().count() >= count);
        self.noted().lines().map(str::to_owned).collect()
    }

    /// A watch that runs a shell script for every message. The script finds the file in `$0`.
    pub(crate) fn exec(&self, args: &[&str], script: &str) -> Running {
        let notes = self.notes();
        let shell = "--exec /bin/sh -- -c".words();
        let script = [script, notes.to_str().unwrap()];
        self.watch_on(&[args, &shell, &script].concat())
    }

    /// A watch that sends what the script prints.
    fn replying(&self, script: &str) -> Running {
        self.exec(&["--reply-stdout"], script)
    }

    /// The replies that the creator sent, oldest first.
    fn sent_replies(&self) -> Vec<String> {
        let is_sent_text =
            |message: &&MessageState| message.from == Uid(CREATOR) && message.msg_type == 1;
        let messages = self.snapshot().messages;
        let texts = messages.iter().filter(is_sent_text).map(content);
        texts.filter(|text| text.contains("reply")).collect()
    }
}

fn content(message: &MessageState) -> String {
    let content: Value = serde_json::from_str(&message.content).unwrap();
    content["content"].as_str().unwrap().to_owned()
}

#[test]
fn a_handler_gets_the_event_as_json_and_as_variables_but_no_login() {
    let stage = Stage::demo();
    let script = r#"read -r json; env > "$0.env"; echo "$json" >> "$0""#;
    let mut watch = stage.exec(&[], script);
    let event = stage.tell(&mut watch, "hi `there` $HOME");
    let newest = stage.newest();
    let json: Value = serde_json::from_str(&stage.noted_lines(1)[0]).unwrap();
    assert_eq!(json, event);
    let environment = fs::read_to_string(stage.notes().with_extension("env")).unwrap();
    let is_of_tests = |line: &str| SET_BY_TESTS.contains(&line.split('=').next().unwrap());
    let mut variables: Vec<&str> = (environment.lines())
        .filter(|line| line.starts_with("BILI_IM_") && !is_of_tests(line))
        .collect();
    variables.sort_unstable();
    let (key, seqno, time) = (newest.msg_key, newest.msg_seqno, newest.timestamp);
    let expected = format!(
        "BILI_IM_ACCOUNT=10001\n\
         BILI_IM_BY_A_PERSON=true\n\
         BILI_IM_DIRECTION=incoming\n\
         BILI_IM_EVENT=message\n\
         BILI_IM_EVENT_ID=user-10002-{seqno}\n\
         BILI_IM_MSG_KEY={key}\n\
         BILI_IM_MSG_SEQNO={seqno}\n\
         BILI_IM_MSG_SOURCE=7\n\
         BILI_IM_MSG_TYPE=1\n\
         BILI_IM_SENDER_UID=10002\n\
         BILI_IM_TALKER=10002\n\
         BILI_IM_TALKER_KIND=user\n\
         BILI_IM_TEXT=hi `there` $HOME\n\
         BILI_IM_TIMESTAMP={time}"
    );
    assert_eq!(variables.join("\n"), expected);
    for secret in SECRETS.iter().chain(&["SESSDATA", "BILI_IM_COOKIE"]) {
        assert!(!environment.contains(secret), "{environment}");
    }
}

#[test]
fn a_handler_runs_once_for_every_message_and_for_nothing_else() {
    let stage = Stage::demo();
    let mut watch = stage.exec(
        &["--changes"],
        r#"echo "$BILI_IM_DIRECTION $BILI_IM_TEXT" >> "$0""#,
    );
    assert_eq!(watch.json()["event"], "unread_changed");
    stage.write(FRIEND, "one");
    stage.say(CREATOR, Talker::user(FRIEND), "mine");
    let sent = stage.json(&["send", "10002", "sent"]);
    stage.done(&["recall", "10002", sent["msg_key"].as_str().unwrap()]);
    stage.write(FRIEND, "last");
    let expected = ["incoming one", "own mine", "sent sent", "incoming last"];
    // The watch may see the recalled message before or after the recall.
    let noted = stage.noted_lines(expected.len());
    assert_eq!(noted[..2], expected[..2]);
    assert_eq!(noted[3..], expected[3..]);
    assert!(noted[2].starts_with("sent "), "{noted:?}");
}

#[test]
fn what_a_handler_prints_does_not_get_among_the_events() {
    let stage = Stage::demo();
    let mut watch = stage.exec(&[], "echo printed; echo complained >&2");
    for said in ["one", "two"] {
        stage.tell(&mut watch, said);
    }
    stage.until_stored(2);
    assert_eq!(watch.kill(), "printed\ncomplained\n".repeat(2));
    assert_eq!(stage.asked("send_msg"), 0);
}

#[test]
fn a_handler_that_ignores_stdin_or_floods_stdout_does_not_block_the_watch() {
    let stage = Stage::demo();
    // More than a pipe holds.
    let long = "long ".repeat(100_000);
    let ignores_stdin = "exec true";
    let floods_stdout = "while :; do echo and so on; done";
    // Leaves a child that keeps the handler's stdin open until the test's folder is gone.
    let leaves_stdin_open =
        r#"exec 3<&0; (while [ -d "${0%/*}" ]; do sleep 0.1; done >/dev/null 2>&1 &)"#;
    for (args, script) in [
        (&[][..], ignores_stdin),
        (&["--reply-stdout"], ignores_stdin),
        (&["--reply-stdout"], floods_stdout),
        (&["--reply-stdout"], leaves_stdin_open),
    ] {
        let mut watch = stage.exec(args, script);
        for said in [&*long, "and on\0"] {
            stage.tell(&mut watch, said);
        }
        stage.until_stored(2);
    }
    assert_eq!(stage.asked("send_msg"), 0);
}

#[test]
fn a_text_that_does_not_fit_into_a_variable_is_cut_off() {
    let stage = Stage::demo();
    let mut watch = stage.exec(&[], r#"printf %s "$BILI_IM_TEXT" | wc -c >> "$0""#);
    stage.tell(&mut watch, &"long ".repeat(100_000));
    let length: usize = stage.noted_lines(1)[0].trim().parse().unwrap();
    assert_eq!(length, 16 << 10);
}

#[test]
fn a_failure_of_a_handler_is_a_warning_with_the_id_of_the_event() {
    let stage = Stage::demo();
    let too_much = "/bin/sh printed too much for an answer";
    let not_text = "/bin/sh printed an answer that is not UTF-8";
    for (script, words) in [
        ("echo reply; exit 3", "/bin/sh failed: exit status: 3"),
        ("echo reply; kill -9 $$", "/bin/sh failed: signal: 9"),
        (r"printf '\377'", not_text),
        ("while :; do echo and so on; done", too_much),
        ("head -c 20000 /dev/zero", too_much),
        (
            "head -c 2500 /dev/zero | tr '\\0' a",
            "an answer was not sent: the message is",
        ),
    ] {
        let mut watch = stage.replying(script);
        let ids = ["one", "two"].map(|said| stage.tell(&mut watch, said)["id"].clone());
        stage.until_stored(2);
        let warnings = warnings(&watch.kill());
        assert_eq!(warnings.len(), 2, "{script}: {warnings:?}");
        for (warning, id) in warnings.iter().zip(ids) {
            assert!(warning.starts_with(words), "{script}: {warning}");
            let event = format!(" (event {})", id.as_str().unwrap());
            assert!(warning.ends_with(&event), "{script}: {warning}");
        }
    }
    assert_eq!(stage.asked("send_msg"), 0);
}

/// The message of each warning. Every line has to be one.
pub(crate) fn warnings(complaints: &str) -> Vec<String> {
    let message = |line| {
        let warning: Value = serde_json::from_str(line).unwrap();
        warning["warning"]["message"].as_str().unwrap().to_owned()
    };
    complaints.lines().map(message).collect()
}

#[test]
fn an_unstartable_handler_ends_the_watch_and_its_event_comes_again() {
    let stage = Stage::demo();
    let missing = stage.state_dir().join("missing");
    let mut watch = stage.watch_on(&["--exec", missing.to_str().unwrap()]);
    stage.tell(&mut watch, "one");
    let error = watch.end().error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("missing cannot be run"), "{error}");
    let mut watch = stage.watch_on("");
    assert_eq!(text(&watch.json()), "one");
}

/// A script that notes its begin, waits for the file `$0.end`, and notes its end.
const SLOW: &str =
    r#"echo begun >> "$0"; until [ -e "$0.end" ]; do sleep 0.01; done; echo ended >> "$0""#;

#[test]
fn a_signal_lets_the_handler_finish_and_ctrl_c_does_not_reach_it() {
    // Ctrl-C is a signal to the group.
    for (signal, to_group) in [("INT", false), ("TERM", false), ("INT", true)] {
        let stage = Stage::demo();
        let (cursor, notes) = (stage.cursor(), stage.notes());
        let script = format!("{SLOW}; echo reply");
        let cursor = ["--json", "--cursor", cursor.to_str().unwrap()];
        let shell = "--exec /bin/sh -- -c".words();
        let script = [&*script, notes.to_str().unwrap()];
        let mut watch = stage.watch_with(&[&cursor[..], &shell, &script].concat(), |command| {
            std::os::unix::process::CommandExt::process_group(command, 0);
        });
        stage.write(FRIEND, "one");
        stage.noted_lines(1);
        if to_group {
            watch.signal_group(signal);
        } else {
            watch.signal(signal);
        }
        stage.write(FRIEND, "two");
        fs::write(notes.with_extension("end"), "").unwrap();
        assert_eq!(watch.end().code, 0);
        assert_eq!(stage.noted(), "begun\nended\n");
        assert_eq!(stage.stored().len(), 2, "the first event is stored");
        let mut watch = stage.watch_on("");
        assert_eq!(text(&watch.json()), "two");
    }
}

#[test]
fn a_handler_can_run_bili_im_for_the_same_account() {
    let stage = Stage::demo();
    // The handler does not get the cookie, so it needs a stored login.
    stage.done("login");
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script = format!(
        r#"[ $BILI_IM_DIRECTION = incoming ] && {program} send $BILI_IM_TALKER "you said $BILI_IM_TEXT""#
    );
    let mut watch = stage.exec(&[], &script);
    stage.tell(&mut watch, "hi");
    let sent = watch.json();
    assert_eq!(
        (text(&sent), &sent["direction"]),
        ("you said hi", &json!("sent"))
    );
}

/// A world in which the friend has sent messages of all kinds.
fn of_all_kinds(stage: &Stage) {
    stage.say(CREATOR, Talker::user(FRIEND), "mine");
    for (source, text) in [(9, "automatic"), (17, "mutual"), (6, "notice")] {
        let to = Talker::user(CREATOR);
        let mut message = Message::text(FRIEND, to, text);
        message.msg_source = source;
        stage.put(message);
    }
}

#[test]
fn what_a_handler_prints_is_sent_as_a_reply_to_what_a_person_wrote() {
    let stage = Stage::demo();
    let mut watch = stage.exec(
        &["--reply-stdout", "--automatic", "--system"],
        r#"echo "reply to $BILI_IM_TEXT""#,
    );
    of_all_kinds(&stage);
    stage.write(FRIEND, "one");
    stage.write(FRIEND, "two\n");
    let events: Vec<Value> = (0..8).map(|_| watch.json()).collect();
    let mut texts: Vec<(&str, &str)> = (events.iter())
        .map(|event| (event["direction"].as_str().unwrap(), text(event)))
        .collect();
    texts.sort_unstable();
    let incoming = ["automatic", "mutual", "notice", "one", "two\n"].map(|text| ("incoming", text));
    let replies = ["reply to one", "reply to two\n"];
    let sent = replies.map(|text| ("sent", text));
    assert_eq!(texts, [&incoming[..], &[("own", "mine")], &sent].concat());
    assert_eq!(stage.asked("send_msg"), 2);
    assert_eq!(stage.sent_replies(), replies);
}

#[test]
fn a_quick_handler_that_prints_nothing_sends_no_reply_and_gets_no_warning() {
    let stage = Stage::demo();
    let mut watch = stage.exec(&["--reply-stdout", "--exec-timeout", "60"], "echo");
    for said in ["one", "two"] {
        stage.tell(&mut watch, said);
    }
    stage.until_stored(2);
    assert_eq!((&*watch.kill(), stage.asked("send_msg")), ("", 0));
}

#[test]
fn a_refused_reply_is_a_warning_and_the_watch_goes_on() {
    let stage = Stage::demo();
    let mut watch = stage.replying("echo reply");
    stage.fault_once("send_msg", code(21047));
    stage.tell(&mut watch, "one");
    stage.until_stored(2);
    stage.tell(&mut watch, "two");
    assert_eq!(text(&watch.json()), "reply");
    let complaints = watch.kill();
    let words = "an answer was not sent: send_msg was refused with code 21047";
    assert!(complaints.contains(words), "{complaints}");
    assert_eq!(stage.asked("send_msg"), 2);
}

#[test]
fn a_reply_that_is_refused_as_too_fast_is_sent_later() {
    let stage = Stage::demo();
    let mut watch = stage.replying("echo reply");
    stage.fault_once("send_msg", code(21020));
    stage.tell(&mut watch, "one");
    assert_eq!(text(&watch.json()), "reply");
    assert_eq!(stage.asked("send_msg"), 2);
    let words = "an answer waits: send_msg was refused with code 21020";
    assert!(watch.kill().contains(words));
}

#[test]
fn a_reply_that_would_wait_for_long_is_not_sent() {
    let stage = Stage::demo();
    let mut watch = stage.replying("echo reply");
    stage.fault_once("send_msg", code(21046));
    for said in ["one", "two"] {
        stage.tell(&mut watch, said);
    }
    // Tickets of the first reply: prepared, begun, refused; of the second: prepared. And both
    // positions.
    stage.until_stored(6);
    let complaints = watch.kill();
    let unsent = complaints.matches("an answer was not sent").count();
    assert_eq!(unsent, 2, "{complaints}");
    assert_eq!(stage.asked("send_msg"), 1, "the second is held back");
}

#[test]
fn a_login_lost_on_a_reply_ends_the_watch_and_the_reply_is_sent_later() {
    let stage = Stage::demo();
    let mut watch = stage.replying("echo reply");
    stage.fault_once("send_msg", code(-101));
    stage.tell(&mut watch, "one");
    assert_eq!(watch.end().error()["exit_code"], 3);
    let mut watch = stage.replying("echo reply");
    assert_eq!(text(&watch.json()), "reply");
    assert_eq!(stage.asked("send_msg"), 2);
}

/// Kills the watch while it sends a reply, and starts the next one.
fn dies_while_replying(stage: &Stage, fault: Rule, args: &[&str]) -> Running {
    let mut watch = stage.replying("echo reply");
    stage.fault(fault);
    stage.tell(&mut watch, "one");
    stage.until_asked_once("send_msg");
    watch.kill();
    stage.server.with(bili_im_sim::Service::clear_faults);
    // A reply to another message, which must not be taken for the first reply.
    stage.write(FRIEND, "two");
    stage.exec(&[&["--reply-stdout"], args].concat(), "echo another reply")
}

/// The texts of the events up to the second reply.
fn texts_until_second_reply(watch: &mut Running) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.last().is_none_or(|last| last != "another reply") {
        texts.push(text(&watch.json()).to_owned());
    }
    texts
}

#[test]
fn a_reply_that_never_arrived_is_not_sent_again_unless_that_is_asked_for() {
    for (args, expected) in [
        (&[][..], &["two", "another reply"][..]),
        (&["--at-least-once"], &["two", "reply", "another reply"]),
    ] {
        let stage = Stage::demo();
        let stall = Rule::new("send_msg", When::Always, Kind::Stall);
        let mut watch = dies_while_replying(&stage, stall, args);
        assert_eq!(texts_until_second_reply(&mut watch), expected);
        assert_eq!(stage.sent_replies(), expected[1..]);
        let is_doubtful = watch.kill().contains("and is not sent again");
        assert_eq!(is_doubtful, args.is_empty());
    }
}

#[test]
fn a_reply_that_arrived_or_is_in_doubt_is_not_sent_again_after_a_restart() {
    for is_doubtful in [false, true] {
        let stage = Stage::demo();
        if is_doubtful {
            // The conversation cannot be read before the reply, so an equal message in it may be
            // older.
            stage.fault(Rule::new("fetch_session_msgs", When::Nth(2), code(-404)));
        }
        let stall = Rule::new("send_msg", When::Always, Kind::Stall).after_effect();
        let mut watch = dies_while_replying(&stage, stall, &[]);
        let texts = texts_until_second_reply(&mut watch);
        assert_eq!(texts, ["reply", "two", "another reply"]);
        assert_eq!(stage.sent_replies(), ["reply", "another reply"]);
        assert_eq!(stage.asked("send_msg"), 2);
        let complaints = watch.kill();
        let words = "may or may not have been sent, and is not sent again";
        assert_eq!(complaints.contains(words), is_doubtful, "{complaints}");
    }
}

#[test]
fn without_reply_stdout_an_unfinished_reply_is_only_reported() {
    let stage = Stage::demo();
    let mut watch = stage.replying("echo reply");
    stage.fault(Rule::new("send_msg", When::Always, Kind::Stall));
    stage.write(FRIEND, "one");
    stage.until_asked_once("send_msg");
    watch.kill();
    let mut watch = stage.watch_on("");
    stage.tell(&mut watch, "two");
    let words = "was under way; without --reply-stdout";
    assert!(watch.kill().contains(words));
    assert_eq!(stage.asked("send_msg"), 1);
}

#[test]
fn a_reply_that_waits_does_not_keep_the_watch_from_ending() {
    let stage = Stage::demo();
    let mut watch = stage.replying("echo reply");
    stage.fault_once("send_msg", status(429, PageBody::default(), Some(300)));
    stage.tell(&mut watch, "one");
    stage.until_asked_once("send_msg");
    watch.signal("TERM");
    assert_eq!(watch.end().code, 0);
    let stored = stage.stored().pop().unwrap();
    assert!(stored.starts_with(r#"{"reply""#), "{stored}");
}
