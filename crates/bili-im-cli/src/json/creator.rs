//! Block words and the texts of automatic replies, as JSON and as tables.

use std::fmt::{self, Display};

use bili_im_json::{Id, List, mirror};
use bili_im_proto::{BlockWord, BlockWords, ReplyKind, ReplyText, UnixSeconds};
use serde::Serialize;

use crate::{
    table::{Table, fit},
    words::on_one_line,
};

/// The greatest width of a reply.
const REPLY: usize = 60;

mirror! {
    /// The block words and their limits.
    pub(crate) struct BlockWordsJson of BlockWords {
        words: List<BlockWordJson>,
        max_word_length: Option<u32>,
        max_words_size: Option<u32>,
    }
}

mirror! {
    struct BlockWordJson of BlockWord {
        content: String,
        /// When it was added, in seconds since 1970.
        ctime: Option<UnixSeconds>,
    }
}

impl Display for BlockWordsJson {
    /// One line for each word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words.iter().map(|word| on_one_line(&word.content));
        f.write_str(&words.collect::<Vec<_>>().join("\n"))
    }
}

/// Texts of automatic replies.
#[derive(Debug, Serialize)]
pub(crate) struct ReplyTextsJson {
    texts: Vec<ReplyTextJson>,
}

#[derive(Debug, Serialize)]
struct ReplyTextJson {
    id: Id,
    /// The service's number of its kind.
    #[serde(rename = "type")]
    kind: Option<i64>,
    title: String,
    key1: String,
    key2: String,
    reply: String,
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

impl Display for ReplyTextsJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.texts.iter().map(|text| {
            let kind = match text.kind.map(ReplyKind::from) {
                Some(ReplyKind::Followed) => "followed".to_owned(),
                Some(ReplyKind::Keys) => "keys".to_owned(),
                Some(ReplyKind::Recv) => "recv".to_owned(),
                Some(ReplyKind::Voyage) => "voyage".to_owned(),
                other => other.map_or_else(String::new, |kind| kind.number().to_string()),
            };
            [
                text.id.to_string(),
                kind,
                on_one_line(&text.title),
                on_one_line(&text.key1),
                on_one_line(&text.key2),
                fit(&on_one_line(&text.reply), REPLY).into_owned(),
            ]
        });
        Table::new(["ID", "KIND", "TITLE", "EQUALS", "CONTAINS", "REPLY"], rows)
            .shorten(&["TITLE", "EQUALS", "CONTAINS", "REPLY"])
            .fmt(f)
    }
}
