//! Exports and imports of JSONL, and of answers.

use bili_im_proto::{Talker, Uid, UnixSeconds};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    error::ArchiveError,
    export::Export,
    reading::ArchivedSession,
    search::Search,
    testing::{FRIEND, GROUP, NOON, OWN, SERVICE, Shelf, message, text},
};

/// An archive with everything that an archive can have.
fn full() -> Shelf {
    let mut shelf = Shelf::with_people();
    shelf.archive.keep_recalled = true;
    shelf.receive(FRIEND, &text(1, Uid(10002), "你好\u{202e}\u{1b}\n\"<b>"));
    shelf.receive(FRIEND, &text(2, OWN, "kept, although recalled"));
    shelf.receive(FRIEND, &message(3, OWN, 5, 2_000_000));
    shelf.archive.keep_recalled = false;
    shelf.receive(FRIEND, &text(4, OWN, "forgotten"));
    shelf.receive(FRIEND, &message(5, OWN, 5, 4_000_000));
    shelf.receive(FRIEND, &text(60, Uid(10002), "before"));
    shelf.receive(FRIEND, &text(60, Uid(10002), "after"));
    shelf.receive(
        FRIEND,
        &json!({"msg_seqno": 61, "timestamp": NOON, "odd": [1.0, null]}),
    );
    let image = json!({"url": "https://i0.hdslb.com/a.png", "width": 3});
    shelf.receive(GROUP, &message(1, Uid(10009), 2, image));
    shelf.receive(
        SERVICE,
        &message(1, Uid(0), 10, json!({"title": "t", "text": "x"})),
    );
    shelf.sql(
        "UPDATE media SET state = 'saved', file = 'a/b.png', bytes = 9 WHERE url LIKE '%a.png';
         UPDATE messages SET timestamp = 12 WHERE msg_seqno = 61;
         UPDATE raw_messages SET is_rebuilt = 1 WHERE json LIKE '%after%';",
    );
    shelf
}

fn everything(shelf: &Shelf) -> String {
    exported(shelf, &Export::all().with_service(true))
}

fn exported(shelf: &Shelf, export: &Export) -> String {
    let mut file = Vec::new();
    export
        .jsonl(&shelf.archive, UnixSeconds(5), &mut file)
        .unwrap();
    String::from_utf8(file).unwrap()
}

fn found(shelf: &Shelf, words: &str) -> usize {
    shelf
        .archive
        .search(&Search::new(words))
        .unwrap()
        .hits
        .len()
}

fn import(shelf: &mut Shelf, mut file: &[u8]) -> Result<ImportReport, ArchiveError> {
    Import::new().read(&mut shelf.archive, &mut file)
}

fn imported(file: &str) -> (Shelf, ImportReport) {
    let mut shelf = Shelf::empty();
    let report = import(&mut shelf, file.as_bytes()).unwrap();
    shelf.check();
    (shelf, report)
}

#[test]
fn an_import_gives_the_same_archive_back() {
    let original = full();
    let file = everything(&original);
    let (mut copy, report) = imported(&file);
    assert_eq!((report.messages, report.broken), (9, 0));
    assert!(report.is_complete);
    assert_eq!(everything(&copy), file);
    for query in [
        "SELECT msg_seqno, msg_key, msg_status, timestamp, text FROM messages ORDER BY 1, 2",
        "SELECT url, state, file, bytes, tries, '' FROM media ORDER BY url",
        "SELECT listed, compared, uid, '', '' FROM owner",
        "SELECT coverage, name, session_ts, '', '' FROM sessions",
    ] {
        let rows = |shelf: &Shelf| {
            let mut select = shelf.archive.connection.prepare(query).unwrap();
            let rows = select.query_map([], |row| {
                Ok((0..5).map(|column| row.get(column).unwrap()).collect())
            });
            rows.unwrap()
                .map(Result::unwrap)
                .collect::<Vec<Vec<rusqlite::types::Value>>>()
        };
        assert_eq!(rows(&copy), rows(&original), "{query}");
    }
    let again = import(&mut copy, file.as_bytes()).unwrap();
    assert_eq!((again.messages, again.known), (0, 9));
    assert_eq!(everything(&copy), file);
}

#[test]
fn a_broken_line_is_named_and_the_rest_is_read() {
    let file = everything(&full());
    let mut lines: Vec<&str> = file.lines().collect();
    let broken = lines
        .iter()
        .position(|line| line.contains("after"))
        .unwrap();
    lines[broken] = "{\"message\":{\"talker\":";
    let (shelf, report) = imported(&lines.join("\n"));
    assert_eq!((report.messages, report.broken), (8, 2));
    assert_eq!(report.broken_lines[0].number, broken as u64 + 1);
    // The next synchronisation reads the conversation again.
    let sessions = shelf.archive.sessions().unwrap();
    assert!(
        sessions
            .iter()
            .all(|session| session.coverage.newest().is_none())
    );
    assert!(everything(&shelf).ends_with("{\"end\":{\"listed\":null,\"compared\":null}}\n"));
}

#[test]
fn a_file_that_ends_early_is_noticed() {
    let file = everything(&full());
    let (half, _) = file.split_once("after").unwrap();
    let (_, report) = imported(half);
    assert!(!report.is_complete && report.broken == 1);
}

#[test]
fn newer_and_foreign_files_are_refused_and_change_nothing() {
    let mut shelf = full();
    let before = everything(&shelf);
    let newer = before.replacen("\"version\":1", "\"version\":2,\"new\":{}", 1);
    let refused = import(&mut shelf, newer.as_bytes());
    assert!(matches!(
        refused,
        Err(ArchiveError::NewerExport { found: 2, known: 1 })
    ));
    let foreign = before.replacen("\"owner\":\"10001\"", "\"owner\":\"5\"", 1);
    let refused = import(&mut shelf, foreign.as_bytes());
    assert!(matches!(refused, Err(ArchiveError::Foreign { .. })));
    for garbage in [
        "",
        "\n",
        "text",
        "\u{feff}",
        "{",
        "2022/6/2 22:14:25 UID1说：你好",
    ] {
        let refused = import(&mut shelf, garbage.as_bytes());
        assert!(
            matches!(refused, Err(ArchiveError::NotAnExport)),
            "{garbage}: {refused:?}"
        );
    }
    assert_eq!(everything(&shelf), before);
}

#[test]
fn what_is_stored_already_stays_unless_the_file_says_that_it_was_recalled() {
    let mut shelf = Shelf::with_people();
    shelf.receive(FRIEND, &text(60, Uid(10002), "mine"));
    shelf.receive(FRIEND, &text(2, OWN, "mine, too"));
    shelf.sql(
        "UPDATE people SET name = 'Other name'; DELETE FROM emoticons;
        UPDATE owner SET listed = 1, compared = 1;",
    );
    import(&mut shelf, everything(&full()).as_bytes()).unwrap();
    let file = everything(&shelf);
    for kept in [r#"\"mine\""#, "Other name", "\"listed\":1,", "[doge]"] {
        assert!(file.contains(kept), "{kept}: {file}");
    }
    for gone in ["mine, too", "although"] {
        assert!(!file.contains(gone), "{gone}: {file}");
    }
}

#[test]
fn what_recalled_messages_said_is_kept_if_that_is_asked_for() {
    let mut shelf = Shelf::with_people();
    shelf.receive(FRIEND, &text(2, OWN, "mine"));
    let file = everything(&full());
    shelf.archive.keep_recalled = true;
    let report = import(&mut shelf, file.as_bytes()).unwrap();
    assert_eq!(report.erased, 0);
    assert!(everything(&shelf).contains("mine"));

    // What was erased comes back from a file that has it.
    let mut shelf = Shelf::with_people();
    shelf.receive(FRIEND, &text(2, OWN, "mine"));
    let report = import(&mut shelf, file.as_bytes()).unwrap();
    assert_eq!((report.erased, shelf.archive.erased()), (1, 1));
    shelf.archive.keep_recalled = true;
    import(&mut shelf, file.as_bytes()).unwrap();
    assert!(everything(&shelf).contains("although"));
    assert_eq!(found(&shelf, "although"), 1);
    shelf.check();
}

#[test]
fn a_missing_line_is_noticed_and_the_conversation_read_again() {
    let file = everything(&full());
    for missing in [r#""odd""#, "\"edit\"", "\"recall\""] {
        let lines: Vec<&str> = file.lines().collect();
        let gone = lines.iter().position(|line| line.contains(missing));
        let mut lines = lines.clone();
        lines.remove(gone.unwrap());
        let (shelf, report) = imported(&lines.join("\n"));
        assert_eq!(report.broken, 1, "{missing}: {report:?}");
        let reason = &report.broken_lines[0].reason;
        assert!(reason.contains(" lines, and had "), "{reason}");
        let sessions = shelf.archive.sessions().unwrap();
        let is_unread = |session: &ArchivedSession| session.coverage.newest().is_none();
        assert!(sessions.iter().all(is_unread));
        assert!(everything(&shelf).contains("\"end\":{\"listed\":null"));
    }
    // Files of earlier versions do not have the number.
    let (start, rest) = file.split_once(",\"lines\":").unwrap();
    let older = format!(
        "{start}{}",
        rest.trim_start_matches(|c: char| c.is_ascii_digit())
    );
    let (shelf, report) = imported(&older);
    assert!(report.is_complete && report.broken == 0);
    assert_eq!(everything(&shelf), file);
}

#[test]
fn files_of_other_accounts_than_the_given_one_are_refused() {
    let mut shelf = Shelf::empty();
    let file = everything(&full());
    let refused = Import::new()
        .of_account(Uid(777))
        .read(&mut shelf.archive, &mut file.as_bytes());
    assert!(matches!(refused, Err(ArchiveError::Foreign { .. })));
    let Shelf { archive, folder } = shelf;
    assert!(archive.remove_if_empty().unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let (shelf, _) = imported(&file);
    assert!(!shelf.archive.remove_if_empty().unwrap());
}

#[test]
fn a_message_that_is_known_to_be_recalled_since_is_forgotten() {
    let before = Shelf::with_people();
    before.receive(FRIEND, &text(8, OWN, "secret"));
    let file = everything(&before);
    let mut shelf = Shelf::with_people();
    shelf.receive(FRIEND, &message(9, OWN, 5, 8_000_000));
    import(&mut shelf, file.as_bytes()).unwrap();
    assert!(!everything(&shelf).contains("secret"));
}

#[test]
fn a_part_has_nothing_of_the_rest() {
    let shelf = full();
    let part = exported(&shelf, &Export::of([GROUP]));
    assert!(part.contains("Stranger") && !part.contains("Friend") && !part.contains("after"));
    assert!(part.contains("\"listed\":null"));
    let since = UnixSeconds(NOON + 3000)..UnixSeconds(u64::MAX);
    let late = exported(&shelf, &Export::of([FRIEND]).during(since));
    assert!(late.contains("after") && !late.contains("although") && !late.contains("covered"));
    let unasked = exported(&shelf, &Export::all());
    assert!(unasked.contains("Fan group") && !unasked.contains("Support"));
    let missing =
        Export::of([Talker::user(5)]).jsonl(&shelf.archive, UnixSeconds(5), &mut Vec::new());
    assert!(matches!(missing, Err(ArchiveError::NoSession(_))));
}

#[test]
fn a_picture_outside_of_the_media_folder_is_refused() {
    let mut shelf = full();
    let file = everything(&shelf).replace("a/b.png", "../../etc/passwd");
    let (_, report) = imported(&file);
    assert_eq!(report.broken, 1);
    assert_eq!(import(&mut shelf, file.as_bytes()).unwrap().broken, 1);
}

#[test]
fn answers_of_the_service_are_read() {
    let answer = |messages: Vec<Value>| {
        json!({"code": 0, "msg": "0", "data": {"messages": messages, "has_more": 0,
            "e_infos": [{"text": "[tv]", "uri": "https://i0.hdslb.com/tv.png", "size": 1}]}})
    };
    let quiet = json!({"code": 0, "data": {"messages": null, "has_more": 0, "min_seqno": 0,
        "e_infos": [{"text": "[ok]", "uri": "https://i0.hdslb.com/ok.png",
            "url": "https://i0.hdslb.com/ok.png", "size": "1"}, {"text": "[x]"}]}});
    let mut recalled = text(2, OWN, "secret");
    recalled["msg_key"] = json!(77);
    let foreign = json!({"sender_uid": 3, "receiver_type": 1, "receiver_id": 4, "msg_type": 1,
        "content": "{\"content\":\"x\"}", "msg_seqno": 1, "timestamp": 1, "msg_key": 1});
    let one = answer(vec![
        message(3, OWN, 5, 77),
        recalled,
        json!({"odd": 1}),
        foreign,
    ]);
    let file = format!("{one}\n{quiet}\n{}\n", json!([text(1, OWN, "你好"), null]));
    let mut shelf = Shelf::empty();
    let refused = import(&mut shelf, file.as_bytes());
    assert!(matches!(refused, Err(ArchiveError::NoOwner)));
    let mut shelf = Shelf::with_people();
    let report = import(&mut shelf, file.as_bytes()).unwrap();
    assert_eq!((report.messages, report.broken), (3, 2));
    let numbers: Vec<u64> = report.broken_lines.iter().map(|line| line.number).collect();
    assert_eq!(numbers, [3, 4]);
    let stored = everything(&shelf);
    assert!(stored.contains("你好") && !stored.contains("secret"));
    assert!(stored.contains("[tv]") && stored.contains("[ok]") && !stored.contains("[x]"));
    shelf.check();
}

/// A line of the export with something else in it: bytes, or another piece of the file.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let file = everything(&full()).into_bytes();
    let length = file.len();
    let cuts = prop::collection::vec(
        (
            0..length,
            0..40_usize,
            prop::collection::vec(any::<u8>(), 0..9),
            0..length,
        ),
        0..8,
    );
    cuts.prop_map(move |cuts| {
        let mut file = file.clone();
        for (at, removed, added, from) in cuts {
            let at = at.min(file.len());
            let end = (at + removed).min(file.len());
            let piece: Vec<u8> = file.iter().skip(from).take(removed).copied().collect();
            file.splice(at..end, if added.len() > 5 { piece } else { added });
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbage_damages_nothing(file in mutated()) {
        let mut shelf = Shelf::with_people();
        shelf.receive(FRIEND, &text(60, Uid(10002), "mine"));
        let _report = import(&mut shelf, &file);
        shelf.check();
        prop_assert!(everything(&shelf).contains("mine"));
        let again = everything(&shelf);
        let mut copy = Shelf::empty();
        import(&mut copy, again.as_bytes()).unwrap();
        prop_assert_eq!(everything(&copy), again);
    }
}
