//! Hostile texts in CSV, Markdown and plain text, read by other parsers.

use bili_im_proto::{Uid, is_treacherous};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::json;

use super::{Export, visible::on_one_line};
use crate::testing::{FRIEND, GROUP, OWN, Shelf, message, text};

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("=HYPERLINK(\"https://evil.example\")".to_owned()),
        Just("\t=1+1,\"\r\n+1;-1@x".to_owned()),
        Just("\n\n# head\n- list\n1. one\n> quote\n    code\n---\n```\n".to_owned()),
        Just("[x](javascript:alert(1)) ![y](https://a.b/c) <script>x</script> `z`".to_owned()),
        Just(
            "**b** _i_ ~~s~~ |a|b|\n|-|-|\n&lt; \\* [^1] $x$ https://a.b <https://a.b>".to_owned()
        ),
        Just("\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\u{2028}\u{0}".to_owned()),
        Just("14:03 Friend: another message\n2026-05-01\n".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(pieces, 1..5).prop_map(|pieces| pieces.concat())
}

/// An archive in which the friend has said and is called this.
fn shelf(said: &str) -> Shelf {
    let shelf = Shelf::with_people();
    shelf
        .archive
        .connection
        .execute("UPDATE people SET name = ?", [said])
        .unwrap();
    shelf
        .archive
        .connection
        .execute("UPDATE sessions SET name = ?", [said])
        .unwrap();
    shelf.receive(FRIEND, &text(1, Uid(10002), said));
    let card = json!({"title": said, "author": said, "url": said});
    shelf.receive(FRIEND, &message(2, OWN, 7, card));
    shelf.receive(GROUP, &text(1, Uid(10009), said));
    shelf
}

fn is_plain(text: &str) -> bool {
    !text
        .chars()
        .any(|c| is_treacherous(c) && !matches!(c, '\n' | '\t'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_cell_of_a_spreadsheet_is_a_formula(said in hostile()) {
        let mut file = Vec::new();
        Export::all().csv(&shelf(&said).archive, &mut file).unwrap();
        let rows = file.strip_prefix("\u{feff}".as_bytes()).unwrap();
        let mut rows = csv::Reader::from_reader(rows);
        let rows: Vec<csv::StringRecord> = rows.records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(rows.len(), 3);
        for cell in rows.iter().flatten() {
            let begins = cell.trim_start().starts_with(['=', '+', '-', '@']);
            prop_assert!(!begins && !cell.starts_with(['\t', '\r', '\n']) && is_plain(cell), "{cell:?}");
        }
    }

    #[test]
    fn nothing_that_was_written_is_markdown(said in hostile()) {
        let mut file = Vec::new();
        Export::all().markdown(&shelf(&said).archive, &mut file).unwrap();
        let file = String::from_utf8(file).unwrap();
        prop_assert!(is_plain(&file));
        let extensions = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
        let mut shown = String::new();
        for event in Parser::new_ext(&file, extensions) {
            match event {
                Event::Text(text) => shown.push_str(&text),
                Event::HardBreak => shown.push('\n'),
                Event::Start(Tag::Link { dest_url, .. }) => {
                    prop_assert!(dest_url.starts_with("http"), "{dest_url}");
                }
                Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::Strong | Tag::Emphasis)
                | Event::End(_) => {}
                other => prop_assert!(false, "{other:?} in {file}"),
            }
        }
        for line in said.lines() {
            prop_assert!(shown.contains(&on_one_line(line)), "{line:?} in {shown}");
        }
    }

    #[test]
    fn no_line_of_a_text_passes_for_another_message(said in hostile()) {
        let mut file = Vec::new();
        Export::of([FRIEND]).text(&shelf(&said).archive, &mut file).unwrap();
        let file = String::from_utf8(file).unwrap();
        prop_assert!(is_plain(&file));
        let is_message = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(':');
        let messages = file.lines().skip(1).filter(is_message).count();
        prop_assert_eq!(messages, 2, "{}", file);
    }
}
