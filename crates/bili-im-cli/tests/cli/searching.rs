//! `search`.

use std::time::SystemTime;

use bili_im_sim::{Act, Message, Talker, Uid};
use serde_json::json;

use crate::support::{CREATOR, Stage};

/// A stage whose archive has a few messages of a user.
fn stage() -> Stage {
    let stage = Stage::demo();
    for text in ["明天直播吗", "Live 見面\u{1b}[31m\n明天", "後天見"] {
        stage.write(10003, text);
    }
    stage.done("sync");
    stage
}

#[test]
fn it_shows_the_messages_with_all_the_words_newest_first() {
    let stage = stage();
    let said = stage.done("search 明天");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].ends_with(": Live 見面\\u{1b}[31m⏎明天"), "{said}");
    assert!(lines[1].contains("10003"), "{said}");
    assert!(lines[1].ends_with(": 明天直播吗"), "{said}");
    let said = stage.done("search 见 liv");
    assert_eq!(said.lines().count(), 1, "{said}");
    let nothing = "no message has these words\n";
    assert_eq!(stage.done("search ive"), nothing);
    assert_eq!(stage.done("search 明天 --mine"), nothing);
    assert_eq!(stage.done("search 明天 --with 10002"), nothing);
    assert_eq!(stage.done("search 明天 --type image"), nothing);
    assert_eq!(stage.done("search 明天 --to 2020-01-01"), nothing);
    let relevant = stage.done("search 明天 --relevance --with 10003 --type text");
    assert!(
        relevant.lines().next().unwrap().ends_with("明天直播吗"),
        "{relevant}"
    );
}

#[test]
fn its_json_says_where_the_words_are_and_where_to_go_on() {
    let stage = stage();
    let found = stage.json("search 见 --limit 1 --context 1");
    let hit = &found["hits"][0];
    assert_eq!(hit["text"], "後天見");
    assert_eq!(hit["places"], json!([{ "start": 2, "end": 3 }]));
    assert_eq!(hit["talker"], json!({ "user": "10003" }));
    assert_eq!(
        hit["before"][0]["content"]["text"],
        "Live 見面\u{1b}[31m\n明天"
    );
    assert_eq!(hit["after"], json!([]));
    let next = found["next"].as_str().unwrap();
    let rest = stage.json(&format!("search 见 --after {next}"));
    assert_eq!(rest["hits"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], json!(null));
}

#[test]
fn what_cannot_be_searched_is_refused_with_what_to_do() {
    let empty = Stage::demo();
    let said = empty.run("search 明天");
    assert!(
        said.failed(2, "there is no archive")
            .err
            .contains("bili-im sync"),
        "{said:?}"
    );
    let stage = stage();
    let said = stage.run("search ？！");
    assert!(
        said.failed(2, "spaces and punctuation")
            .err
            .contains("add a letter"),
        "{said:?}"
    );
    stage
        .run("search 明天 --type song")
        .failed(2, "a number is wanted");
    stage
        .run("search 明天 --with 99999")
        .failed(1, "no conversation with user 99999");
    for command in ["search 明天", "stats", "export --format txt"] {
        for (time, advice) in [
            ("--from 2026-02-01 --to 2026-01-01", "exchange them"),
            (
                "--from 2026-01-31 --to 2026-01-31",
                "--to is not included; for the whole day: --to 2026-02-01",
            ),
            (
                "--from 2026-01-31T08:00 --to 2026-01-31T08:00",
                "give a later time",
            ),
        ] {
            let ran = stage.run(&format!("{command} {time}"));
            let said = ran.failed(2, "--to is not after --from");
            assert!(said.err.contains(advice), "{said:?}");
        }
    }
}

#[test]
fn a_recalled_message_that_was_kept_is_marked() {
    let stage = stage();
    let recall = Act::Recall {
        uid: Uid(10003),
        msg_key: stage.newest().msg_key,
    };
    let now = SystemTime::now().into();
    let recalled = stage.server.with(|service| service.act(recall, now));
    recalled.unwrap();
    stage.done("sync --keep-recalled");
    let said = stage.done("search 後天");
    assert!(said.ends_with(": 後天見 (recalled)\n"), "{said}");
    assert_eq!(stage.json("search 後天")["hits"][0]["recalled"], true);
    assert_eq!(stage.json("search 明天")["hits"][0]["recalled"], false);
}

#[test]
fn labels_are_in_the_language_of_the_user() {
    let stage = Stage::demo();
    let share = json!({ "title": "新歌 cover", "author": "铁粉小明" });
    let share = Message::new(10002, Talker::user(CREATOR), 7, share.to_string());
    stage.put(share);
    stage.done("sync");
    let found = |args: &str| stage.done(args).trim_end().to_owned();
    assert!(found("search cover").ends_with(": [share] 新歌 cover"));
    assert!(found("search 新歌 --color always").contains("[share] \u{1b}[31m"));
    assert!(found("search cover --lang zh").ends_with(": [分享] 新歌 cover"));
    // A label that was searched for stays.
    assert!(found("search 分享 cover").ends_with(": [分享] 新歌 cover"));
    assert!(found("history 10002").contains("[share] 新歌 cover"));
    assert!(found("sessions").contains("[share] 新歌 cover"));
}
