//! Pages of hostile texts, read by another parser.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use bili_im_proto::{Uid, UnixSeconds};
use proptest::prelude::*;
use scraper::{Html, Selector};
use serde_json::json;

use super::*;
use crate::{
    export::{Clock, Export, Language, Pictures, visible::visible},
    testing::{FRIEND, GROUP, NOON, OWN, SERVICE, Shelf, message, text},
};

/// Pages in memory.
#[derive(Default)]
struct Pages(BTreeMap<String, String>);

struct Page(String, Vec<u8>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PageFiles for Pages {
    type File = Page;

    fn create(&mut self, name: &str) -> io::Result<Page> {
        Ok(Page(name.to_owned(), Vec::new()))
    }

    fn finish(&mut self, Page(name, bytes): Page) -> io::Result<()> {
        let text = String::from_utf8(bytes).unwrap();
        assert!(self.0.insert(name, text).is_none());
        Ok(())
    }
}

fn pages(shelf: &Shelf, mut export: Export) -> BTreeMap<String, String> {
    let mut pages = Pages::default();
    export.clock = Clock::fixed(8);
    export.html(&shelf.archive, &mut pages).unwrap();
    pages.0
}

fn page(shelf: &Shelf) -> String {
    conversation(pages(shelf, Export::of([FRIEND])))
}

/// The page of the friend.
fn conversation(mut pages: BTreeMap<String, String>) -> String {
    pages.remove("user-10002.html").unwrap()
}

/// Fails when the page has an element or attribute that is not ours, or a link that is no address on
/// the web.
fn check(page: &str) -> Html {
    const ATTRIBUTES: [&str; 16] = [
        "alt",
        "aria-hidden",
        "charset",
        "class",
        "content",
        "datetime",
        "dir",
        "href",
        "http-equiv",
        "id",
        "lang",
        "name",
        "rel",
        "src",
        "target",
        "title",
    ];
    const ELEMENTS: [&str; 23] = [
        "a", "bdi", "body", "code", "details", "div", "h1", "h2", "head", "header", "html", "img",
        "li", "main", "meta", "nav", "p", "span", "style", "summary", "time", "title", "ul",
    ];
    let parsed = Html::parse_document(page);
    for element in parsed
        .root_element()
        .descendants()
        .filter_map(scraper::ElementRef::wrap)
    {
        let element = element.value();
        assert!(ELEMENTS.contains(&element.name()), "{element:?}");
        for (name, value) in element.attrs() {
            assert!(ATTRIBUTES.contains(&name), "{element:?}");
            let is_web = value.starts_with("https://") || value.starts_with("http://");
            let is_ours =
                value.starts_with('#') || value.ends_with(".html") || value.contains(".html#");
            match name {
                "href" if is_web => assert_eq!(element.attr("rel"), Some("noopener noreferrer")),
                "href" => assert!(is_ours && !value.contains([':', '/']), "{value}"),
                "src" => assert!(value.starts_with("data:image/"), "{value}"),
                _ => {}
            }
        }
    }
    parsed
}

fn shown(parsed: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    parsed
        .select(&selector)
        .map(|element| element.text().collect())
        .collect()
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("</script></style></title></main><img src=x onerror=y>".to_owned()),
        Just("\"'><a href=\"javascript:alert(1)\" onclick='x'>".to_owned()),
        Just("javascript:alert(1) https://a.b/\"onx=\"y https://a.b/?c=d&lt;e".to_owned()),
        Just("]]><!-- --><![CDATA[&amp;&#0;&#x3c;".to_owned()),
        Just("\u{202e}\u{2066}\u{200f}\u{feff}\u{e0041}".to_owned()),
        Just("\u{1b}[31m\u{0}\u{7}\r\n\r\u{9b}\u{85}".to_owned()),
        Just("[doge][<b>][\"x]".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(pieces, 1..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_that_was_written_is_markup(said in hostile(), msg_type in 0..20_i64) {
        let shelf = Shelf::with_people();
        shelf.archive.connection.execute("UPDATE people SET name = ?", [&said]).unwrap();
        shelf.receive(FRIEND, &text(1, Uid(10002), &said));
        let field = said.as_str();
        let content = json!({
            "content": field, "title": field, "headline": field, "text": field, "author": field,
            "url": field, "jump_uri": field, "jump_url": field, "thumb": field, "cover": field,
            "pic_url": field, "main_title": field, "bvid": field, "desc": field, "name": field,
            "jump_text": field, "modules": [{"title": field, "detail": field}],
            "sub_cards": [{"field1": field, "jump_url": field, "cover_url": field}],
        });
        shelf.receive(FRIEND, &message(2, OWN, msg_type, &content));
        shelf.receive(FRIEND, &message(3, OWN, msg_type, &said));
        shelf.receive(FRIEND, &json!({"msg_seqno": 4, "x": field}));
        let parsed = check(&page(&shelf));
        if !said.is_empty() {
            let text = shown(&parsed, "#m1 .b").concat();
            prop_assert_eq!(text, visible(&said).into_owned());
        }
        prop_assert_eq!(shown(&parsed, "main > .m, main > .tip").len(), 4);
    }
}

/// An archive with a message of each kind. No word in them is one of ours.
fn every_kind() -> Shelf {
    let shelf = Shelf::with_people();
    for (seqno, (msg_type, content)) in (1..).zip([
        (2, json!({"url": "https://i0.hdslb.com/a.png"})),
        (7, json!({"title": "a film", "bvid": "BV1", "source": 5})),
        (9, json!({"title": "applet", "jump_uri": "bilibili://app"})),
        (
            10,
            json!({"title": "order", "jump_text": "Open", "jump_uri": "https://a.b/",
            "modules": [{"title": "when", "detail": "now"}]}),
        ),
        (11, json!({"title": "pushed", "times": 61, "bvid": "BV2"})),
        (12, json!({"title": "essay", "rid": 5})),
        (13, json!({"title": "painting", "jump_url": "https://a.b/"})),
        (
            16,
            json!({"main_title": "pair", "sub_cards": [{"field1": "first"}]}),
        ),
        (18, json!({"content": "[{\"text\":\"a tip\"}]"})),
        (301, json!({"group_id": 7, "content": "joined"})),
        (777, json!({"odd": 1})),
    ]) {
        shelf.receive(FRIEND, &message(seqno, Uid(10002), msg_type, content));
    }
    shelf.receive(FRIEND, &text(20, OWN, "gone"));
    shelf.receive(FRIEND, &message(21, OWN, 5, 20_000_000));
    shelf
}

#[test]
fn every_kind_of_message_is_shown() {
    let page = page(&every_kind());
    let parsed = check(&page);
    let text = shown(&parsed, "main").concat();
    for said in [
        "a film",
        "applet",
        "bilibili://app",
        "order",
        "Open",
        "when: now",
        "pushed",
        "1:01",
        "essay",
        "painting",
        "pair",
        "first",
        "a tip",
        "joined",
        "{\"odd\":1}",
        "recalled message",
        "我 recalled a message",
        "2026-05-01",
    ] {
        assert!(text.contains(said), "{said}");
    }
    assert!(!text.contains("gone"));
    assert_eq!(shown(&parsed, "main > .tip").len(), 3);
    assert_eq!(shown(&parsed, "main > .own").len(), 1);
    let links = page.matches("rel=\"noopener noreferrer\"").count();
    assert_eq!(links, 6, "{page}");
}

#[test]
fn a_chinese_page_has_no_english_words_of_ours() {
    let export = Export::of([FRIEND]).language(Language::Chinese);
    let page = conversation(pages(&every_kind(), export));
    let text = shown(&check(&page), "header, main").concat();
    let words = text.split(|c: char| !c.is_ascii_alphabetic());
    let words: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
    let said = [
        "F",
        "FFriend",
        "Friend",
        "a",
        "app",
        "appletbilibili",
        "com",
        "essay",
        "film",
        "first",
        "hdslb",
        "https",
        "i",
        "joined",
        "nowOpen",
        "odd",
        "orderwhen",
        "painting",
        "pair",
        "png",
        "pushed",
        "tip",
    ];
    assert_eq!(Vec::from_iter(words), said);
}

#[test]
fn saved_pictures_are_a_part_of_the_page() {
    let shelf = Shelf::with_people();
    let folder = shelf.folder.path().join("media");
    std::fs::create_dir(&folder).unwrap();
    // The signature and the first chunk of a PNG.
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    std::fs::write(folder.join("a.png"), png).unwrap();
    std::fs::write(folder.join("b.png"), "<svg>").unwrap();
    let image = |name: &str| json!({"url": format!("https://i0.hdslb.com/{name}")});
    shelf.receive(FRIEND, &message(1, OWN, 2, image("a.png")));
    shelf.receive(FRIEND, &message(2, OWN, 2, image("b.png")));
    shelf.receive(FRIEND, &text(3, OWN, "[doge][doge][cat]"));
    shelf.sql(
        "INSERT OR REPLACE INTO media (url, state, file, bytes)
         VALUES ('https://i0.hdslb.com/a.png', 'saved', 'a.png', 29),
            ('https://i0.hdslb.com/b.png', 'saved', 'b.png', 5),
            ('https://i0.hdslb.com/doge.png', 'saved', 'a.png', 29),
            ('https://i0.hdslb.com/friend.png', 'saved', '../media/a.png', 29)",
    );
    let inside = Export::of([FRIEND]).pictures(Pictures::Inside {
        folder: folder.clone(),
    });
    let page = conversation(pages(&shelf, inside));
    let parsed = check(&page);
    assert_eq!(shown(&parsed, "img.pic").len(), 1);
    assert_eq!(shown(&parsed, ".e"), ["[doge]", "[doge]"]);
    assert_eq!(shown(&parsed, "#m3 .b"), ["[doge][doge][cat]"]);
    assert_eq!(page.matches("data:image/png;base64,iVBO").count(), 2);
    let beside = Export::of([FRIEND]).pictures(Pictures::Beside {
        folder: folder.clone(),
        path: "my media".into(),
    });
    let page = conversation(pages(&shelf, beside.clone()));
    assert!(page.contains("src=\"my%20media/a.png\""));
    assert!(page.contains("background-image:url(\"my%20media/a.png\")}"));

    // A damaged file is as none.
    std::fs::write(folder.join("a.png"), &png[..28]).unwrap();
    let page = conversation(pages(&shelf, beside));
    assert!(!page.contains("my%20media/a.png"));
}

#[test]
fn a_long_conversation_is_split_and_the_pages_lead_to_each_other() {
    let shelf = Shelf::with_people();
    for seqno in 1..=25 {
        let mut message = text(seqno, OWN, &format!("<{seqno}>"));
        // Ten days apart.
        message["timestamp"] = json!(NOON + seqno * 864_000);
        shelf.receive(FRIEND, &message);
    }
    shelf.receive(GROUP, &text(1, OWN, "x"));
    shelf.receive(SERVICE, &text(1, OWN, "x"));
    let pages = pages(&shelf, Export::all().page_size(10, u64::MAX));
    let names: Vec<&str> = pages.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "group-7.html",
            "index.html",
            "user-10002-2.html",
            "user-10002-3.html",
            "user-10002.html"
        ]
    );
    let mut seen = 0;
    for name in ["user-10002.html", "user-10002-2.html", "user-10002-3.html"] {
        let parsed = check(&pages[name]);
        seen += shown(&parsed, "main .b").len();
        assert_eq!(shown(&parsed, ".dates a").len(), 9);
        let link = Selector::parse("a").unwrap();
        for link in parsed.select(&link).filter_map(|link| link.attr("href")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = &pages[if file.is_empty() { name } else { file }];
            assert!(
                anchor.is_empty() || target.contains(&format!("id=\"{anchor}\"")),
                "{link}"
            );
        }
    }
    assert_eq!(seen, 25);
    assert!(
        check(&pages["index.html"])
            .html()
            .contains("user-10002.html")
    );
}

#[test]
fn conversations_without_a_message_of_the_time_are_left_out() {
    let shelf = Shelf::with_people();
    shelf.receive(FRIEND, &text(1, OWN, "x"));
    shelf.receive(FRIEND, &text(60, OWN, "later"));
    shelf.receive(GROUP, &text(1, OWN, "y"));
    let hour = 3600;
    let within = |start, end| {
        let during = UnixSeconds(NOON + start)..UnixSeconds(NOON + end);
        pages(&shelf, Export::all().during(during))
    };
    let late = within(hour, 2 * hour);
    let names: Vec<&str> = late.keys().map(String::as_str).collect();
    assert_eq!(names, ["index.html", "user-10002.html"]);
    let index = check(&late["index.html"]);
    assert_eq!(shown(&index, "main .t"), ["2026-05-01 · 1"]);
    assert!(within(2 * hour, 3 * hour).is_empty());
}
