//! What a search finds.

use std::ops::Range;

use bili_im_proto::Message;

use crate::{reading::ArchivedMessage, search::Continuation};

/// A page of what a search has found.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Found {
    /// The messages, in the order that was asked for.
    pub hits: Vec<Hit>,
    /// Where to go on; `None` when that was all. A page can have fewer messages than its limit, and
    /// even none, before the end: a search stops when it has looked through many in vain.
    pub next: Option<Continuation>,
}

/// A message that a search has found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// The message.
    pub message: ArchivedMessage,
    /// The name of its session; empty when it is not known.
    pub session_name: String,
    /// What was searched of it: a text, or the summary of another content.
    pub text: String,
    /// Where the words are in the text, as bytes. In order, and apart from each other.
    pub places: Vec<Range<usize>>,
    /// The messages before it, oldest first.
    pub before: Vec<ArchivedMessage>,
    /// The messages after it, oldest first.
    pub after: Vec<ArchivedMessage>,
}

impl Hit {
    /// Whether the message was recalled, and what it said was kept.
    pub fn is_recalled(&self) -> bool {
        (self.message.message.as_ref()).is_some_and(Message::is_recalled)
    }
}
