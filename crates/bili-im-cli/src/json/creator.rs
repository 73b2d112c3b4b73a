//! Block words and the texts of automatic replies, as tables.

use std::fmt::{self, Display};

use bili_im_json::{BlockWordsJson, ReplyTextsJson};
use bili_im_proto::ReplyKind;
use serde::Serialize;

use crate::{
    table::{Table, fit},
    words::on_one_line,
};

/// The greatest width of a reply.
const REPLY: usize = 60;

/// The block words.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct BlockWordsOutput(pub(crate) BlockWordsJson);

impl Display for BlockWordsOutput {
    /// One line for each word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.words.iter().map(|word| on_one_line(&word.content));
        let words: Vec<_> = words.collect();
        match words.is_empty() {
            true => f.write_str(text!("there are none", "没有屏蔽词")),
            false => f.write_str(&words.join("\n")),
        }
    }
}

/// Texts of automatic replies.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ReplyTextsOutput(pub(crate) ReplyTextsJson);

impl Display for ReplyTextsOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.0.texts.iter().map(|text| {
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
