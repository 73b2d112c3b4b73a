//! `export`, `import` and `stats`.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{FRIEND, Stage, code, finish};

impl Stage {
    fn file(&self, name: &str) -> PathBuf {
        self.state_dir().join(name)
    }

    /// With an archive that knows the conversations, and has not read them.
    pub(crate) fn unfinished() -> Self {
        let stage = Self::demo();
        stage.fault_once("fetch_session_msgs", code(-101));
        stage.run("sync").failed(3, "not logged in");
        stage
    }

    fn export(&self, format: &str, name: &str) -> PathBuf {
        let file = self.file(name);
        self.done(&format!(
            "export --format {format} --out {}",
            file.display()
        ));
        file
    }
}

/// A stage whose archive is filled.
fn synchronised() -> Stage {
    let stage = Stage::demo();
    stage.done("sync");
    stage
}

/// The lines after the header, which has the time.
fn lines(file: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn what_is_exported_can_be_imported_and_exported_again() {
    let stage = synchronised();
    let file = stage.export("jsonl", "backup.jsonl");
    let copy = stage.file("copy.db");
    let import = format!("import --archive {} {}", copy.display(), file.display());
    let said = stage.done(&import);
    assert!(
        said.starts_with("9 messages are new, 0 were there already\n"),
        "{said}"
    );
    let again = stage.done(&format!(
        "export --format jsonl --archive {}",
        copy.display()
    ));
    let again: Vec<&str> = again.lines().skip(1).collect();
    assert_eq!(again, lines(&file));
    assert_eq!(stage.json(&import)["known"], 9);
}

#[test]
fn every_format_has_the_messages() {
    let stage = synchronised();
    let said = "催更";
    for format in ["csv", "md", "txt"] {
        let all = stage.done(&format!("export --format {format}"));
        let part = stage.done(&format!("export --format {format} --with {FRIEND}"));
        let later = stage.done(&format!("export --format {format} --from 2100-01-01"));
        assert!(
            all.len() > part.len() && part.len() > later.len(),
            "{format}: {all}"
        );
        assert!(all.contains(said), "{format}: {all}");
    }
    let folder = stage.export("html", "pages");
    let index = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(index.contains("user-10002.html"));
    let page = fs::read_to_string(folder.join("user-10002.html")).unwrap();
    assert!(page.contains(said) && page.contains("default-src 'none'"));
    stage
        .run("export --format html")
        .failed(2, "html is more than one file");
    stage
        .run("export --format txt --with 5")
        .failed(1, "no conversation with user 5");
}

#[test]
#[cfg(unix)]
fn files_are_private_and_replaced_only_when_asked() {
    use std::os::unix::fs::PermissionsExt;

    let stage = synchronised();
    for (format, name) in [("txt", "a.txt"), ("html", "pages")] {
        let out = stage.export(format, name);
        let file = if out.is_dir() {
            out.join("index.html")
        } else {
            out.clone()
        };
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "mine").unwrap();
        let nowhere = format!("export --format {format} --out /dev/null/{name}");
        let said = stage.run(&nowhere);
        assert!(said.code == 1 && !said.err.contains(".new"), "{said:?}");
        let again = format!("export --format {format} --out {}", out.display());
        stage.run(&again).failed(2, "exists already");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        stage.done(&format!("{again} --force"));
        assert_ne!(fs::read_to_string(&file).unwrap(), "mine");
        let folder = file.parent().unwrap();
        let left = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left
            .filter(|name| name.to_string_lossy().contains(".new"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn what_cannot_be_imported_is_said() {
    let stage = synchronised();
    let file = stage.export("jsonl", "backup.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let broken = text.replacen("{\"message\"", "{\"massage\u{1b}\"", 1);
    fs::write(&file, broken).unwrap();
    let copy = stage.file("copy.db");
    let import = format!("import --archive {} {}", copy.display(), file.display());
    let ran = stage.run(&import);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("8 messages are new"), "{ran:?}");
    assert!(
        ran.err.contains("is broken") && !ran.err.contains('\u{1b}'),
        "{ran:?}"
    );
    fs::write(&file, text.replacen("\"10001\"", "\"77\"", 1)).unwrap();
    stage.run(&import).failed(2, "belongs to account 10001");
    fs::write(&file, "2022/6/2 22:14:25 UID1说：1").unwrap();
    stage
        .run(&import)
        .failed(2, "neither an exported archive nor a list of messages");
    stage
        .run("import missing.jsonl")
        .failed(2, "cannot be read");
}

/// The first line of a file of an account, and of a version.
fn header(owner: &str, version: u32) -> String {
    json!({ "header": {
        "format": "bili-im-archive", "version": version, "owner": owner, "exported": 1,
    } })
    .to_string()
}

#[test]
fn a_refused_import_leaves_no_archive_behind() {
    let stage = Stage::demo();
    let file = stage.file("backup.jsonl");
    for (text, words) in [
        (&*header("10001", 99), "version 99"),
        ("text", "neither an exported archive nor"),
    ] {
        fs::write(&file, text).unwrap();
        let import = format!("import {}", file.display());
        stage.run(&import).failed(2, words);
        let archive = stage.archive_file();
        let left: Vec<_> = fs::read_dir(archive.parent().unwrap()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn the_profiles_archive_is_not_filled_with_the_file_of_another_account() {
    let stage = Stage::demo();
    let cookie = stage.cookie(10001);
    stage.login("", &cookie);
    let file = stage.file("backup.jsonl");
    fs::write(&file, header("777", 1)).unwrap();
    let refused = stage.run_kept(&format!("import {}", file.display()));
    refused.failed(2, "belongs to account 10001, and this to account 777");
    assert!(refused.err.contains("with --archive"), "{refused:?}");
    assert!(!stage.archive_file().exists());
    assert_eq!(stage.run_kept("sync").code, 0);
    let other = stage.file("other.db");
    stage.run_kept(&format!(
        "import --archive {} {}",
        other.display(),
        file.display()
    ));
    assert!(other.exists());
}

#[test]
fn an_import_erases_only_if_what_was_said_is_not_to_be_kept() {
    let stage = Stage::demo();
    stage.write(10002, "a secret");
    let key = stage.newest().msg_key;
    stage.done("sync");
    let plain = stage.file("plain.db");
    fs::copy(stage.archive_file(), &plain).unwrap();
    let plain = format!("--archive {}", plain.display());
    let later = format!("--archive {}", stage.file("later.db").display());
    stage.recall(key);
    stage.done(&format!("sync {later}"));
    let file = stage.file("later.jsonl").display().to_string();
    stage.done(&format!("export --format jsonl {later} --out {file}"));
    let has_secret = |archive: &str| {
        let shown = stage.done(&format!("export --format txt --recalled {archive}"));
        shown.contains("a secret")
    };

    let said = stage.done(&format!("import --keep-recalled {file}"));
    assert!(!said.contains("lost what they said"), "{said}");
    assert!(has_secret(""));
    let said = stage.done(&format!("import {plain} {file}"));
    assert!(
        said.contains("\n1 recalled messages lost what they said: --keep-recalled"),
        "{said}"
    );
    assert!(!has_secret(&plain));

    // It comes back from a file that has it.
    let kept = stage.export("jsonl", "kept.jsonl").display().to_string();
    stage.done(&format!("import {plain} {kept}"));
    assert!(!has_secret(&plain));
    stage.done(&format!("import {plain} --keep-recalled {kept}"));
    assert!(has_secret(&plain));
}

#[test]
fn stats_count_messages_by_person_hour_and_month() {
    let stage = synchronised();
    let stats = stage.json("stats");
    let count =
        |value: &Value| value["received"].as_u64().unwrap() + value["written"].as_u64().unwrap();
    let all = count(&stats);
    assert!(all > 0);
    for parts in ["talkers", "hours"] {
        let parts = stats[parts].as_array().unwrap().iter();
        assert_eq!(parts.map(count).sum::<u64>(), all);
    }
    let months = stats["months"].as_object().unwrap().values();
    assert_eq!(months.map(count).sum::<u64>(), all);
    let said = stage.done("stats");
    assert!(said.contains('█') && said.contains("MEDIAN WAIT"), "{said}");
    assert_eq!(count(&stage.json("stats --from 2100-01-01")), 0);
}

#[test]
fn an_export_is_in_the_language_of_the_user() {
    let stage = synchronised();
    let export = stage.done("export --format txt --with 10002 --lang zh");
    assert!(export.contains("用户 10002"), "{export}");
    let export = stage.done("export --format txt --with 10002");
    assert!(export.contains("user 10002"), "{export}");
}

#[test]
fn whoever_has_no_archive_is_told_of_the_others() {
    let stage = synchronised();
    let ran = stage.run("stats --profile another");
    assert!(ran.err.contains("or name one with --archive: "), "{ran:?}");
    assert!(ran.err.contains("default.db"), "{ran:?}");
    let nothing = stage.done("stats --from 2001-01-01 --to 2001-01-02");
    assert_eq!(nothing, "no messages\n");
}

#[test]
fn what_an_archive_lacks_is_said_with_what_to_do() {
    let stage = Stage::unfinished();
    let file = stage.archive_file();
    let copy = stage.file("copy.db");
    fs::copy(&file, &copy).unwrap();
    let out = stage.file("out.csv");
    let to_file = format!("export --format csv --out {}", out.display());
    let missing = "warning: conversations that are not complete yet: ";
    for command in ["search 催更", "stats", "export --format txt", &to_file] {
        let ran = stage.run(command);
        let said = format!("{missing}2 of 2; go on with bili-im sync\n");
        assert_eq!((ran.code, &*ran.err), (0, &*said), "{command}");
    }
    let copied = stage.run(&format!("stats --archive {}", copy.display()));
    let said = format!("go on with bili-im sync --archive {}\n", copy.display());
    assert!(copied.err.ends_with(&said), "{copied:?}");
    // Nothing of that time is missing.
    stage.done("stats --from 2100-01-01");
    let json = stage.run("stats --json").err;
    assert!(json.starts_with("{\"warning\":"), "{json}");
    stage.done("sync");
    stage.done("stats");
}

#[test]
fn pages_without_a_message_are_not_written_and_the_index_is_that_of_the_export() {
    let stage = synchronised();
    let folder = stage.export("html", "pages");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let (page, index) = (read("user-10002.html"), read("index.html"));
    let again = format!("export --format html --force --out {}", folder.display());
    let said = stage.done(&format!("{again} --from 2100-01-01"));
    assert!(
        said.starts_with("0 messages of 0 conversations\n"),
        "{said}"
    );
    assert_eq!((read("user-10002.html"), read("index.html")), (page, index));

    let alone = format!(
        "export --format html --with 10002 --out {}",
        folder.display()
    );
    fs::remove_file(folder.join("user-10002.html")).unwrap();
    stage.run(&alone).failed(2, "index.html exists already");
    let said = stage.done(&format!("{alone} --force"));
    assert!(said.contains(" of 1 conversation\n"), "{said}");
    let index = read("index.html");
    assert!(
        index.contains("user-10002.html") && !index.contains("group-"),
        "{index}"
    );
}

#[test]
fn a_table_leaves_out_what_a_narrow_terminal_has_no_room_for() {
    let stage = synchronised();
    let widest = |columns: &str| {
        let said = finish(stage.command("stats").env("COLUMNS", columns)).out;
        let head = said.lines().find(|line| line.starts_with("UID")).unwrap();
        let widest = said.lines().map(|line| line.chars().count()).max();
        (head.to_owned(), widest.unwrap())
    };
    let (head, width) = widest("80");
    assert!(head.ends_with("90% WITHIN") && width <= 80, "{head}");
    let (head, width) = widest("60");
    assert!(!head.contains("90%") && width <= 60, "{head}");
}

#[test]
fn nobody_waits_without_an_answer() {
    let stage = synchronised();
    let stats = stage.json("stats");
    for talker in stats["talkers"].as_array().unwrap() {
        let is_answered = talker["waits"]["answers"] != 0;
        assert_eq!(talker["waits"]["median"].is_u64(), is_answered, "{talker}");
    }
    let none = stage.json("stats --to 2001-01-01")["waits"].clone();
    let expected = json!({ "answers": 0, "median": null, "percentile_90": null });
    assert_eq!(none, expected);
    stage.run("stats --top 0").failed(2, "it must be above 0");
}
