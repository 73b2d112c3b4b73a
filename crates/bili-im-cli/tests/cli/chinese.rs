//! The program in Chinese.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bili_im_sim::faults::PageBody;

use crate::{
    running::Running,
    support::{FRIEND, Ran, STRANGER, Stage, bare, feed, finish, status, until},
};

fn in_chinese(stage: &Stage, args: &str) -> Ran {
    finish(stage.command(args).env("BILI_IM_LANG", "zh"))
}

fn has_chinese(line: &str) -> bool {
    line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn what_people_read_is_chinese() {
    let stage = Stage::demo();
    for args in [
        "unread --check",
        "send 10001 hi",
        "send 0 hi",
        "send 99999999 hi",
        "who 99999999",
        "history 99999999",
        "ack --all",
        "pin 10002",
        "recall 10002 7",
        "profiles --profile ..",
        "whoami --profile nobody",
        "unread --endpoint http://example.org",
        "send-image 10002 /nowhere.png",
        "sesions",
        "unread --jsn",
        "sessions --type x",
        "settings set x=on",
        "decode single-unread",
        "history 10002 --limit x",
        "stats --top x",
        "search x",
        "search x --after q",
        "search x --limit 0",
    ] {
        let ran = in_chinese(&stage, args);
        let lines = ran.out.lines().chain(ran.err.lines());
        let lines: Vec<&str> = lines
            .filter(|line| !line.starts_with(['{', '}', ' ']))
            .collect();
        assert!(!lines.is_empty(), "{args}");
        assert!(
            lines.iter().all(|line| has_chinese(line)),
            "{args}: {lines:#?}"
        );
    }
}

#[test]
fn the_errors_of_the_service_are_chinese_with_its_own_words() {
    let stage = Stage::demo().with_fault("send_msg", status(502, PageBody::Html, None));
    let ran = in_chinese(&stage, "send 10002 hi");
    assert!(
        ran.err.starts_with("错误：给用户 10002 的消息无法确认"),
        "{ran:?}"
    );
    let stage = Stage::demo();
    in_chinese(&stage, &format!("send {STRANGER} hi"));
    let ran = in_chinese(&stage, &format!("send {STRANGER} again"));
    assert!(
        ran.err
            .contains("对方回复或关注你之前，只能发一条私信（服务原话："),
        "{ran:?}"
    );
}

#[test]
fn a_watch_speaks_chinese_and_tells_programs_the_same_as_ever() {
    let stage = Stage::demo();
    let args = [
        "watch",
        "--exec",
        "/bin/sh",
        "--",
        "-c",
        "echo $BILI_IM_DIRECTION >&2",
    ];
    let mut command = stage.command(&args);
    let mut watch = Running::start(command.env("BILI_IM_LANG", "zh"));
    until(|| stage.asked("new_sessions") >= 1);
    stage.write(10002, "hi");
    assert!(watch.line().contains("10002 来自 "), "{FRIEND}");
    let said = watch.kill();
    assert!(said.starts_with("正在监听 uid 10001 的消息"), "{said}");
}

#[test]
fn json_is_never_translated() {
    let stage = Stage::demo();
    for args in [
        "unread --json",
        "send 10001 hi --json",
        "sessions --json",
        "unread --jsn --json",
    ] {
        let chinese = in_chinese(&stage, &format!("{args} --lang zh"));
        let english = stage.run(args);
        assert_eq!(
            (chinese.out, chinese.err),
            (english.out, english.err),
            "{args}"
        );
    }
}

#[test]
fn what_decode_prints_is_never_translated() {
    let command = |language| {
        let mut command = bare("decode single-unread");
        feed(command.env("BILI_IM_LANG", language), br#"{"code":-101}"#)
    };
    let (chinese, english) = (command("zh"), command("en"));
    assert_eq!(chinese.out, english.out);
    assert!(chinese.err.contains("未登录") && english.err.contains("not logged in"));
}

#[test]
fn the_option_comes_first_then_the_variable_then_the_locale() {
    let words = |args: &str, variables: &[(&str, &str)]| {
        let mut command = bare(args);
        command
            .env_remove("BILI_IM_LANG")
            .envs(variables.iter().copied());
        has_chinese(&finish(&mut command).err)
    };
    for locale in ["LC_ALL", "LANG"] {
        assert!(words("send 0 x", &[(locale, "zh_CN.UTF-8")]), "{locale}");
    }
    assert!(!words("send 0 x", &[]));
    assert!(!words("send 0 x", &[("LANG", "de_DE.UTF-8")]));
    assert!(!words(
        "send 0 x",
        &[("LANG", "zh_CN"), ("BILI_IM_LANG", "en")]
    ));
    assert!(words("send 0 x --lang zh", &[("BILI_IM_LANG", "en")]));
}

#[test]
fn the_help_is_chinese() {
    let stage = Stage::demo();
    for command in crate::support::commands() {
        let help = in_chinese(&stage, &format!("{command} --help")).out;
        for word in [
            "Usage", "Options", "Print", "Examples", "possible", "default:",
        ] {
            assert!(!help.contains(word), "{word}: {help}");
        }
    }
    let help = in_chinese(&stage, "--help").out;
    assert!(help.contains("\n登录：\n  login "), "{help}");
}

/// Calls whose text people read.
const PRINTING: [&str; 9] = [
    "warn(",
    "remark(",
    "guide(",
    "advise(",
    "other(",
    "wrong_use(",
    "unusable_login(",
    "write!(f, ",
    "write_str(",
];

/// Texts for a shell, and the name of a field.
const SAME: [&str; 5] = ["curl ", " \\\\", "export ", "msg_key ", "--group "];

/// The code of the program, file by file, without its tests, each blank a single space.
fn code() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut code = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            code.push((path, text.replace("( ", "(").replace("[ ", "[")));
        }
    }
    code
}

#[test]
fn no_text_is_printed_without_its_translation() {
    for (path, code) in code() {
        for text in PRINTING.iter().flat_map(|call| texts_after(&code, call)) {
            let is_same = SAME.iter().any(|same| text.starts_with(same));
            assert!(is_same || !has_words(text), "{}: {text}", path.display());
        }
    }
}

/// The literals that are the text of a call, or the format of it.
fn texts_after<'a>(code: &'a str, call: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(call).skip(1).filter_map(|after| {
        let after = after.trim_start_matches('&');
        let after = after.strip_prefix("format!(").unwrap_or(after);
        after.strip_prefix('"')?.split('"').next()
    })
}

/// Whether a text has letters other than the names of its values.
fn has_words(text: &str) -> bool {
    let outside = text.split('{').map(|part| part.rsplit('}').next().unwrap());
    let outside: Vec<String> = outside.map(|part| part.replace("\\n", "")).collect();
    outside.concat().chars().any(char::is_alphabetic)
}

#[test]
fn every_head_of_a_table_has_its_translation() {
    let code = code();
    let (_, table) = code
        .iter()
        .find(|(path, _)| path.ends_with("table.rs"))
        .unwrap();
    for (path, code) in &code {
        for heads in code.split("Table::new([\"").skip(1) {
            let heads = heads
                .split(']')
                .next()
                .unwrap()
                .trim_end_matches([',', ' ', '"']);
            for head in heads.split("\", \"") {
                let is_same = ["ID", "UID", "SEQNO"].contains(&head);
                let is_known = table.contains(&format!("\"{head}\" => text!("));
                assert!(is_same || is_known, "{}: {head}", path.display());
            }
        }
    }
}
