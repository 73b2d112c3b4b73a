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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn words_come_with_their_time_and_no_word_is_null() {
        let body = r#"{"code":0,"data":{"words":[{"content":"广告","ctime":1746422088},{"content":7},null],"message":"","max_word_length":20,"max_words_size":"200"}}"#;
        let words = decode::<GetBlockWords>(200, body).unwrap();
        let read: Vec<_> = (words.words.iter())
            .map(|word| (&*word.content, word.ctime))
            .collect();
        assert_eq!(
            read,
            [("广告", Some(UnixSeconds(1_746_422_088))), ("7", None)]
        );
        assert_eq!(words.max_words_size, Some(200));
        for data in ["null", r#"{"words":null}"#] {
            let none = decode::<GetBlockWords>(200, &format!(r#"{{"code":0,"data":{data}}}"#));
            assert_eq!(none, Ok(BlockWords::default()));
        }
    }
}
