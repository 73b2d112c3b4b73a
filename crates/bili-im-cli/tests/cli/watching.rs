//! `watch`: its events and its cursor.

use std::{fs, path::PathBuf};

use bili_im_sim::{
    Message, Talker,
    faults::{Kind, PageBody, Rule, VoucherPlace, When},
};
use serde_json::{Value, json};

use crate::{
    running::Running,
    support::{CREATOR, FRIEND, Stage, finish, until},
};

/// A short interval, so that tests are quick.
pub(crate) const OFTEN: [&str; 3] = ["watch", "--interval", "0.05"];

impl Stage {
    /// A watch that has begun. Messages from now on are events.
    pub(crate) fn watch(&self, args: &[&str]) -> Running {
        self.watch_with(args, |_| {})
    }

    pub(crate) fn watch_with(
        &self,
        args: &[&str],
        and: impl FnOnce(&mut std::process::Command),
    ) -> Running {
        let mut command = self.command(&[&OFTEN, args].concat());
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
    pub(crate) fn watch_on(&self, args: &[&str]) -> Running {
        let cursor = self.cursor();
        let args = [&["--json", "--cursor", cursor.to_str().unwrap()], args].concat();
        self.watch(&args)
    }
}

/// The text of a message event.
pub(crate) fn text(event: &Value) -> &str {
    assert_eq!(event["event"], "message", "{event}");
    event["message"]["content"]["text"].as_str().unwrap()
}

#[test]
fn people_read_a_line_for_each_message() {
    let stage = Stage::demo();
    let mut watch = stage.watch(&[]);
    stage.write(10002, "two\nlines \u{1b}[2J\u{202e}");
    let line = watch.line();
    let (time, rest) = line.split_at("2023-11-14 22:13".len());
    assert!(
        time.chars().filter(|c| c.is_ascii_digit()).count() == 12,
        "{line}"
    );
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
    let mut watch = stage.watch(&[]);
    for text in ["one", "two"] {
        stage.write(10002, text);
        assert!(
            watch
                .line()
                .ends_with(&format!(" 10002 from 10002: {text}"))
        );
    }
    assert_eq!(stage.asked("cards"), 1, "it is not asked each time");
    watch.kill();
    assert_eq!(watch.complaints(), "");
}

#[test]
fn scripts_read_an_object_for_each_event() {
    let stage = Stage::demo();
    let mut watch = stage.watch(&["--json"]);
    stage.write(10002, "hi");
    let message = stage.newest();
    let event = watch.json();
    assert_eq!(event["event"], "message");
    assert_eq!(event["id"], format!("user-10002-{}", message.msg_seqno));
    assert_eq!(event["talker"], json!({"user": "10002"}));
    assert_eq!(event["direction"], "incoming");
    assert_eq!(event["by_a_person"], true);
    assert_eq!(event["message"]["msg_key"], message.msg_key.to_string());
    assert_eq!(event["message"]["msg_seqno"], message.msg_seqno.to_string());
    assert_eq!(event["message"]["sender_uid"], "10002");
    assert_eq!(event["message"]["content"]["text"], "hi");
    assert_eq!(event.as_object().unwrap().len(), 6);
    assert_eq!(stage.asked("cards"), 0);

    stage.say(CREATOR, Talker::user(10002), "mine");
    assert_eq!(watch.json()["direction"], "own");
    let sent = stage.json(&["send", FRIEND, "sent"]);
    let event = watch.json();
    assert_eq!(
        (&event["direction"], text(&event)),
        (&json!("sent"), "sent")
    );
    let key = sent["msg_key"].as_str().unwrap();
    assert_eq!(stage.run(&["recall", FRIEND, key]).code, 0);
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
    let friend = || Talker::user(CREATOR);
    let write_all = || {
        stage.say(CREATOR, Talker::user(10002), "own");
        stage.say(10002, Talker::group(20001), "group");
        let mut automatic = Message::text(10002, friend(), "automatic");
        automatic.msg_source = 9;
        stage.put(automatic);
        let mut system = Message::text(10002, friend(), "system");
        system.msg_source = 17;
        stage.put(system);
        stage.write(10002, "person");
    };
    for (args, expected) in [
        (&["--no-own", "--no-groups"][..], &["person"][..]),
        (&[], &["group", "own", "person"]),
        (&["--no-own"], &["group", "person"]),
        (
            &["--no-groups", "--automatic"],
            &["automatic", "own", "person"],
        ),
        (&["--no-groups", "--system"], &["own", "person", "system"]),
    ] {
        let mut watch = stage.watch(&[args, &["--json"]].concat());
        write_all();
        let mut told: Vec<String> = expected
            .iter()
            .map(|_| text(&watch.json()).to_owned())
            .collect();
        told.sort_unstable();
        assert_eq!(told, expected, "{args:?}");
    }
    let mut watch = stage.watch(&["--changes", "--json"]);
    let mut kinds = vec![watch.json()["event"].clone()];
    assert_eq!(stage.run(&["pin", FRIEND]).code, 0);
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
    let mut watch = stage.watch(&["--json"]);
    for number in 0..5 {
        let sent = stage.json(&["send", FRIEND, &number.to_string()]);
        let event = watch.json();
        assert_eq!(event["direction"], "sent");
        assert_eq!(event["message"]["msg_key"], sent["msg_key"]);
    }
    assert_eq!(
        stage.asked("nav"),
        2,
        "one to know who it is, one for all keys"
    );
}

#[test]
fn what_one_command_is_told_holds_for_the_other() {
    let stage = Stage::demo();
    let mut watch = stage.watch(&["--json"]);
    stage.fault(Rule::new("single_unread", When::Once, too_fast(3600)));
    stage.run(&["unread"]).failed(5, "429");
    let asked = stage.asked("new_sessions");
    let held = watch.json();
    assert_eq!(held["event"], "held", "{held}");
    assert_eq!(held["error"]["kind"], "RateLimited");
    assert!(held["retry_after_seconds"].as_u64().unwrap() > 3000);
    assert_eq!(stage.asked("new_sessions"), asked);

    let stage = Stage::demo();
    let mut watch = stage.watch(&["--json"]);
    stage.fault(Rule::new("new_sessions", When::Once, too_fast(3600)));
    assert_eq!(watch.json()["event"], "held");
    stage.run(&["unread"]).failed(5, "lately");
}

fn too_fast(retry_after: u64) -> Kind {
    Kind::Http {
        status: 429,
        body: PageBody::Json,
        retry_after: Some(retry_after),
    }
}

#[test]
fn people_are_warned_of_what_holds_it_up() {
    let stage = Stage::demo();
    let mut watch = stage.watch(&[]);
    stage.fault(Rule::new("new_sessions", When::Once, Kind::BreakOff));
    stage.write(10002, "hi");
    assert!(watch.line().ends_with(": hi"));
    watch.kill();
    let told = watch.complaints();
    assert!(told.starts_with("warning: waits for "), "{told}");
}

#[test]
fn a_lost_login_and_risk_control_end_it_and_say_so() {
    for (kind, code, words) in [
        (code(-101), 3, "not logged in"),
        (Kind::Voucher(VoucherPlace::Body), 5, "risk control"),
    ] {
        let stage = Stage::demo();
        let mut watch = stage.watch(&[]);
        stage.fault(Rule::new("new_sessions", When::Always, kind));
        watch.end().failed(code, words);
    }
}

pub(crate) fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}

#[test]
fn a_stop_that_another_process_lifts_is_lifted_for_it() {
    let stage = Stage::demo();
    // The program does not get the cookie, so it needs a stored login.
    assert_eq!(stage.run(&["login"]).code, 0);
    let refused = Kind::Voucher(VoucherPlace::Body);
    stage.fault(Rule::new("cards", When::Once, refused));
    let program = env!("CARGO_BIN_EXE_bili-im");
    // The request for a name gets the risk control's refusal. The stop is lifted before the next
    // request.
    let mut watch = stage.watch(&["--exec", program, "--", "resume"]);
    stage.write(10002, "one");
    assert!(watch.line().ends_with(" from 10002: one"));
    stage.write(10002, "two");
    assert!(watch.line().ends_with(" from 10002: two"));
}

#[cfg(unix)]
#[test]
fn signals_end_it_well() {
    for signal in ["INT", "TERM"] {
        let stage = Stage::demo();
        let mut watch = stage.watch(&[]);
        watch.signal(signal);
        let ran = watch.end();
        assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""), "{signal}");
        stage.fault(Rule::new("new_sessions", When::Always, Kind::Stall));
        let watch = &mut Running::start(&mut stage.command(&OFTEN));
        let asked = stage.asked("new_sessions");
        until(|| stage.asked("new_sessions") > asked);
        watch.signal(signal);
        assert_eq!(watch.end().code, 0, "{signal} while a request hangs");
    }
}

#[cfg(unix)]
#[test]
fn under_nohup_it_outlives_the_terminal() {
    let stage = Stage::demo();
    let program = env!("CARGO_BIN_EXE_bili-im");
    let script = r#"trap "" HUP; exec "$0" "$@""#;
    let command = stage.command(&[]);
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", script, program, "--json"]).args(OFTEN);
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap());
    }
    let mut watch = Running::start(&mut shell);
    until(|| stage.asked("new_sessions") == 2);
    watch.signal("HUP");
    stage.write(10002, "hi");
    assert_eq!(text(&watch.json()), "hi");
    watch.signal("TERM");
    assert_eq!(watch.end().code, 0);
}

#[test]
fn it_goes_on_where_it_was_ended() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on(&[]);
    stage.write(10002, "one");
    assert_eq!(text(&watch.json()), "one");
    stage.write(10002, "two");
    assert_eq!(text(&watch.json()), "two");
    until(|| stored(&stage).len() == 3);
    watch.kill();
    stage.write(10002, "three");
    stage.write(10003, "new here");
    let mut watch = stage.watch_on(&[]);
    let mut told = [watch.json(), watch.json()].map(|event| text(&event).to_owned());
    told.sort_unstable();
    assert_eq!(told, ["new here", "three"]);
}

/// The lines of the cursor file.
fn stored(stage: &Stage) -> Vec<String> {
    let text = fs::read_to_string(stage.cursor()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn since_says_from_when_on() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on(&[]);
    stage.write(10002, "one");
    assert_eq!(text(&watch.json()), "one");
    until(|| stored(&stage).len() == 2);
    watch.kill();
    stage.write(10002, "two");
    let cursor = stage.cursor();
    let copy = stage.state_dir().join("copy");
    fs::copy(&cursor, &copy).unwrap();
    // `--since FILE` does not change the file.
    let before = fs::read(&copy).unwrap();
    let mut watch = stage.watch(&["--json", "--since", copy.to_str().unwrap()]);
    assert_eq!(text(&watch.json()), "two");
    watch.kill();
    assert_eq!(fs::read(&copy).unwrap(), before);
    // `--since now` ignores the cursor.
    let mut watch = stage.watch_on(&["--since", "now"]);
    stage.write(10002, "three");
    assert_eq!(text(&watch.json()), "three");
    until(|| stored(&stage).len() == 2);
    watch.kill();
    // `--since FILE` begins there, although there is a cursor.
    let mut watch = stage.watch_on(&["--since", copy.to_str().unwrap()]);
    assert_eq!(text(&watch.json()), "two");
    assert_eq!(text(&watch.json()), "three");
}

#[test]
fn what_was_being_written_when_it_died_does_not_count() {
    for lost in [1, 20] {
        let stage = Stage::demo();
        let mut watch = stage.watch_on(&[]);
        for text in ["one", "two"] {
            stage.write(10002, text);
            watch.line();
        }
        until(|| stored(&stage).len() == 3);
        watch.kill();
        let whole = fs::read(stage.cursor()).unwrap();
        fs::write(stage.cursor(), &whole[..whole.len() - lost]).unwrap();
        let mut watch = stage.watch_on(&[]);
        assert_eq!(text(&watch.json()), "two");
        // Later events are stored.
        until(|| stored(&stage).len() == 2);
        watch.kill();
        let mut watch = stage.watch_on(&[]);
        stage.write(10002, "three");
        assert_eq!(text(&watch.json()), "three");
    }
}

#[test]
fn a_cursor_does_not_grow_without_end() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on(&[]);
    for number in 0..1050 {
        stage.write(10002, &number.to_string());
    }
    for number in 0..1050 {
        assert_eq!(text(&watch.json()), number.to_string());
    }
    until(|| stored(&stage).len() == 50);
    watch.kill();
    let mut watch = stage.watch_on(&[]);
    stage.write(10002, "and on");
    assert_eq!(text(&watch.json()), "and on");
}

#[test]
fn a_damaged_cursor_is_refused_and_left_alone() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on(&[]);
    for text in ["one", "two"] {
        stage.write(10002, text);
        watch.line();
    }
    until(|| stored(&stage).len() == 3);
    watch.kill();
    let whole = fs::read_to_string(stage.cursor()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let path = stage.cursor();
    let path = path.to_str().unwrap();
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
            let ran = stage.run(&["watch", option, path]);
            ran.failed(2, "cannot be used");
            assert!(ran.err.contains("--since now"), "{ran:?}");
            assert!(!ran.err.contains("column"), "{ran:?}");
        }
        assert_eq!(stage.requests(), asked, "nothing was sent");
        assert_eq!(fs::read_to_string(stage.cursor()).unwrap(), damaged);
    }
    // Do what the error advises.
    fs::rename(stage.cursor(), stage.state_dir().join("moved")).unwrap();
    let mut watch = stage.watch_on(&["--since", "now"]);
    stage.write(10002, "three");
    assert_eq!(text(&watch.json()), "three");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let stage = Stage::demo();
    let missing = stage.state_dir().join("missing");
    let missing = missing.to_str().unwrap();
    (stage.run(&["watch", "--since", missing])).failed(2, "there is no cursor in");
    let inside = format!("{missing}/cursor");
    (stage.run(&["watch", "--cursor", &inside])).failed(2, "cannot be kept");
    for (args, words) in [
        (&["watch", "--reply-stdout"][..], "--exec"),
        (&["watch", "--", "argument"], "--exec"),
        (&["watch", "--interval", "0"], "seconds"),
        (&["watch", "--interval", "-1"], "'-1'"),
        (&["watch", "--interval", "soon"], "seconds"),
        (&["unread", "--interval", "20"], "--watch"),
    ] {
        let ran = stage.run(args);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
    }
    let mut command = stage.command(&["watch", "--exec", "true", "--reply-stdout"]);
    let ran = finish(command.env("BILI_IM_COOKIE", "SESSDATA=sim-10001"));
    ran.failed(2, "bili_jct");
    assert_eq!(stage.requests(), Default::default());
}

#[test]
fn two_watches_on_one_cursor_are_refused() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on(&[]);
    let path = stage.cursor();
    let ran = stage.run(&["watch", "--cursor", path.to_str().unwrap()]);
    ran.failed(2, "another watch uses the cursor");
    #[cfg(unix)]
    {
        let other = stage.state_dir().join("other");
        std::os::unix::fs::symlink(&path, &other).unwrap();
        let ran = stage.run(&["watch", "--cursor", other.to_str().unwrap()]);
        ran.failed(2, "it is a link to another file");
        assert!(
            ran.err.contains("name the file that the link points to"),
            "{ran:?}"
        );
    }
    stage.write(10002, "hi");
    assert_eq!(text(&watch.json()), "hi");
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
    assert!(
        message.contains("somebody deleted or replaced it"),
        "{message}"
    );
    assert_eq!(text(&second.json()), "hello");
    assert_eq!(text(&second.json()), "answer");
    assert_eq!(stage.asked("send_msg"), 1);
}

#[test]
fn another_accounts_cursor_is_refused() {
    let stage = Stage::demo();
    stage.watch_on(&[]).kill();
    let before = stored(&stage);
    let cursor = stage.cursor();
    let mut command = stage.command(&["watch", "--cursor", cursor.to_str().unwrap()]);
    let ran = finish(command.env("BILI_IM_COOKIE", stage.cookie(10002)));
    ran.failed(2, "cursor belongs to uid 10001");
    assert_eq!(stored(&stage), before);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_cursor() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::demo();
    let mut watch = stage.watch_on(&[]);
    let mode = fs::metadata(stage.cursor()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    watch.kill();
}

#[test]
fn an_event_that_nobody_reads_comes_again() {
    let stage = Stage::demo();
    let mut watch = stage.watch_on(&[]);
    watch.turn_away();
    // The first line after the reader is gone may still fit into the pipe. The second cannot be
    // written.
    stage.write(10002, "one");
    until(|| watch.has_ended() || stored(&stage).len() == 2);
    let read = stored(&stage).len() - 1;
    stage.write(10002, "two");
    let ran = watch.end();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert_eq!(stored(&stage).len(), 1 + read);
    let mut watch = stage.watch_on(&[]);
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
    let mut command =
        stage.command(&[&OFTEN[..], &["--cursor", cursor.to_str().unwrap()]].concat());
    let child = command
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until(|| stage.asked("new_sessions") == 2);
    stage.write(10002, "hi");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.starts_with("error: stdout cannot be written"),
        "{told}"
    );
    assert_eq!(stored(&stage).len(), 1, "the event is not stored");
}
