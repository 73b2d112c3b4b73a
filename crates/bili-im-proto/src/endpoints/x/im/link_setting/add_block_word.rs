//! Add a block word: `POST /x/im/link_setting/add_block_word`.

use crate::{endpoint::prelude::*, error::InvalidArgument};

/// The word is there already.
const DUPLICATE: i64 = 1_900_006;

request! {
    /// Adds a block word (docs/protocol.md §10). A word that is there already counts as added. The
    /// service refuses a word with spaces, a word over 20 characters, and more than 200 words.
    pub struct AddBlockWord {
        /// The word.
        pub content: String,
    }
}

impl Endpoint for AddBlockWord {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/x/im/link_setting/add_block_word");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_word(&self.content)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::new().with("content", &self.content)))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        match answer.success() {
            // So that the word may be sent again after a lost answer.
            Err(Error::Refused(refusal)) if refusal.code == Some(DUPLICATE) => Ok(()),
            outcome => outcome,
        }
    }
}

/// Refuses an empty word.
pub(super) fn check_word(word: &str) -> Result<(), InvalidArgument> {
    if word.is_empty() {
        Err(InvalidArgument::EmptyWord)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_word_is_sent_as_it_is_and_an_empty_one_is_not() {
        assert_eq!(form(&AddBlockWord::new("a b&")), "content=a%20b%26");
        let empty = AddBlockWord::new("").request(&context());
        assert_eq!(empty.unwrap_err(), InvalidArgument::EmptyWord.into());
    }

    #[test]
    fn a_word_that_is_there_already_counts_as_added() {
        for (code, is_added) in [(0, true), (1_900_006, true), (1_900_007, false)] {
            let body = format!(r#"{{"code":{code},"message":"m"}}"#);
            assert_eq!(
                decode::<AddBlockWord>(200, &body).is_ok(),
                is_added,
                "{code}"
            );
        }
    }
}
