//! What the tests of rules share.

use std::path::Path;

use bili_im_archive::{Archive, Queue};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::rule::Rule;
use crate::config_file::Outlets;

/// 2026-11-27 12:00 UTC.
pub(super) const NOON: u64 = 1_795_780_800;

pub(super) fn rules(text: &str) -> Vec<Rule> {
    Outlets::parse(text, Path::new(".")).unwrap().rules
}

/// The event of a text that a person has written at noon.
pub(super) fn message(text: &str) -> Value {
    json!({
        "event": "message",
        "account": "main",
        "direction": "incoming",
        "by_a_person": true,
        "talker": { "user": "7" },
        "message": {
            "sender_uid": "7",
            "msg_seqno": "3",
            "timestamp": NOON,
            "content": { "type": "text", "text": text, "summary": text },
        },
    })
}

/// An empty queue, and the folder that it is in.
pub(super) fn queue(clock: fn() -> u64) -> (Queue, TempDir) {
    let folder = TempDir::new().unwrap();
    let archive = Archive::create(folder.path().join("a.db")).unwrap();
    (Queue::new(archive, clock).unwrap(), folder)
}
