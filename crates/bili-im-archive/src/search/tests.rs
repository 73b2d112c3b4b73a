use bili_im_proto::{
    Message, MsgType, RawMessage, Seqno, SyncStep, SyncStore, Talker, Uid, UnixSeconds,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    Archive, ArchiveError, Continuation, Order, Search,
    folding::{self, is_of_a_word, is_searchable},
};

const OWN: u64 = 1;

const FRIEND: Talker = Talker::User(Uid(2));

/// An archive in a folder of its own.
struct Stage {
    archive: Archive,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::create(folder.path().join("archive.db")).unwrap();
        archive.save(SyncStep::Owner(Uid(OWN))).unwrap();
        Self {
            archive,
            _folder: folder,
        }
    }

    /// With these texts of a friend, one a second from the second 1 on.
    fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut stage = Self::new();
        let texts = (1..).zip(texts);
        let messages: Vec<RawMessage> = texts.map(|(nth, text)| said(nth, 2, text)).collect();
        stage.archive.save_messages(FRIEND, &messages).unwrap();
        stage
    }

    fn find(&self, search: &Search) -> Vec<u64> {
        let found = self.archive.search(search).unwrap();
        assert_eq!(found.next, None);
        let seqnos = found.hits.iter().map(|hit| hit.message.seqno.0);
        seqnos.collect()
    }

    /// The sequence numbers of the messages with these words, newest first.
    fn with(&self, words: &str) -> Vec<u64> {
        let mut search = Search::new(words);
        search.limit = usize::MAX;
        self.find(&search)
    }
}

/// A text that was sent at the second of its sequence number.
fn said(seqno: u64, sender: u64, text: &str) -> RawMessage {
    sent(seqno, sender, 1, json!({ "content": text }).to_string())
}

fn sent(seqno: u64, sender: u64, msg_type: u64, content: String) -> RawMessage {
    let json = json!({
        "sender_uid": sender, "receiver_type": 1, "receiver_id": OWN, "msg_type": msg_type,
        "content": content, "msg_seqno": seqno, "timestamp": seqno, "msg_key": 1000 + seqno,
        "msg_status": 0,
    });
    let json = json.to_string();
    let message = Message::from_json(&json);
    assert!(message.is_some());
    RawMessage::new(Seqno(seqno), json, message)
}

/// Whether a text has a word: by the rule, and without the index.
fn has(text: &str, word: &str) -> bool {
    let [text, word] = [text, word].map(folding::fold);
    let first = word.chars().next().unwrap();
    let mut before = None;
    text.char_indices().any(|(at, character)| {
        let begins = !(is_of_a_word(first) && before.is_some_and(is_of_a_word));
        before = Some(character);
        begins && text.get(at..).unwrap().starts_with(&word)
    })
}

/// Texts of what people write, often of the same few characters.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let parts = [
        "明",
        "天",
        "见",
        "見",
        "后",
        "後",
        "羣",
        "群",
        "a",
        "b",
        "AB",
        "ａ",
        "é",
        "e\u{301}",
        "1",
        "２",
        "12",
        "😀",
        "👩\u{200d}👧",
        "✌\u{fe0f}",
        "🫠",
        "，",
        "!",
        "。",
        " ",
        "\u{3000}",
        "\n",
        "㎏",
        "ﾃﾞ",
        "は",
        "한",
        "[doge]",
        "-",
        "*",
        "\0",
        "ß",
        "İ",
        "\u{345}",
        "\u{e001}",
    ];
    vec(
        vec(select(parts.to_vec()), 1..10).prop_map(|parts| parts.concat()),
        1..12,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn it_finds_what_a_reader_of_every_message_finds(
        texts in texts(),
        cuts in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1_usize..5), 1..3),
    ) {
        let stage = Stage::of(texts.iter().map(String::as_str));
        let mut words = vec![];
        for (of, from, length) in cuts {
            let text: Vec<char> = of.get(&texts).chars().collect();
            let from = if text.is_empty() { 0 } else { from.index(text.len()) };
            let word: String = text.into_iter().skip(from).take(length).collect();
            words.push(word.trim().to_owned());
        }
        words.retain(|word| !word.is_empty());
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let search = Search::new(quoted.join(" "));
        if words.iter().all(|word| !folding::fold(word).chars().any(is_searchable)) {
            let error = stage.archive.search(&search);
            prop_assert!(matches!(error, Err(ArchiveError::NothingToSearch)), "{:?}", error);
            return Ok(());
        }
        let having = (1..).zip(&texts).filter(|(_, text)| words.iter().all(|word| has(text, word)));
        let mut expected: Vec<u64> = having.map(|(seqno, _)| seqno).collect();
        expected.reverse();
        prop_assert_eq!(stage.with(&search.words), expected, "{:?} in {:?}", words, texts);
    }

    #[test]
    fn nothing_that_is_typed_breaks_a_search(words in ".{0,40}") {
        let stage = Stage::of(["明天见"]);
        let found = stage.archive.search(&Search::new(words));
        prop_assert!(matches!(found, Ok(_) | Err(ArchiveError::NothingToSearch)), "{:?}", found);
    }
}

#[test]
fn what_looks_like_a_command_of_the_index_is_a_word() {
    let texts = [
        "a AND b",
        "NEAR(a b)",
        "text: s1",
        "\"x\" OR *",
        "not\0null",
        "明-天",
    ];
    let stage = Stage::of(texts);
    for (words, expected) in [
        ("AND", vec![1]),
        ("a NOT b", vec![]),
        ("NEAR(", vec![2]),
        ("text:", vec![3]),
        ("s1", vec![3]),
        ("tags:s1", vec![]),
        ("u2", vec![]),
        ("\"x", vec![4]),
        ("\"a b\"", vec![2]),
        ("\"a", vec![2, 1]),
        ("a*", vec![]),
        ("not\0", vec![5]),
        ("-天", vec![6]),
        ("^明", vec![]),
        ("明天", vec![]),
    ] {
        assert_eq!(stage.with(words), expected, "{words}");
    }
    for words in ["", " ", "\"", "\"\"", "*", "()", "？！", "\0"] {
        let error = stage.archive.search(&Search::new(words)).unwrap_err();
        assert!(matches!(error, ArchiveError::NothingToSearch), "{words}");
        assert!(error.advice().is_some());
    }
}

#[test]
fn a_search_has_an_end() {
    let stage = Stage::of(["明天"]);
    let longest = "明 ".repeat(32);
    assert_eq!(stage.with(&longest), [1]);
    for words in [longest + "明", "明".repeat(1001)] {
        let error = stage.archive.search(&Search::new(words)).unwrap_err();
        assert!(matches!(error, ArchiveError::SearchTooLong));
    }
}

#[test]
fn every_searchable_character_is_in_the_index() {
    let all = (1..0x3_2000).filter_map(char::from_u32);
    let searchable = all.filter(|&one| is_searchable(one));
    let database = rusqlite::Connection::open_in_memory().unwrap();
    let schema = include_str!("../schema.sql");
    database.execute_batch(schema).unwrap();
    let mut insert = database
        .prepare("INSERT INTO words (rowid, text) VALUES (?, ?)")
        .unwrap();
    database.execute_batch("BEGIN").unwrap();
    for one in searchable {
        insert.execute((u32::from(one), one.to_string())).unwrap();
    }
    let mut lost = database
        .prepare("SELECT char(id) FROM words_docsize WHERE sz = x'0000'")
        .unwrap();
    let lost = lost.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let lost: String = lost.collect::<Result<_, _>>().unwrap();
    assert_eq!(lost, "");
}

#[test]
fn places_are_those_of_the_words_in_the_text() {
    let stage = Stage::of(["重 ㎏，見面！AB ab見"]);
    let found = stage.archive.search(&Search::new("见 kg ab")).unwrap();
    let [hit] = &found.hits[..] else {
        panic!("{found:?}");
    };
    let marked = hit
        .places
        .iter()
        .map(|place| hit.text.get(place.clone()).unwrap());
    assert_eq!(marked.collect::<Vec<_>>(), ["㎏", "見", "AB", "ab見"]);
}

#[test]
fn filters_narrow_a_search() {
    let mut stage = Stage::new();
    let group = Talker::group(7);
    let share = json!({ "title": "明天的视频" }).to_string();
    let friends = [
        said(1, 2, "明天"),
        said(2, OWN, "明天"),
        sent(3, 2, 7, share),
    ];
    stage.archive.save_messages(FRIEND, &friends).unwrap();
    stage
        .archive
        .save_messages(group, &[said(4, 3, "明天见")])
        .unwrap();
    let find = |change: fn(&mut Search)| {
        let mut search = Search::new("明天");
        change(&mut search);
        stage.find(&search)
    };
    assert_eq!(find(|_| ()), [4, 3, 2, 1]);
    assert_eq!(find(|search| search.talkers = vec![FRIEND]), [3, 2, 1]);
    assert_eq!(
        find(|search| search.talkers = vec![Talker::group(7), FRIEND]),
        [4, 3, 2, 1]
    );
    assert_eq!(
        find(|search| search.talkers = vec![Talker::user(9)]),
        [0; 0]
    );
    assert_eq!(find(|search| search.types = vec![MsgType::Share]), [3]);
    assert_eq!(find(|search| search.mine = true), [2]);
    assert_eq!(
        find(|search| search.during = UnixSeconds(2)..UnixSeconds(4)),
        [3, 2]
    );
    // The shortest text is the most relevant; of equal ones the newest.
    let relevant = find(|search| search.order = Order::Relevance);
    assert_eq!(relevant.last(), Some(&3), "{relevant:?}");
    assert_eq!(relevant[..2], [2, 1]);
}

#[test]
fn pages_have_each_message_once() {
    // Every third has the words, the others have them only for the index.
    let texts: Vec<&str> = (0..70)
        .map(|nth| ["明天", "明，天", "天"][nth % 3])
        .collect();
    let stage = Stage::of(texts);
    for order in [Order::Newest, Order::Relevance] {
        let mut search = Search::new("明天");
        search.limit = 5;
        search.order = order;
        let (mut seqnos, mut pages) = (vec![], 0);
        loop {
            let found = stage.archive.search(&search).unwrap();
            assert!((1..=5).contains(&found.hits.len()));
            seqnos.extend(found.hits.iter().map(|hit| hit.message.seqno.0));
            pages += 1;
            let Some(next) = found.next else {
                break;
            };
            search.after = Some(next.to_string().parse::<Continuation>().unwrap());
        }
        let expected: Vec<u64> = (0..24).map(|nth| 70 - 3 * nth).collect();
        assert_eq!((seqnos, pages), (expected, 5));
    }
}

#[test]
fn a_search_in_vain_stops_and_goes_on() {
    let stage = Stage::of(std::iter::repeat_n("明，天", 10_001).chain(["明"]));
    let mut search = Search::new("明天");
    let found = stage.archive.search(&search).unwrap();
    assert_eq!(found.hits, []);
    search.after = found.next;
    assert!(search.after.is_some());
    assert_eq!(stage.find(&search), [0; 0]);
}

#[test]
fn a_hit_comes_with_its_neighbours_and_the_name_of_its_session() {
    let stage = Stage::of(["甲", "乙", "丙", "丁", "戊"]);
    let rename = "UPDATE sessions SET name = '粉丝群'";
    stage.archive.connection.execute(rename, []).unwrap();
    let mut search = Search::new("丁");
    search.context = 2;
    let found = stage.archive.search(&search).unwrap();
    let [hit] = &found.hits[..] else {
        panic!("{found:?}");
    };
    assert_eq!(hit.session_name, "粉丝群");
    let seqnos = |messages: &[crate::ArchivedMessage]| {
        let seqnos = messages.iter().map(|message| message.seqno.0);
        seqnos.collect::<Vec<_>>()
    };
    assert_eq!(
        (seqnos(&hit.before), seqnos(&hit.after)),
        (vec![2, 3], vec![5])
    );
}

#[test]
fn recalled_and_changed_messages_are_not_found_by_what_they_said() {
    let mut stage = Stage::of(["明天", "明天见", "明天"]);
    let recall = sent(4, 2, 5, "1001".to_owned());
    let edited = said(2, 2, "后天见");
    stage
        .archive
        .save_messages(FRIEND, &[recall, edited])
        .unwrap();
    assert_eq!(stage.with("明天"), [3]);
    assert_eq!(stage.with("见"), [2]);
    let check = "INSERT INTO words (words) VALUES ('integrity-check')";
    stage.archive.connection.execute(check, []).unwrap();
    stage.archive.check().unwrap();
}
