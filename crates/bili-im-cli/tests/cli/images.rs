//! `send-image` with files.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::support::{FRIEND, Stage, bare, code, finish};

/// The beginning of a PNG file: signature and size.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend(b"\x08\x02\0\0\0\0\0\0\0");
    file.resize(1500, 0);
    file
}

pub(crate) fn file(stage: &Stage, name: &str, bytes: &[u8]) -> String {
    let path: PathBuf = stage.state_dir().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_file_is_uploaded_and_sent() {
    let stage = Stage::demo();
    let path = file(&stage, "图.png", &png(640, 480));
    let sent = stage.json(&["send-image", FRIEND, &path]);
    let newest = stage.newest();
    assert_eq!(sent["msg_key"], newest.msg_key.to_string());
    let content: Value = serde_json::from_str(&newest.content).unwrap();
    let url = content["url"].as_str().unwrap();
    assert!(url.starts_with("https://i0.hdslb.com/"));
    assert_eq!(content["width"], 640);
    assert_eq!(content["height"], 480);
    assert_eq!(content["imageType"], "png");
    assert_eq!(content["size"], 2);
    assert_eq!(stage.asked("upload_bfs"), 1);
}

#[test]
fn what_is_no_image_is_refused_before_anything_is_sent() {
    let stage = Stage::demo();
    let long = [b"GIF89a\x01\0\x02\0\0\0\0;".to_vec(), vec![0; 1 << 20]].concat();
    for (name, bytes, words) in [
        ("empty", &b""[..], "not a JPEG, PNG or GIF"),
        ("page.png", b"<html></html>", "not a JPEG, PNG or GIF"),
        (
            "half.png",
            b"\x89PNG\r\n\x1a\n\0\0",
            "not a JPEG, PNG or GIF",
        ),
        ("image.webp", b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0", "a WebP"),
        ("long.gif", &long, "the service takes 1048576"),
    ] {
        let path = file(&stage, name, bytes);
        let ran = stage.run(&["send-image", FRIEND, &path]);
        ran.failed(2, words);
        assert!(ran.err.contains(name));
        // The file is checked before the login.
        finish(&mut bare(&["send-image", FRIEND, &path])).failed(2, words);
    }
    let path = file(&stage, "x.png", &png(1, 1));
    let own = format!("send-image 10001 {path}");
    stage.fail(
        2,
        &[
            (
                "send-image 10002 /nowhere/x.jpg",
                "/nowhere/x.jpg cannot be read",
            ),
            ("send-image 10002 .", "cannot be read"),
            (&own, "one cannot write to oneself"),
        ],
    );
    assert!(stage.requests().is_empty());
}

#[test]
fn a_dry_run_uploads_nothing_and_shows_no_secret() {
    let stage = Stage::demo();
    let path = file(&stage, "x.png", &png(1, 1));
    let out = stage.done(&["send-image", FRIEND, &path, "--dry-run"]);
    let endpoint = "/x/dynamic/feed/draw/upload_bfs'";
    assert!(out.contains(endpoint), "{out}");
    assert!(out.contains(" bytes), not shown"), "{out}");
    assert_eq!(stage.asked("upload_bfs"), 0);
}

#[test]
fn a_refused_upload_is_told_and_nothing_is_sent() {
    let stage = Stage::demo().with_fault("upload_bfs", code(-3));
    let path = file(&stage, "x.png", &png(1, 1));
    let error = stage.run(&["send-image", FRIEND, &path, "--json"]).error();
    assert_eq!(error["kind"], "BadImage");
    assert_eq!(stage.asked("send_msg"), 0);
}
