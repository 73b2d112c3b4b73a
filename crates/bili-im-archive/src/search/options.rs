//! What to search for.

use std::{fmt, num::ParseIntError, ops::Range, str::FromStr};

use bili_im_proto::{MsgType, Talker, UnixSeconds};

/// What to search for.
///
/// The words are separated by spaces, and a message must have all of them. Quotes keep spaces:
/// `"good morning"` is one word. Letters and digits are found from the beginning of a word on: `liv`
/// finds `live`, `ive` does not. Chinese is found anywhere. Full and half width, upper and lower
/// case, simplified and traditional characters count as equal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Search {
    /// The words.
    pub words: String,
    /// Only in these sessions; none are all.
    pub talkers: Vec<Talker>,
    /// Only messages that were written in this time.
    pub during: Range<UnixSeconds>,
    /// Only messages of these types; none are all.
    pub types: Vec<MsgType>,
    /// Only messages that the archive's owner has sent.
    pub mine: bool,
    /// Which messages come first.
    pub order: Order,
    /// How many messages to find at most.
    pub limit: usize,
    /// Goes on where an earlier search with the same words, filters and order has stopped.
    pub after: Option<Continuation>,
    /// How many messages before and after each to read too.
    pub context: usize,
}

impl Search {
    /// A search for words in all messages: the newest twenty.
    pub fn new(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            talkers: Vec::new(),
            during: UnixSeconds(0)..UnixSeconds(u64::MAX),
            types: Vec::new(),
            mine: false,
            order: Order::default(),
            limit: 20,
            after: None,
            context: 0,
        }
    }
}

/// Which messages a search shows first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Order {
    /// The newest.
    #[default]
    Newest,
    /// Those that the words matter most in (bm25), among the newest 10,000 that have them.
    Relevance,
}

/// Where a search goes on. It can be stored as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Continuation(pub(super) i64);

impl fmt::Display for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Continuation {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}
