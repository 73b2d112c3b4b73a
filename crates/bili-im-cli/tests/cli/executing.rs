//! `watch --exec`: runs a program for every message, and sends its answers.

use std::{fs, path::PathBuf};

use bili_im_sim::{
    Message, MessageState, Talker, Uid,
    faults::{Kind, Rule, When},
};
use serde_json::Value;

use crate::{
    running::Running,
    support::{CREATOR, Stage, until},
    watching::{code, text},
};

const FRIEND: u64 = 10002;

impl Stage {
    /// The file that a test's program writes to.
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
        let exec = [
            "--exec",
            "/bin/sh",
            "--",
            "-c",
            script,
            notes.to_str().unwrap(),
        ];
        self.watch_on(&[args, &exec].concat())
    }

    /// A watch that sends what the script prints.
    fn answering(&self, script: &str) -> Running {
        self.exec(&["--reply-stdout"], script)
    }

    /// The messages that the creator sent.
    fn said(&self) -> Vec<MessageState> {
        let mut messages = self.snapshot().messages;
        messages.retain(|message| message.from == Uid(CREATOR));
        messages
    }

    fn has_stored(&self, events: usize) -> bool {
        let text = fs::read_to_string(self.cursor()).unwrap_or_default();
        text.lines().count() > events
    }
}

fn content(message: &MessageState) -> String {
    let content: Value = serde_json::from_str(&message.content).unwrap();
    content["content"].as_str().unwrap().to_owned()
}

#[test]
fn the_program_gets_the_event_as_json_and_as_variables() {
    let stage = Stage::demo();
    let script = r#"read -r json; env | grep '^BILI_IM_[EMSTDB]' | grep -v ENDPOINT | sort >> "$0"; echo "$json" >> "$0""#;
    let mut watch = stage.exec(&[], script);
    stage.write(FRIEND, "hi `there` $HOME");
    let event = watch.json();
    let newest = stage.newest();
    let mut lines = stage.noted_lines(15);
    let json: Value = serde_json::from_str(&lines.pop().unwrap()).unwrap();
    assert_eq!(json, event);
    lines.retain(|line| !line.starts_with("BILI_IM_STATE_DIR"));
    assert_eq!(
        lines,
        [
            "BILI_IM_BY_A_PERSON=true".to_owned(),
            "BILI_IM_DIRECTION=incoming".to_owned(),
            "BILI_IM_EVENT=message".to_owned(),
            format!("BILI_IM_EVENT_ID=user-10002-{}", newest.msg_seqno),
            format!("BILI_IM_MSG_KEY={}", newest.msg_key),
            format!("BILI_IM_MSG_SEQNO={}", newest.msg_seqno),
            "BILI_IM_MSG_SOURCE=7".to_owned(),
            "BILI_IM_MSG_TYPE=1".to_owned(),
            "BILI_IM_SENDER_UID=10002".to_owned(),
            "BILI_IM_TALKER=10002".to_owned(),
            "BILI_IM_TALKER_KIND=user".to_owned(),
            "BILI_IM_TEXT=hi `there` $HOME".to_owned(),
            format!("BILI_IM_TIMESTAMP={}", newest.timestamp),
        ]
    );
}

#[test]
fn it_runs_once_for_every_message_and_for_nothing_else() {
    let stage = Stage::demo();
    let mut watch = stage.exec(
        &["--changes"],
        r#"echo "$BILI_IM_DIRECTION $BILI_IM_TEXT" >> "$0""#,
    );
    assert_eq!(watch.json()["event"], "unread_changed");
    stage.write(FRIEND, "one");
    stage.say(CREATOR, Talker::user(FRIEND), "mine");
    let sent = stage.json(&["send", "10002", "sent"]);
    let key = sent["msg_key"].as_str().unwrap();
    assert_eq!(stage.run(&["recall", "10002", key]).code, 0);
    stage.write(FRIEND, "last");
    let expected = ["incoming one", "own mine", "sent sent", "incoming last"];
    // The watch may see the recalled message before or after the recall.
    let noted = stage.noted_lines(expected.len());
    assert_eq!(noted[..2], expected[..2]);
    assert_eq!(noted[3..], expected[3..]);
    assert!(noted[2].starts_with("sent "), "{noted:?}");
}

#[test]
fn what_it_prints_does_not_get_among_the_events() {
    let stage = Stage::demo();
    let mut watch = stage.exec(&[], "echo printed; echo complained >&2");
    for text_sent in ["one", "two"] {
        stage.write(FRIEND, text_sent);
        assert_eq!(text(&watch.json()), text_sent);
    }
    until(|| stage.has_stored(2));
    watch.kill();
    assert_eq!(watch.complaints(), "printed\ncomplained\n".repeat(2));
    assert_eq!(stage.asked("send_msg"), 0);
}

#[test]
fn one_that_reads_nothing_and_prints_without_end_holds_nothing_up() {
    let stage = Stage::demo();
    // More than a pipe holds.
    let long = "long ".repeat(100_000);
    for (args, script) in [
        (&[][..], "exec true"),
        (&["--reply-stdout"], "exec true"),
        (&["--reply-stdout"], "while :; do echo and so on; done"),
        (
            &["--reply-stdout"],
            r#"exec 3<&0; (while [ -d "${0%/*}" ]; do sleep 0.1; done >/dev/null 2>&1 &)
            echo "$BILI_IM_TEXT" | wc -c >> "$0""#,
        ),
    ] {
        let mut watch = stage.exec(args, script);
        stage.write(FRIEND, &long);
        assert_eq!(text(&watch.json()), long);
        stage.write(FRIEND, "and on\0");
        assert_eq!(text(&watch.json()), "and on\0");
        until(|| stage.has_stored(2));
    }
    assert_eq!(stage.asked("send_msg"), 0);
    // A text that does not fit into a variable is cut off.
    let length: usize = stage.noted_lines(2)[0].trim().parse().unwrap();
    assert_eq!(length, (16 << 10) + 1);
}

#[test]
fn one_that_fails_is_a_warning() {
    let stage = Stage::demo();
    for (script, words) in [
        ("echo answer; exit 3", "/bin/sh failed: exit status: 3"),
        ("echo answer; kill -9 $$", "/bin/sh failed: signal: 9"),
        (
            r"printf '\377'",
            "/bin/sh printed an answer that is not UTF-8",
        ),
        (
            "while :; do echo and so on; done",
            "/bin/sh printed too much for an answer",
        ),
        (
            "head -c 20000 /dev/zero",
            "/bin/sh printed too much for an answer",
        ),
        (
            "head -c 2500 /dev/zero | tr '\\0' a",
            "an answer was not sent: the message is",
        ),
    ] {
        let mut watch = stage.answering(script);
        stage.write(FRIEND, "one");
        assert_eq!(text(&watch.json()), "one");
        until(|| stage.has_stored(1));
        stage.write(FRIEND, "two");
        assert_eq!(text(&watch.json()), "two");
        until(|| stage.has_stored(2));
        watch.kill();
        let told = watch.complaints();
        let warning: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
        let message = warning["warning"]["message"].as_str().unwrap();
        assert!(message.starts_with(words), "{script}: {message}");
        assert_eq!(told.lines().count(), 2, "{script}: {told}");
    }
    assert_eq!(stage.asked("send_msg"), 0);
}

#[test]
fn one_that_cannot_be_started_ends_it_and_the_event_comes_again() {
    let stage = Stage::demo();
    let missing = stage.state_dir().join("missing");
    let mut watch = stage.watch_on(&["--exec", missing.to_str().unwrap()]);
    stage.write(FRIEND, "one");
    assert_eq!(text(&watch.json()), "one");
    let error = watch.end().error();
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("missing cannot be run"),
        "{error}"
    );
    let mut watch = stage.watch_on(&[]);
    assert_eq!(text(&watch.json()), "one");
}

/// A script that notes its begin, waits for the file `$0.end`, and notes its end.
const SLOW: &str =
    r#"echo begun >> "$0"; until [ -e "$0.end" ]; do sleep 0.01; done; echo ended >> "$0""#;

#[test]
fn a_signal_lets_it_finish() {
    for signal in ["INT", "TERM"] {
        let stage = Stage::demo();
        let mut watch = stage.exec(&[], &format!("{SLOW}; echo answer"));
        stage.write(FRIEND, "one");
        stage.noted_lines(1);
        watch.signal(signal);
        stage.write(FRIEND, "two");
        fs::write(stage.notes().with_extension("end"), "").unwrap();
        assert_eq!(watch.end().code, 0);
        assert_eq!(stage.noted(), "begun\nended\n");
        assert!(stage.has_stored(1) && !stage.has_stored(2));
        let mut watch = stage.watch_on(&[]);
        assert_eq!(text(&watch.json()), "two");
    }
}

#[test]
fn ctrl_c_is_not_for_it() {
    let stage = Stage::demo();
    let cursor = stage.cursor();
    let notes = stage.notes();
    let args = [
        "--cursor",
        cursor.to_str().unwrap(),
        "--exec",
        "/bin/sh",
        "--",
        "-c",
        SLOW,
    ];
    let args = [&args[..], &[notes.to_str().unwrap()]].concat();
    let mut watch = stage.watch_with(&args, |command| {
        std::os::unix::process::CommandExt::process_group(command, 0);
    });
    stage.write(FRIEND, "one");
    stage.noted_lines(1);
    watch.signal_group("INT");
    fs::write(notes.with_extension("end"), "").unwrap();
    assert_eq!(watch.end().code, 0);
    assert_eq!(stage.noted(), "begun\nended\n");
    assert!(stage.has_stored(1));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let stage = Stage::demo();
    let mut watch = stage.exec(&[], SLOW);
    stage.write(FRIEND, "one");
    stage.noted_lines(1);
    // A second signal that arrives before the first is handled merges with it.
    until(|| {
        watch.signal("TERM");
        watch.has_ended()
    });
    // The script holds stderr open.
    fs::write(stage.notes().with_extension("end"), "").unwrap();
    assert_eq!(watch.end().code, 1);
    assert!(!stage.has_stored(1));
}

#[test]
fn commands_of_the_account_work_within_it() {
    let stage = Stage::demo();
    // The program does not get the cookie, so it needs a stored login.
    assert_eq!(stage.run(&["login"]).code, 0);
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script = format!(
        r#"[ $BILI_IM_DIRECTION = incoming ] && {program} send $BILI_IM_TALKER "you said $BILI_IM_TEXT""#
    );
    let mut watch = stage.exec(&[], &script);
    stage.write(FRIEND, "hi");
    assert_eq!(text(&watch.json()), "hi");
    let sent = watch.json();
    assert_eq!(
        (text(&sent), &sent["direction"]),
        ("you said hi", &Value::from("sent"))
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
fn what_it_prints_is_sent_as_an_answer_to_what_a_person_wrote() {
    let stage = Stage::demo();
    let mut watch = stage.exec(
        &["--reply-stdout", "--automatic", "--system"],
        r#"echo "answer to $BILI_IM_TEXT""#,
    );
    of_all_kinds(&stage);
    stage.write(FRIEND, "one");
    stage.write(FRIEND, "two\n");
    let told: Vec<Value> = (0..8).map(|_| watch.json()).collect();
    let told: Vec<(&str, &str)> = (told.iter())
        .map(|event| (event["direction"].as_str().unwrap(), text(event)))
        .collect();
    let incoming = ["automatic", "mutual", "notice", "one", "two\n"].map(|text| ("incoming", text));
    let answers = ["answer to one", "answer to two\n"];
    for expected in incoming
        .into_iter()
        .chain([("own", "mine")])
        .chain(answers.map(|text| ("sent", text)))
    {
        assert!(told.contains(&expected), "{expected:?}: {told:?}");
    }
    assert_eq!(stage.asked("send_msg"), 2);
    let said = stage.said();
    assert_eq!(
        [
            content(&said[said.len() - 2]),
            content(&said[said.len() - 1])
        ],
        answers
    );
}

#[test]
fn nothing_printed_is_no_answer() {
    let stage = Stage::demo();
    let mut watch = stage.answering("echo");
    for text_sent in ["one", "two"] {
        stage.write(FRIEND, text_sent);
        assert_eq!(text(&watch.json()), text_sent);
    }
    until(|| stage.has_stored(2));
    watch.kill();
    assert_eq!((&*watch.complaints(), stage.asked("send_msg")), ("", 0));
}

#[test]
fn a_refused_answer_is_a_warning_and_it_goes_on() {
    let stage = Stage::demo();
    let mut watch = stage.answering("echo answer");
    stage.fault(Rule::new("send_msg", When::Once, code(21047)));
    stage.write(FRIEND, "one");
    assert_eq!(text(&watch.json()), "one");
    until(|| stage.has_stored(2));
    stage.write(FRIEND, "two");
    assert_eq!(text(&watch.json()), "two");
    assert_eq!(text(&watch.json()), "answer");
    watch.kill();
    let told = watch.complaints();
    assert!(
        told.contains("an answer was not sent: send_msg was refused with code 21047"),
        "{told}"
    );
    assert_eq!(stage.asked("send_msg"), 2);
}

#[test]
fn an_answer_waits_while_it_is_too_fast_or_cannot_leave() {
    let stage = Stage::demo();
    let mut watch = stage.answering("echo answer");
    stage.fault(Rule::new("send_msg", When::Once, code(21020)));
    stage.write(FRIEND, "one");
    assert_eq!(text(&watch.json()), "one");
    assert_eq!(text(&watch.json()), "answer");
    assert_eq!(stage.asked("send_msg"), 2);
    watch.kill();
    assert!(
        watch
            .complaints()
            .contains("an answer waits: send_msg was refused with code 21020")
    );
}

#[test]
fn an_answer_that_would_wait_for_long_is_not_sent() {
    let stage = Stage::demo();
    let mut watch = stage.answering("echo answer");
    stage.fault(Rule::new("send_msg", When::Once, code(21046)));
    stage.write(FRIEND, "one");
    stage.write(FRIEND, "two");
    assert_eq!(
        [watch.json(), watch.json()].each_ref().map(text),
        ["one", "two"]
    );
    // Tickets of the first answer: prepared, begun, refused; of the second: prepared. And both
    // positions.
    until(|| stage.has_stored(6));
    watch.kill();
    let told = watch.complaints();
    assert_eq!(told.matches("an answer was not sent").count(), 2, "{told}");
    assert_eq!(stage.asked("send_msg"), 1, "the second is held back");
}

#[test]
fn a_login_lost_on_an_answer_ends_it_and_the_answer_is_sent_later() {
    let stage = Stage::demo();
    let mut watch = stage.answering("echo answer");
    stage.fault(Rule::new("send_msg", When::Once, code(-101)));
    stage.write(FRIEND, "one");
    assert_eq!(text(&watch.json()), "one");
    assert_eq!(watch.end().error()["exit_code"], 3);
    let mut watch = stage.answering("echo answer");
    assert_eq!(text(&watch.json()), "answer");
    assert_eq!(stage.asked("send_msg"), 2);
}

/// Kills the watch while it sends an answer, and starts the next one.
fn dies_while_answering(stage: &Stage, fault: Rule, args: &[&str]) -> Running {
    let mut watch = stage.answering("echo answer");
    stage.fault(fault);
    stage.write(FRIEND, "one");
    assert_eq!(text(&watch.json()), "one");
    until(|| stage.asked("send_msg") == 1);
    watch.kill();
    stage.server.with(bili_im_sim::Service::clear_faults);
    // An answer to another message, which must not be taken for the first answer.
    stage.write(FRIEND, "two");
    stage.exec(&[&["--reply-stdout"], args].concat(), "echo another answer")
}

fn answers(stage: &Stage) -> Vec<String> {
    let said = stage.said();
    let texts: Vec<String> = said
        .iter()
        .filter(|m| m.msg_type == 1)
        .map(content)
        .collect();
    texts
        .into_iter()
        .filter(|text| text.contains("answer"))
        .collect()
}

/// The events up to the second answer.
fn told(watch: &mut Running) -> Vec<String> {
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "another answer") {
        told.push(text(&watch.json()).to_owned());
    }
    told
}

#[test]
fn an_answer_that_never_arrived_is_not_sent_again_unless_that_is_asked_for() {
    for (args, expected) in [
        (&[][..], &["two", "another answer"][..]),
        (&["--at-least-once"], &["two", "answer", "another answer"]),
    ] {
        let stage = Stage::demo();
        let stall = Rule::new("send_msg", When::Always, Kind::Stall);
        let mut watch = dies_while_answering(&stage, stall, args);
        assert_eq!(told(&mut watch), expected);
        assert_eq!(answers(&stage), expected[1..]);
        watch.kill();
        let is_doubtful = watch.complaints().contains("and is not sent again");
        assert_eq!(is_doubtful, args.is_empty());
    }
}

#[test]
fn an_answer_that_arrived_is_not_sent_again_after_a_restart() {
    let stage = Stage::demo();
    let stall = Rule::new("send_msg", When::Always, Kind::Stall).after_effect();
    let mut watch = dies_while_answering(&stage, stall, &[]);
    assert_eq!(told(&mut watch), ["answer", "two", "another answer"]);
    assert_eq!(answers(&stage), ["answer", "another answer"]);
    assert_eq!(stage.asked("send_msg"), 2);
}

#[test]
fn an_answer_in_doubt_is_not_sent_again_after_a_restart() {
    let stage = Stage::demo();
    // The conversation cannot be read before the answer, so an equal message in it may be older.
    stage.fault(Rule::new("fetch_session_msgs", When::Nth(2), code(-404)));
    let stall = Rule::new("send_msg", When::Always, Kind::Stall).after_effect();
    let mut watch = dies_while_answering(&stage, stall, &[]);
    assert_eq!(told(&mut watch), ["answer", "two", "another answer"]);
    assert_eq!(answers(&stage), ["answer", "another answer"]);
    assert_eq!(stage.asked("send_msg"), 2);
    watch.kill();
    let told = watch.complaints();
    assert!(
        told.contains("may or may not have been sent, and is not sent again"),
        "{told}"
    );
}

#[test]
fn without_replies_an_answer_under_way_is_left_at_that() {
    let stage = Stage::demo();
    let mut watch = stage.answering("echo answer");
    stage.fault(Rule::new("send_msg", When::Always, Kind::Stall));
    stage.write(FRIEND, "one");
    until(|| stage.asked("send_msg") == 1);
    watch.kill();
    stage.write(FRIEND, "two");
    let mut watch = stage.watch_on(&[]);
    assert_eq!(text(&watch.json()), "two");
    watch.kill();
    assert!(
        watch
            .complaints()
            .contains("was under way; without --reply-stdout")
    );
    assert_eq!(stage.asked("send_msg"), 1);
}

#[test]
fn an_answer_that_waits_does_not_keep_it_from_ending() {
    let stage = Stage::demo();
    let mut watch = stage.answering("echo answer");
    let too_fast = Kind::Http {
        status: 429,
        body: Default::default(),
        retry_after: Some(300),
    };
    stage.fault(Rule::new("send_msg", When::Once, too_fast));
    stage.write(FRIEND, "one");
    assert_eq!(text(&watch.json()), "one");
    until(|| stage.asked("send_msg") == 1);
    watch.signal("TERM");
    assert_eq!(watch.end().code, 0);
    let stored = fs::read_to_string(stage.cursor()).unwrap();
    assert!(
        stored.lines().last().unwrap().starts_with(r#"{"reply""#),
        "{stored}"
    );
}
