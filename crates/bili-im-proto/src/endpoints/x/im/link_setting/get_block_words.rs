//! The block words of the account: `GET /x/im/link_setting/get_block_words`.

use crate::{endpoint::prelude::*, time::UnixSeconds};

/// Lists the account's block words (docs/protocol.md §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GetBlockWords;

wire! {
    /// The block words, and how many there may be. `None` is a limit that the answer lacks.
    pub struct BlockWords {
        /// The words.
        pub words: Vec<BlockWord>,
        /// The most characters of one word.
        pub max_word_length: Option<u32>,
        /// The most words.
        pub max_words_size: Option<u32>,
    }
}

wire! {
    /// A block word.
    pub struct BlockWord {
        /// The word.
        pub content: String,
        /// When it was added.
        pub ctime: Option<UnixSeconds>,
    }
}

impl Endpoint for GetBlockWords {
    type Response = BlockWords;

    const SPEC: Spec = Spec::get(Host::Im, "/x/im/link_setting/get_block_words");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<BlockWords, Error> {
        answer.data()
    }
}
