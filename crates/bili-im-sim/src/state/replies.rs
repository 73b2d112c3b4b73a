//! Block words and the texts of automatic replies (docs/protocol.md §10).

use serde::Serialize;

use crate::{ids::Uid, time::UnixMicros};

/// The most characters of a block word.
pub(crate) const LONGEST_BLOCK_WORD: usize = 20;
/// The most block words of an account.
pub(crate) const MOST_BLOCK_WORDS: usize = 200;

/// A block word.
#[derive(Debug)]
pub(crate) struct BlockWord {
    pub(crate) content: String,
    pub(crate) added: UnixMicros,
}

/// The kind of replies to keywords.
pub(crate) const KEYS_REPLY: u8 = 2;
/// All kinds: to new followers, to keywords, to every message, to new patrons.
pub(crate) const REPLY_KINDS: [u8; 4] = [1, KEYS_REPLY, 3, 5];

/// The text of an automatic reply. Its title and keywords are empty unless it is for keywords.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ReplyText {
    pub(crate) id: u64,
    pub(crate) uid: Uid,
    #[serde(rename = "type")]
    pub(crate) kind: u8,
    pub(crate) title: String,
    pub(crate) key1: String,
    pub(crate) key2: String,
    pub(crate) reply: String,
}
