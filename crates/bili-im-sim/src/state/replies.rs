//! Block words and the texts of automatic replies (docs/protocol.md §10).

use serde::Serialize;

use crate::{ids::Uid, time::UnixMicros};

/// The most characters of a block word.
pub(crate) const LONGEST_BLOCK_WORD: usize = 20;
/// The most block words of an account.
pub(crate) const MOST_BLOCK_WORDS: usize = 200;

/// A block word of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BlockWord {
    /// The word.
    pub content: String,
    /// When it was added.
    pub added: UnixMicros,
}

/// The kind of replies to keywords.
pub(crate) const KEYS_REPLY: u8 = 2;
/// All kinds: to new followers, to keywords, to every message, to new patrons.
pub(crate) const REPLY_KINDS: [u8; 4] = [1, KEYS_REPLY, 3, 5];

/// The text of an automatic reply. Its title and keywords are empty unless it is for keywords.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ReplyText {
    /// Its unique number.
    pub id: u64,
    /// The account that replies.
    pub uid: Uid,
    /// What is replied to: 1 new followers, 2 keywords, 3 every message, 5 new patrons.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The name of the rule.
    pub title: String,
    /// Keywords that the message equals, separated by `，`.
    pub key1: String,
    /// Keywords that the message contains, separated by `，`.
    pub key2: String,
    /// What is replied.
    pub reply: String,
}
