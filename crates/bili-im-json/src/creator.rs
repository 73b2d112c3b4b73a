//! Block words and the texts of automatic replies.

use bili_im_proto::{BlockWord, BlockWords, ReplyKind, ReplyText, UnixSeconds};
use schemars::JsonSchema;
use serde::Serialize;

use crate::mirror::{Id, List, mirror};

mirror! {
    /// The block words and their limits.
    #[derive(JsonSchema)]
    pub struct BlockWordsJson of BlockWords {
        /// The words.
        pub words: List<BlockWordJson>,
        max_word_length: Option<u32>,
        max_words_size: Option<u32>,
    }
}

mirror! {
    /// A block word.
    #[derive(JsonSchema)]
    pub struct BlockWordJson of BlockWord {
        /// The word.
        pub content: String,
        /// When it was added, in seconds since 1970.
        ctime: Option<UnixSeconds>,
    }
}

/// A block word that was added or removed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BlockedJson {
    /// The word.
    pub word: String,
    /// Whether it was added.
    pub blocked: bool,
}

/// Texts of automatic replies.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplyTextsJson {
    /// The texts.
    pub texts: Vec<ReplyTextJson>,
}

/// A text of an automatic reply.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplyTextJson {
    /// Its number.
    pub id: Id,
    /// The service's number of its kind.
    #[serde(rename = "type")]
    pub kind: Option<i64>,
    /// The name of its rule.
    pub title: String,
    /// Keywords that a message has to equal.
    pub key1: String,
    /// Keywords that a message has to contain.
    pub key2: String,
    /// The text.
    pub reply: String,
}

/// A text of an automatic reply that was set.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplySetJson {
    #[serde(rename = "type")]
    kind: i64,
    set: bool,
}

/// A text of an automatic reply that was deleted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplyClearedJson {
    /// Its number.
    pub id: String,
    cleared: bool,
}

impl From<Vec<ReplyText>> for ReplyTextsJson {
    fn from(texts: Vec<ReplyText>) -> Self {
        let text = |text: ReplyText| ReplyTextJson {
            id: text.id.into(),
            kind: text.kind.map(ReplyKind::number),
            title: text.title,
            key1: text.key1,
            key2: text.key2,
            reply: text.reply,
        };
        Self {
            texts: texts.into_iter().map(text).collect(),
        }
    }
}

impl From<ReplyKind> for ReplySetJson {
    fn from(kind: ReplyKind) -> Self {
        Self {
            kind: kind.number(),
            set: true,
        }
    }
}

impl ReplyClearedJson {
    /// The text with this number.
    pub fn new(id: u64) -> Self {
        Self {
            id: id.to_string(),
            cleared: true,
        }
    }
}
