//! `watch`: its events and its cursor.

use std::{fs, path::PathBuf};

use bili_im_sim::{
    Message, Talker,
    faults::{Kind, PageBody, Rule, When},
};
use serde_json::{Value, json};

use crate::{
    running::{BEGUN, Running},
    support::{CREATOR, Line, Ran, Stage, checked, code, status, until, voucher},
};

/// A short interval, so that tests are quick.
pub(crate) const OFTEN: [&str; 4] = ["watch", "--no-push", "--interval", "0.05"];

impl Stage {
    /// A watch that has begun. Messages from now on are events.
    pub(crate) fn watch(&self, args: impl Line) -> Running {
        self.watch_with(args, |_| {})
    }

    pub(crate) fn watch_with(
        &self,
        args: impl Line,
        and: impl FnOnce(&mut std::process::Command),
    ) -> Running {
        let mut command = self.command(&[&OFTEN, &*args.words()].concat());
        and(&mut command);
        let before = self.asked("new_sessions");
        let mut watch = Running::start(&mut command);
        until(|| watch.has_ended() || self.asked("new_sessions") >= before + 2);
        watch
    }

    pub(crate) fn cursor(&self) -> PathBuf {
        self.state_dir().join("cursor")
    }

    /// A watch with `--cursor`.
    pub(crate) fn watch_on(&self, args: impl Line) -> Running {
        let cursor = self.cursor();
        let cursor = ["--json", "--cursor", cursor.to_str().unwrap()];
        self.watch(&[&cursor, &*args.words()].concat())
    }

    /// The lines of the cursor file: one for the cursor, then one for each event.
    pub(crate) fn stored(&self) -> Vec<String> {
        let text = fs::read_to_string(self.cursor()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until the cursor file has that many events.
    pub(crate) fn until_stored(&self, events: usize) {
        until(|| self.stored().len() > events);
    }

    /// Writes a text as the friend, and waits until a watch has told it.
    pub(crate) fn tell(&self, watch: &mut Running, said: &str) -> Value {
        self.write(10002, said);
        let event = watch.json();
        assert_eq!(text(&event), said);
        event
    }
}

/// The text of a message event.
pub(crate) fn text(event: &Value) -> &str {
    assert_eq!(event["event"], "message", "{event}");
    event["message"]["content"]["text"].as_str().unwrap()
}

#[test]
fn people_are_told_whose_messages_are_watched_and_where() {
    let stage = Stage::demo();
    let endpoint = stage.endpoint();
    // The first request finds where to begin. The next one ends the watch.
    let end = || stage.fault(Rule::new("new_sessions", When::Nth(2), code(-101)));
    let first_line = |ran: Ran| ran.err.lines().next().unwrap().to_owned();
    end();
    let begun = |who: &str| format!("{BEGUN}uid 10001{who} at {endpoint}");
    assert_eq!(first_line(stage.run("watch")), begun(""));
    stage.done("login");
    end();
    assert_eq!(first_line(stage.run_kept("watch")), begun(" (演示UP主)"));
    assert_eq!(stage.asked("cards"), 0, "nobody asks for the name");
    end();
    assert!(first_line(stage.run("watch --json")).starts_with(r#"{"error":"#));
}

#[test]
fn people_read_a_line_for_each_message() {
    let stage = Stage::demo();
    let mut watch = stage.watch("");
    stage.write(10002, "two\nlines \u{1b}[2J\u{202e}");
    let line = watch.line();
    let (time, rest) = line.split_at("2023-11-14 22:13".len());
    let digits = time.chars().filter(char::is_ascii_digit).count();
    assert_eq!(digits, 12, "{line}");
    assert_eq!(rest, r" 10002 from 铁粉小明: two⏎lines \u{1b}[2J\u{202e}");
    stage.write(10002, "again");
    assert!(watch.line().ends_with(" 10002 from 铁粉小明: again"));
    assert_eq!(stage.asked("cards"), 1, "the name is known");
    stage.say(CREATOR, Talker::user(10002), "mine");
    assert!(watch.line().ends_with(" 10002 own: mine"));
    stage.say(10002, Talker::group(20001), "all");
    assert!(watch.line().ends_with(" --group 20001 from 铁粉小明: all"));
    assert_eq!(stage.asked("update_ack"), 0, "nothing is marked as read");
}

#[test]
fn without_names_the_numbers_do() {
    let stage = Stage::demo().with_fault("cards", Kind::Html);
    let mut watch = stage.watch("");
    for text in ["one", "two"] {
        stage.write(10002, text);
        let line = watch.line();
        assert!(line.ends_with(&format!(" 10002 from 10002: {text}")));
    }
    assert_eq!(stage.asked("cards"), 1, "it is not asked each time");
    assert_eq!(watch.kill(), "");
}

#[test]
fn scripts_read_an_object_for_each_event() {
    let stage = Stage::demo();
    let mut watch = stage.watch("--json");
    let event = stage.tell(&mut watch, "hi");
    let message = stage.newest();
    let (key, seqno) = (message.msg_key.to_string(), message.msg_seqno.to_string());
    for (field, expected) in [
        ("/event", json!("message")),
        ("/id", json!(format!("user-10002-{seqno}"))),
        ("/talker", json!({"user": "10002"})),
        ("/direction", json!("incoming")),
        ("/by_a_person", json!(true)),
        ("/message/msg_key", json!(key)),
        ("/message/msg_seqno", json!(seqno)),
        ("/message/sender_uid", json!("10002")),
    ] {
        assert_eq!(event.pointer(field), Some(&expected), "{field}");
    }
    assert_eq!(event.as_object().unwrap().len(), 6);
    assert_eq!(stage.asked("cards"), 0);

    stage.say(CREATOR, Talker::user(10002), "mine");
    assert_eq!(watch.json()["direction"], "own");
    let sent = stage.json("send 10002 sent");
    let event = watch.json();
    assert_eq!(
        (&event["direction"], text(&event)),
        (&json!("sent"), "sent")
    );
    let key = sent["msg_key"].as_str().unwrap();
    stage.done(&["recall", "10002", key]);
    let event = watch.json();
    assert_eq!(event["event"], "recalled");
    assert_eq!(event["msg_key"], key);
    assert_eq!(event["talker"], json!({"user": "10002"}));
    let seqno = stage.newest().msg_seqno;
    assert_eq!(event["id"], format!("user-10002-{seqno}"));
}

#[test]
fn what_is_told_is_chosen() {
    let stage = Stage::demo();
    let automatic = |source, text| {
        let mut message = Message::text(10002, Talker::user(CREATOR), text);
        message.msg_source = source;
        stage.put(message);
    };
    for (args, expected) in [
        ("--no-own --no-groups", "person"),
        ("", "group own person"),
        ("--no-own", "group person"),
        ("--no-groups --automatic", "automatic own person"),
        ("--no-groups --system", "own person system"),
    ] {
        let mut watch = stage.watch(&format!("{args} --json"));
        stage.say(CREATOR, Talker::user(10002), "own");
        stage.say(10002, Talker::group(20001), "group");
        automatic(9, "automatic");
        automatic(17, "system");
        stage.write(10002, "person");
        let mut told: Vec<String> = expected
            .words()
            .iter()
            .map(|_| text(&watch.json()).to_owned())
            .collect();
        told.sort_unstable();
        assert_eq!(told.join(" "), expected, "{args}");
    }
    let mut watch = stage.watch("--changes --json");
    let mut kinds = vec![watch.json()["event"].clone()];
    stage.done("pin 10002");
    let changed = loop {
        let event = watch.json();
        if event["event"] == "session_changed" {
            break event;
        }
        kinds.push(event["event"].clone());
    };
    assert_eq!(changed["session"]["talker"], json!({"user": "10002"}));
    assert!(kinds.contains(&json!("unread_changed")), "{kinds:?}");
}

#[test]
fn other_commands_go_on_beside_it_and_share_its_state() {
    let stage = Stage::demo();
    let mut watch = stage.watch("--json");
    for number in 0..5 {
        let sent = stage.json(&format!("send 10002 {number}"));
        let event = watch.json();
        assert_eq!(event["direction"], "sent");
        assert_eq!(event["message"]["msg_key"], sent["msg_key"]);
    }
    let asked = stage.asked("nav");
    assert_eq!(asked, 2, "one to know who it is, one for all keys");
}

#[test]
fn what_one_command_is_told_holds_for_the_other() {
    let stage = Stage::demo();
    let too_fast = || status(429, PageBody::Json, Some(3600));
    let mut watch = stage.watch("--json");
    stage.fault_once("single_unread", too_fast());
    stage.run("unread").failed(5, "429");
    let asked = stage.asked("new_sessions");
    let held = watch.json();
    assert_eq!(held["event"], "held", "{held}");
    assert_eq!(held["error"]["kind"], "RateLimited");
    assert!(held["retry_after_seconds"].as_u64().unwrap() > 3000);
    assert_eq!(stage.asked("new_sessions"), asked);

    let stage = Stage::demo();
    let mut watch = stage.watch("--json");
    stage.fault_once("new_sessions", too_fast());
    assert_eq!(watch.json()["event"], "held");
    stage.run("unread").failed(5, "lately");
}

#[test]
fn people_are_warned_of_what_holds_it_up() {
    let stage = Stage::demo();
    let mut watch = stage.watch("");
    stage.fault_once("new_sessions", Kind::BreakOff);
    stage.write(10002, "hi");
    assert!(watch.line().ends_with(": hi"));
    let told = watch.kill();
    assert!(told.starts_with("warning: waits for "), "{told}");
}

#[test]
fn a_lost_login_and_risk_control_end_it_and_say_so() {
    for (kind, code, words) in [
        (code(-101), 3, "not logged in"),
        (voucher(), 5, "risk control"),
    ] {
        let stage = Stage::demo();
        let mut watch = stage.watch("");
        stage.fault(Rule::new("new_sessions", When::Always, kind));
        watch.end().failed(code, words);
    }
}

#[test]
fn a_stop_that_another_process_lifts_is_lifted_for_it() {
    let stage = Stage::demo();
    // The program does not get the cookie, so it needs a stored login.
    stage.done("login");
    stage.fault_once("cards", voucher());
    let program = env!("CARGO_BIN_EXE_bili-im");
    // The request for a name gets the risk control's refusal. The stop is lifted before the next
    // request.
    let mut watch = stage.watch(&["--exec", program, "--", "resume"]);
    for text in ["one", "two"] {
        stage.write(10002, text);
        assert!(watch.line().ends_with(&format!(" from 10002: {text}")));
    }
}

#[cfg(unix)]
#[test]
fn under_nohup_it_outlives_the_terminal() {
    let stage = Stage::demo();
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script = r#"trap "" HUP; exec "$0" "$@""#;
    let command = stage.command("");
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", script, program, "--json"]).args(OFTEN);
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap());
    }
    let mut watch = Running::start(&mut shell);
    until(|| stage.asked("new_sessions") == 2);
    watch.signal("HUP");
    stage.tell(&mut watch, "hi");
    watch.signal("TERM");
    assert_eq!(watch.end().code, 0);
}

#[test]
fn it_goes_on_where_it_was_ended() {
    let stage = Stage::demo();
    two_told(&stage);
    stage.write(10002, "three");
    stage.write(10003, "new here");
    let mut watch = stage.watch_on("");
    let mut told = [watch.json(), watch.json()].map(|event| text(&event).to_owned());
    told.sort_unstable();
    assert_eq!(told, ["new here", "three"]);
}

/// A watch that told two events and stored them, and then was killed.
fn two_told(stage: &Stage) {
    let mut watch = stage.watch_on("");
    for said in ["one", "two"] {
        stage.tell(&mut watch, said);
    }
    stage.until_stored(2);
    watch.kill();
}

#[test]
fn since_says_from_when_on() {
    let stage = Stage::demo();
    two_told(&stage);
    stage.write(10002, "three");
    let copy = stage.state_dir().join("copy");
    fs::copy(stage.cursor(), &copy).unwrap();
    let since_copy = ["--since", copy.to_str().unwrap()];
    // `--since FILE` does not change the file.
    let before = fs::read(&copy).unwrap();
    let mut watch = stage.watch(&[&["--json"], &since_copy[..]].concat());
    assert_eq!(text(&watch.json()), "three");
    watch.kill();
    assert_eq!(fs::read(&copy).unwrap(), before);
    // `--since now` ignores the cursor.
    let mut watch = stage.watch_on("--since now");
    stage.tell(&mut watch, "four");
    until(|| stage.stored().len() == 2);
    watch.kill();
    // `--since FILE` begins there, although there is a cursor.
    let mut watch = stage.watch_on(&since_copy);
    assert_eq!(text(&watch.json()), "three");
    assert_eq!(text(&watch.json()), "four");
}

#[test]
fn what_was_being_written_when_it_died_does_not_count() {
    for lost in [1, 20] {
        let stage = Stage::demo();
        two_told(&stage);
        let whole = fs::read(stage.cursor()).unwrap();
        fs::write(stage.cursor(), &whole[..whole.len() - lost]).unwrap();
        let mut watch = stage.watch_on("");
        assert_eq!(text(&watch.json()), "two");
        // Later events are stored.
        until(|| stage.stored().len() == 2);
        watch.kill();
        let mut watch = stage.watch_on("");
        stage.tell(&mut watch, "three");
    }
}

#[test]
fn a_cursor_does_not_grow_without_end() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on("");
    for number in 0..1050 {
        stage.write(10002, &number.to_string());
    }
    for number in 0..1050 {
        assert_eq!(text(&watch.json()), number.to_string());
    }
    until(|| stage.stored().len() == 50);
    watch.kill();
    let mut watch = stage.watch_on("");
    stage.tell(&mut watch, "and on");
}

#[test]
fn a_damaged_cursor_is_refused_and_left_alone() {
    let stage = Stage::demo();
    two_told(&stage);
    let whole = fs::read_to_string(stage.cursor()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let path = stage.cursor();
    for damaged in [
        String::new(),
        "\n".to_owned(),
        whole.chars().take(10).collect(),
        lines[0].to_owned(),
        format!("{}\n{}\n", lines[1], lines[2]),
        format!("{}\n{}", lines[0], &whole),
        whole.replacen("{\"position", "{\"po\0sition", 1),
        format!("{}\n{{}}\n", lines[0]),
        "\0".repeat(100),
    ] {
        fs::write(stage.cursor(), &damaged).unwrap();
        let asked = stage.requests();
        for option in ["--cursor", "--since"] {
            let ran = stage.run(&["watch", option, path.to_str().unwrap()]);
            ran.failed(2, "cannot be used");
            assert!(ran.err.contains("--since now"), "{ran:?}");
            assert!(!ran.err.contains("column"), "{ran:?}");
        }
        assert_eq!(stage.requests(), asked, "nothing was sent");
        assert_eq!(fs::read_to_string(stage.cursor()).unwrap(), damaged);
    }
    // Do what the error advises.
    fs::rename(stage.cursor(), stage.state_dir().join("moved")).unwrap();
    let mut watch = stage.watch_on("--since now");
    stage.tell(&mut watch, "three");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let stage = Stage::demo();
    let missing = stage.state_dir().join("missing");
    let missing = missing.to_str().unwrap();
    stage.fail(
        2,
        &[
            (&format!("watch --since {missing}"), "there is no cursor in"),
            (&format!("watch --cursor {missing}/x"), "cannot be kept"),
            ("watch --reply-stdout", "--exec"),
            ("watch -- argument", "--exec"),
            ("watch --exec-timeout 5", "--exec"),
            ("watch --exec x --exec-timeout 0", "a number of seconds"),
            ("watch --interval 0", "must be above 0"),
            ("watch --interval -1", "'-1'"),
            ("watch --interval soon", "seconds"),
            ("unread --interval 20", "--watch"),
        ],
    );
    let ran = stage.run_as("SESSDATA=sim-10001", "watch --exec true --reply-stdout");
    ran.failed(2, "bili_jct");
    assert_eq!(stage.requests(), Default::default());
}

#[test]
fn two_watches_on_one_cursor_are_refused() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on("");
    let path = stage.cursor();
    let ran = stage.run(&["watch", "--cursor", path.to_str().unwrap()]);
    ran.failed(2, "another watch uses the cursor");
    #[cfg(unix)]
    {
        let other = stage.state_dir().join("other");
        std::os::unix::fs::symlink(&path, &other).unwrap();
        let ran = stage.run(&["watch", "--cursor", other.to_str().unwrap()]);
        ran.failed(2, "it is a link to another file");
        assert!(ran.err.contains("name the file that the link points to"));
    }
    stage.tell(&mut watch, "hi");
}

#[cfg(unix)]
#[test]
fn a_watch_whose_cursor_was_replaced_ends_before_it_answers() {
    use std::os::unix::fs::MetadataExt;

    let stage = Stage::demo();
    let inode = || fs::metadata(stage.cursor()).unwrap().ino();
    let exec = ["--reply-stdout", "--exec", "/bin/echo", "--", "answer"];
    let mut first = stage.watch_on(&exec);
    let of_first = inode();
    // A tidy-up deletes the lock. Then a second watch can take the cursor.
    fs::remove_file(stage.state_dir().join(".cursor.bili-im-lock")).unwrap();
    let mut second = stage.watch_on(&exec);
    until(|| inode() != of_first);
    stage.write(10002, "hello");
    let error = first.end().error();
    let message = error["message"].as_str().unwrap();
    let words = "somebody deleted or replaced it";
    assert!(message.contains(words), "{message}");
    assert_eq!(text(&second.json()), "hello");
    assert_eq!(text(&second.json()), "answer");
    assert_eq!(stage.asked("send_msg"), 1);
}

#[test]
fn another_accounts_cursor_is_refused() {
    let stage = Stage::demo();
    stage.watch_on("").kill();
    let before = stage.stored();
    let cursor = stage.cursor();
    let args = ["watch", "--cursor", cursor.to_str().unwrap()];
    let ran = stage.run_as(stage.cookie(10002), &args);
    ran.failed(2, "cursor belongs to uid 10001");
    assert_eq!(stage.stored(), before);
}

#[test]
fn an_event_that_nobody_reads_comes_again() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on("");
    watch.turn_away();
    // The first line after the reader is gone may still fit into the pipe. The second cannot be
    // written.
    stage.write(10002, "one");
    until(|| watch.has_ended() || stage.stored().len() == 2);
    let read = stage.stored().len() - 1;
    stage.write(10002, "two");
    let ran = watch.end();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert_eq!(stage.stored().len(), 1 + read);
    let mut watch = stage.watch_on("");
    for expected in &["one", "two"][read..] {
        assert_eq!(text(&watch.json()), *expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_ends_it_with_an_error() {
    let stage = Stage::demo();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let cursor = stage.cursor();
    let cursor = ["--cursor", cursor.to_str().unwrap()];
    let mut command = stage.command(&[&OFTEN[..], &cursor].concat());
    let child = command
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until(|| stage.asked("new_sessions") == 2);
    stage.write(10002, "hi");
    let output = child.wait_with_output().unwrap();
    checked(output).failed(1, "stdout cannot be written");
    assert_eq!(stage.stored().len(), 1, "the event is not stored");
}
