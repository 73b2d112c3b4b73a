//! Files that an archive imports, and the pages that show what strangers wrote.

use std::io;

use bili_im_archive::{Archive, Export, Import, PageFiles};
use bili_im_proto::UnixSeconds;
use scraper::{ElementRef, Html};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::check_error;

/// The first line of a file.
const HEADER: &str =
    "{\"header\":{\"format\":\"bili-im-archive\",\"version\":1,\"owner\":10001,\"exported\":1}}\n";

/// The elements of a page's body.
const ELEMENTS: [&str; 18] = [
    "a", "bdi", "body", "code", "details", "div", "h1", "h2", "header", "img", "li", "main", "nav",
    "p", "span", "summary", "time", "ul",
];

/// The elements of its head, in order.
const HEAD: [&str; 9] = [
    "head", "meta", "meta", "meta", "meta", "meta", "meta", "title", "style",
];

const ATTRIBUTES: [&str; 11] = [
    "alt",
    "aria-hidden",
    "class",
    "datetime",
    "dir",
    "href",
    "id",
    "lang",
    "rel",
    "target",
    "title",
];

/// Any file: the archive stays whole, and what was imported is exported and imported again without a
/// loss.
pub fn import(data: &[u8]) {
    let (_folder, mut archive) = archive();
    // So that the service's answers have an owner.
    let header = HEADER.as_bytes();
    Import::new().read(&mut archive, &mut &*header).unwrap();
    let read = Import::new().read(&mut archive, &mut &*data);
    archive.check().unwrap();
    if let Err(error) = read {
        return check_error(&error);
    }
    let first = exported(&archive);
    let (_folder, mut copy) = self::archive();
    let report = Import::new().read(&mut copy, &mut &*first).unwrap();
    assert_eq!(report.broken_lines, []);
    assert_eq!(
        String::from_utf8_lossy(&exported(&copy)),
        String::from_utf8_lossy(&first)
    );
}

/// A message of any type and content, from someone of any name: its page has no element and no
/// address that is not ours.
pub fn pages(data: &[u8]) {
    let [type_0, type_1, rest @ ..] = data else {
        return;
    };
    let msg_type = u16::from_le_bytes([*type_0, *type_1]);
    let (name, content) = match rest.iter().position(|&byte| byte == 0) {
        Some(at) => rest.split_at(at),
        None => (rest, rest),
    };
    let [name, content] = [name, content].map(String::from_utf8_lossy);
    let talker = json!({ "user": 10002 });
    let sent = json!({
        "sender_uid": 10002, "receiver_type": 1, "receiver_id": 10001, "msg_type": msg_type,
        "content": content, "msg_seqno": 1, "msg_key": 1, "timestamp": 1_780_000_000,
    });
    let lines: [Value; 3] = [
        json!({ "person": { "uid": 10002, "name": name, "face": name, "sign": "", "level": 1, "fetched": 1 } }),
        json!({ "session": {
            "talker": talker, "name": name, "picture": name, "system_account": 0,
            "is_follow": false, "is_muted": false, "is_intercepted": false, "top_ts": null,
            "session_ts": null, "max_seqno": null, "ack_seqno": null,
        } }),
        json!({ "message": { "talker": talker, "seqno": 1, "sent": sent } }),
    ];
    let file = HEADER.to_owned() + &lines.map(|line| line.to_string()).join("\n");
    let (_folder, mut archive) = archive();
    let report = Import::new()
        .read(&mut archive, &mut file.as_bytes())
        .unwrap();
    assert_eq!((report.messages, report.broken_lines), (1, Vec::new()));
    let mut pages = Pages::default();
    Export::all().html(&archive, &mut pages).unwrap();
    assert!(!pages.0.is_empty());
    pages.0.iter().for_each(|page| check_page(page));
}

fn archive() -> (TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::create(folder.path().join("archive.db")).unwrap();
    (folder, archive)
}

fn exported(archive: &Archive) -> Vec<u8> {
    let mut file = Vec::new();
    let export = Export::all().with_service(true);
    export.jsonl(archive, UnixSeconds(1), &mut file).unwrap();
    file
}

fn check_page(page: &[u8]) {
    let page = std::str::from_utf8(page).unwrap();
    let parsed = Html::parse_document(page);
    let elements = parsed.root_element().descendants();
    let elements = elements.filter_map(ElementRef::wrap).skip(1);
    let elements: Vec<_> = elements.map(|element| element.value()).collect();
    let (head, body) = elements.split_at(HEAD.len());
    assert!(
        head.iter().map(|element| element.name()).eq(HEAD),
        "{head:?}"
    );
    for element in body {
        assert!(ELEMENTS.contains(&element.name()), "{element:?}");
        for (name, value) in element.attrs() {
            assert!(ATTRIBUTES.contains(&name), "{element:?}");
            let is_web = value.starts_with("https://") || value.starts_with("http://");
            let is_guarded = element.attr("rel") == Some("noopener noreferrer");
            match name {
                "href" if is_web => assert!(is_guarded, "{element:?}"),
                "href" => assert!(!value.contains(':'), "{element:?}"),
                _ => {}
            }
        }
    }
}

/// Pages in memory.
#[derive(Default)]
struct Pages(Vec<Vec<u8>>);

impl PageFiles for Pages {
    type File = Vec<u8>;

    fn create(&mut self, _: &str) -> io::Result<Self::File> {
        Ok(Vec::new())
    }

    fn finish(&mut self, page: Self::File) -> io::Result<()> {
        self.0.push(page);
        Ok(())
    }
}
